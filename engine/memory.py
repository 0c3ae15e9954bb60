"""The tables of a machine's memory: blocks, zones and their spans, nodes. No decisions.

Columns are byte arrays indexed by memory block number, so bulk operations are slice assignments
and searches are byte searches. Spans and counts are kept per (node, zone), in pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Final

from zonediff.engine.units import SECTION_PAGES
from zonediff.engine.zones import EMPTY, KERNEL_ZONES, ZONES
from zonediff.engine.zones import OnlineType as OnlineType  # for variant files, like the next two
from zonediff.engine.zones import Span as Span
from zonediff.engine.zones import Zone as Zone

# Bits of a block's status.
PRESENT: Final = 1
ONLINE: Final = 2
OFFLINE_FLAG: Final = 4
"""The driver core's dev->offline: 1 for a block that user space onlines, wrong after 4.10's
auto-online, which changes the state behind the driver core's back."""
PINNED: Final = 8
"""The block holds pages that cannot be migrated; steps set it, the engine never derives it."""
OWN_MEMMAP: Final = 32
"""The block's memmap is in the block itself (memmap_on_memory, 5.12 and later)."""
EARLY: Final = 64
"""The block is boot memory (early_section)."""
MIXED: Final = 16
"""A boot block with pages of two zones or two nodes; it can never be offlined."""


UNSIGNED_LONG: Final = 1 << 64
"""Page counts are unsigned: a count that falls below zero is huge."""


# Bits of a node's state.
NODE_ONLINE: Final = 1
"""The node has a pgdat and is in sysfs (N_ONLINE)."""
HAS_MEMORY: Final = 2
"""A page of the node was present when memory last went online or offline (N_MEMORY)."""
HAS_NORMAL_MEMORY: Final = 4
"""The same for zones up to Normal (N_NORMAL_MEMORY)."""


class Memory:
    """All memory of a machine, as its kernel counts it.

    status: PRESENT, ONLINE, ... bits of each block.
    link: 1 + 4 * node + zone that the block's pages are linked to; 0 where there is no block.
    online_type: each block's pending OnlineType; KEEP where there is no block, and for a new one.
    spans, present, initialised: by 4 * node + zone; present in pages.
    early: the part of `present` that is boot memory, in pages (present_early_pages).
    node_spans: the span of each node's pgdat.
    tails: link of a boot block's *last* page where that differs from its first (0: no zone).
    ragged: the number of pages of each boot block that lacks some.
    seams: the nodes, ascending, of each boot block that has pages of several.
    partial: the numbers of the sections that are there, of each added block that lacks some.
    reserved: the number of pages that the host did not give, of each added block that lacks some.
    node_states: NODE_ONLINE, HAS_MEMORY, ... bits of each node.
    block_pages: pages in a memory block.
    """

    __slots__ = (
        "block_pages",
        "early",
        "initialised",
        "link",
        "node_spans",
        "node_states",
        "online_type",
        "partial",
        "present",
        "ragged",
        "reserved",
        "seams",
        "spans",
        "status",
        "tails",
    )

    def __init__(self, nodes: int, block_pages: int = SECTION_PAGES) -> None:
        self.block_pages = block_pages
        self.status = bytearray()
        self.link = bytearray()
        self.online_type = bytearray()
        self.spans: list[Span] = [EMPTY] * (4 * nodes)
        self.node_spans: list[Span] = [EMPTY] * nodes
        self.present: list[int] = [0] * (4 * nodes)
        self.early: list[int] = []  # boot fills it
        self.initialised = bytearray(4 * nodes)
        self.node_states = bytearray(nodes)
        self.tails: Mapping[int, int] = {}
        self.ragged: Mapping[int, int] = {}
        self.seams: Mapping[int, tuple[int, ...]] = {}
        self.partial: dict[int, frozenset[int]] = {}
        self.reserved: dict[int, int] = {}

    def copy(self) -> Memory:
        """An independent copy (tails, ragged and seams are never written to and are shared)."""
        twin = Memory.__new__(Memory)
        twin.block_pages = self.block_pages
        twin.status = self.status[:]
        twin.link = self.link[:]
        twin.online_type = self.online_type[:]
        twin.spans = self.spans[:]
        twin.node_spans = self.node_spans[:]
        twin.present = self.present[:]
        twin.early = self.early[:]
        twin.initialised = self.initialised[:]
        twin.node_states = self.node_states[:]
        twin.partial = dict(self.partial)
        twin.reserved = dict(self.reserved)
        twin.tails, twin.ragged, twin.seams = self.tails, self.ragged, self.seams
        return twin

    def key(self) -> tuple[object, ...]:
        """A hashable value that is equal for equal states."""
        return (
            bytes(self.status),
            bytes(self.link),
            bytes(self.online_type),
            tuple(self.spans),
            tuple(self.node_spans),
            tuple(self.present),
            bytes(self.initialised),
            bytes(self.node_states),
            tuple(self.tails),
            tuple(self.partial.items()),
            tuple(self.reserved.items()),
        )

    # --- looking up

    @property
    def nodes(self) -> int:
        """The number of nodes that the machine can have."""
        return len(self.node_states)

    def node_is(self, node: int, state: int) -> bool:
        """Whether the node's state has this bit."""
        return bool(self.node_states[node] & state)

    def has(self, block: int) -> bool:
        """Whether the block exists in sysfs."""
        return block < len(self.status) and bool(self.status[block] & PRESENT)

    def is_online(self, block: int) -> bool:
        """Whether the block's state is online."""
        return bool(self.status[block] & ONLINE)

    def node(self, block: int) -> int:
        """The node that a present block's pages are linked to."""
        return (self.link[block] - 1) >> 2

    def zone(self, block: int) -> Zone:
        """The zone that a present block's (first) page is linked to."""
        return ZONES[(self.link[block] - 1) & 3]

    def pages(self, block: int, count: int = 1) -> Span:
        """The pages of a block, or of `count` blocks from it on."""
        return Span(block * self.block_pages, (block + count) * self.block_pages)

    def held_pages(self, block: int) -> int:
        """The pages of a block that are RAM (walk_system_ram_range)."""
        return self.ragged.get(block, self.block_pages)

    def span(self, node: int, zone: Zone) -> Span:
        """The span of a zone."""
        return self.spans[4 * node + zone]

    def present_pages(self, node: int, *zones: Zone) -> int:
        """Pages online in these zones of a node, as the kernel counts them: unsigned."""
        return sum(self.present[4 * node + zone] for zone in zones) % UNSIGNED_LONG

    def was_used(self, node: int, zone: Zone) -> bool:
        """Whether a zone ever spanned anything since boot (zone_is_initialized)."""
        return bool(self.initialised[4 * node + zone])

    def early_pages(self, node: int) -> int:
        """Pages of boot memory online in the node's kernel zones."""
        return sum(self.early[4 * node : 4 * node + Zone.MOVABLE])

    def has_blocks(self, node: int, pages: Span | None = None) -> bool:
        """Whether any block, online or not, is linked to the node (within `pages`, if given)."""
        first, stop = 0, len(self.link)
        if pages is not None:
            first, stop = pages.start // self.block_pages, -(-pages.end // self.block_pages)
        return any(self.link.find(1 + 4 * node + zone, first, stop) >= 0 for zone in ZONES)

    # --- changing

    def add(self, first: int, count: int, node: int, zone: Zone) -> None:
        """Enter `count` offline blocks whose pages are linked to (node, zone); no span changes."""
        stop = first + count
        if stop > len(self.status):
            more = bytes(stop - len(self.status))
            self.status += more
            self.link += more
            self.online_type += more
        self.status[first:stop] = bytes([PRESENT | OFFLINE_FLAG]) * count
        self.link[first:stop] = bytes([1 + 4 * node + zone]) * count

    def grow(self, node: int, zone: Zone, pages: Span) -> None:
        """Let a zone and its node span these pages too, with any hole between."""
        self.grow_zone(4 * node + zone, pages)
        self.grow_node(node, pages)

    def grow_zone(self, index: int, pages: Span) -> None:
        """Let the zone of this index (4 * node + zone) span these pages too (grow_zone_span)."""
        self.spans[index] = self.spans[index].grown(pages)
        self.initialised[index] = 1

    def grow_node(self, node: int, pages: Span) -> None:
        """Let a node span these pages too (grow_pgdat_span)."""
        self.node_spans[node] = self.node_spans[node].grown(pages)

    def shift(self, node: int, zone: Zone, target: Zone, pages: Span) -> bool:
        """Move pages at an edge of a zone's span over to another zone's span.

        The target takes the pages' edge for its own, whatever it spanned on that side before.
        False when the zone's span does not hold the pages; the target is then only marked as
        initialised (move_pfn_range_left, move_pfn_range_right; 4.10 to 4.12).
        """
        source, other = 4 * node + zone, 4 * node + target
        old, new = self.spans[source], self.spans[other] or pages
        self.initialised[other] = 1
        if not (old.start <= pages.start and pages.end <= old.end):
            return False
        if zone < target:
            remainder, new = Span(old.start, pages.start), Span(pages.start, new.end)
        else:
            remainder, new = Span(pages.end, old.end), Span(new.start, pages.end)
        self.spans[source] = remainder or EMPTY
        self.spans[other] = new or EMPTY
        return True

    def relink(self, block: int, zone: Zone) -> None:
        """Link all of a block's pages to a zone of its node."""
        self.link[block] = 1 + 4 * self.node(block) + zone
        if block in self.tails:
            self.tails = {other: link for other, link in self.tails.items() if other != block}

    def set_online(self, block: int) -> None:
        """Count the block's pages as present in its zone (node_states_check_changes_online)."""
        self.status[block] |= ONLINE
        self._count(block, self.held_pages(block))
        self.gain(self.node(block), HAS_MEMORY | self._says_of_normal(block))

    def set_offline(self, block: int) -> None:
        """Take the block's pages out of its zone's count; its content is gone."""
        self.lose(self.node(block), self._says_of_normal(block))
        self.status[block] &= ~(ONLINE | PINNED)
        self._count(block, -self.held_pages(block))

    def gain(self, node: int, states: int) -> None:
        """Let a node have these states (node_states_set_node)."""
        self.node_states[node] |= states

    def lose(self, node: int, normal: int) -> None:
        """Clear the states that a node loses when this block goes offline.

        The node loses them with the block whose pages are all that it counts. A node that came back
        with blocks online counts from zero, so this can happen before its last block is offline
        (node_states_check_changes_offline). normal: the block's bit for normal memory.
        """
        lost = 0
        if self.block_pages >= self.present_pages(node, *ZONES):
            lost = HAS_MEMORY
        if self.block_pages >= self.present_pages(node, *KERNEL_ZONES):
            lost |= normal
        self.node_states[node] &= ~lost

    def _count(self, block: int, pages: int) -> None:
        self.count(self.link[block] - 1, pages, early=bool(self.status[block] & EARLY))

    def count(self, index: int, pages: int, *, early: bool) -> None:
        """Change how many pages are present in the zone of this index (adjust_present_page_count).

        early: whether they are boot memory.
        """
        self.present[index] += pages
        if early:
            self.early[index] += pages

    def _says_of_normal(self, block: int) -> int:
        """HAS_NORMAL_MEMORY for a block of a kernel zone; other blocks do not change that state."""
        return HAS_NORMAL_MEMORY if self.zone(block) in KERNEL_ZONES else 0

    def memory_states(self, node: int) -> int:
        """The states of a node by its boot memory (check_for_memory, free_area_init_nodes)."""
        state = HAS_MEMORY if self.present_pages(node, *ZONES) else 0
        if self.present_pages(node, *KERNEL_ZONES):
            state |= HAS_NORMAL_MEMORY
        return state

    def reset_node(self, node: int) -> None:
        """Give a node new, empty zones (hotadd_new_pgdat); initialised zones stay initialised."""
        self.spans[4 * node : 4 * node + 4] = [EMPTY] * 4
        self.present[4 * node : 4 * node + 4] = [0] * 4
        self.node_spans[node] = EMPTY

    def remove(self, block: int) -> None:
        """Forget an offline block."""
        self.status[block] = 0
        self.link[block] = 0
        self.online_type[block] = 0
        self.reserved.pop(block, None)

    def shrink(
        self,
        node: int,
        zone: Zone,
        block: int,
        *,
        online_only: bool = False,
        at_edges_only: bool = False,
    ) -> None:
        """Let a zone's span give up a block at its edge (shrink_zone_span).

        The start moves up to the next block whose first page is of this zone. The end moves down to
        the last block whose last page is. A block in the middle leaves a hole. Without another
        block the span is empty. With online_only, offline blocks do not count. With at_edges_only,
        a span is not emptied from its middle (5.6 and later).
        """
        index = 4 * node + zone
        old, links = self.spans[index], (index + 1,)
        self.spans[index] = self._shrunk(old, block, links, online_only, at_edges_only)

    def shrink_node(self, node: int, block: int) -> None:
        """Let a node's span give up a block at its edge, like a zone's (shrink_pgdat_span)."""
        links = tuple(1 + 4 * node + zone for zone in ZONES)
        self.node_spans[node] = self._shrunk(self.node_spans[node], block, links)

    def fit_node(self, node: int) -> None:
        """Make a node's span the range from its first to its last zone (update_pgdat_span)."""
        zones = [span for span in self.spans[4 * node : 4 * node + 4] if span]
        self.node_spans[node] = (
            Span(min(span.start for span in zones), max(span.end for span in zones))
            if zones
            else EMPTY
        )

    def _shrunk(
        self,
        span: Span,
        block: int,
        links: tuple[int, ...],
        online_only: bool = False,
        at_edges_only: bool = False,
    ) -> Span:
        pages = self.pages(block)
        if span.start == pages.start:
            after = self._first_block(links, block + 1, span.end, online_only)
            if after is not None:
                return Span(after * self.block_pages, span.end)
        elif span.end == pages.end:
            before = self._last_block(links, span.start, block, online_only)
            if before is not None:
                return Span(span.start, (before + 1) * self.block_pages)
        elif at_edges_only:
            return span
        if not at_edges_only and self._has_other(links, span, block, online_only):
            return span
        return EMPTY

    def _first_block(
        self, links: tuple[int, ...], first: int, end_pfn: int, online_only: bool
    ) -> int | None:
        """The first block from `first` to a page whose first page has one of these links."""
        stop = -(-end_pfn // self.block_pages)
        while blocks := [
            index for link in links if (index := self.link.find(link, first, stop)) >= 0
        ]:
            first = min(blocks)
            if not online_only or self.status[first] & ONLINE:
                return first
            first += 1
        return None

    def _last_block(
        self, links: tuple[int, ...], start_pfn: int, stop: int, online_only: bool
    ) -> int | None:
        """The last block from a page to `stop` whose last page has one of these links."""
        lowest = start_pfn // self.block_pages
        while True:
            ends = [self.link.rfind(link, lowest, stop) for link in links]
            ends += [
                index for index, to in self.tails.items() if lowest <= index < stop and to in links
            ]
            last = max(ends)
            if last < 0:
                return None
            linked = self.tails.get(last, self.link[last]) in links
            if linked and (not online_only or self.status[last] & ONLINE):
                return last
            stop = last

    def _has_other(self, links: tuple[int, ...], span: Span, block: int, online_only: bool) -> bool:
        """Whether a section of the span outside `block` has a page with one of these links.

        The kernel steps through the span in sections from the span's own start; if the span starts
        inside a block, these are not the first pages of sections.
        """
        first = span.start // self.block_pages
        starts_inside = span.start % self.block_pages and self.tails.get(first) in links
        if starts_inside and (not online_only or self.is_online(first)):
            return True
        while (other := self._first_block(links, first, span.end, online_only)) is not None:
            if other != block:
                return True
            first = other + 1
        return False

    # --- whole ranges

    def runs(self, first: int, stop: int, cuts: Iterable[int] = ()) -> Iterator[tuple[int, int]]:
        """Runs [first, stop) of blocks of equal status and link, also split at `cuts`."""
        edges = sorted({first, stop, *(cut for cut in cuts if first < cut < stop)})
        for low, high in pairwise(edges):
            while low < high:
                until = low + 1
                if until < high:
                    until = _run_end(self.link, low, _run_end(self.status, low, high))
                yield low, until
                low = until


def _run_end(column: bytearray, start: int, stop: int) -> int:
    """The end of the run of equal bytes that begins at `start`; comparisons double in length."""
    step = 64
    value = column[start : start + 1]
    while start < stop:
        size = min(step, stop - start)
        if column[start : start + size] != value * size:
            if size == 1:
                return start
            step = size // 2
            stop = min(stop, start + size)
            continue
        start += size
        step = size * 2
    return stop
