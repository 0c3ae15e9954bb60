"""The memory of a booted machine: zones as x86-64 lays them out, blocks as sysfs shows them.

Restates find_zone_movable_pfns_for_nodes() and zone_spanned_pages_in_node() of mm/page_alloc.c,
and probe_memory_block_size() of arch/x86/mm/init_64.c.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from zonediff.engine.machine import Machine
from zonediff.engine.memory import EARLY, MIXED, NODE_ONLINE, ONLINE, PINNED, PRESENT, Memory
from zonediff.engine.units import GIB, PAGE, SECTION_PAGES, parse_size
from zonediff.engine.zones import EMPTY, ZONES, OnlineType, Span, Zone

MAX_ORDER_PAGES: Final = 1024
"""Pages in the largest buddy block (4 MiB); ZONE_MOVABLE starts at a multiple of it."""

DMA_END: Final = 4096
"""First page above 16 MiB."""

DMA32_END: Final = 4 * GIB // PAGE
"""First page above 4 GiB."""

ACPI_TABLE_PAGES: Final = 32
"""Pages at the top of low memory that QEMU's firmware keeps for ACPI tables."""

LOW_HOLE: Final = Span(159, 256)
"""Pages below 1 MiB that are not RAM: video memory and BIOS."""

LARGE_BLOCKS_FROM: Final = 64 * GIB
"""Machines whose boot memory ends here or above have memory blocks of 2 GiB."""

ARCH_RANGES: Final = (Span(1, DMA_END), Span(DMA_END, DMA32_END), Span(DMA32_END, 1 << 40))
"""Pages that DMA, DMA32 and Normal may hold."""


class Ram(NamedTuple):
    """A range of boot memory pages on a node."""

    node: int
    pages: Span


def block_pages(machine: Machine, *, blocks_align_to_memory: bool) -> int:
    """Pages in a memory block: 128 MiB, or 2 GiB when boot memory ends at 64 GiB or above.

    blocks_align_to_memory: they then have the largest size up to 2 GiB that divides the end of boot
    memory instead.
    """
    end = max(end for _, _, end in machine.boot_ranges)
    if end < LARGE_BLOCKS_FROM:
        return SECTION_PAGES
    size = 16 * SECTION_PAGES
    while blocks_align_to_memory and end // PAGE % size:
        size //= 2
    return size


def usable_ram(machine: Machine) -> list[Ram]:
    """Boot memory without page 0, the hole below 1 MiB and the pages that hold ACPI tables."""
    # Ranges that the machine gives are those that the kernel may use.
    low_end = machine.low_ram // PAGE - ACPI_TABLE_PAGES
    usable = []
    for node, start, end in machine.boot_ranges:
        first, stop = -(-start // PAGE), end // PAGE
        if first < DMA32_END and not machine.memory:
            stop = min(stop, low_end)
        for low, high in (
            (max(first, 1), min(stop, LOW_HOLE.start)),
            (max(first, LOW_HOLE.end), stop),
        ):
            if low < high:
                usable.append(Ram(node, Span(low, high)))
    return usable


def movable_starts(machine: Machine, ram: list[Ram], *, percent: bool = False) -> dict[int, int]:
    """First page of ZONE_MOVABLE on each node that gets one from kernelcore= or movablecore=.

    The kernel memory asked for is spread evenly over the nodes that have memory; what a small
    node cannot take goes to the others (find_zone_movable_pfns_for_nodes). With movable_node
    both are ignored: boot memory that can be unplugged is movable, and this machine has none.

    percent: whether they can be a share of all memory, as in `50%` (4.17 and later).
    """
    if machine.has_parameter("movable_node") and machine.config.MOVABLE_NODE:
        return {}
    needed = _kernel_pages(machine, ram, percent=percent)
    starts = _spread_kernel_pages(needed, ram) if needed else {}
    return {node: -(-start // MAX_ORDER_PAGES) * MAX_ORDER_PAGES for node, start in starts.items()}


def _kernel_pages(machine: Machine, ram: list[Ram], *, percent: bool) -> int:
    """Pages that parameters reserve as kernel memory; 0 for none, or for all memory."""
    total = sum(item.pages.end - item.pages.start for item in ram)
    needed = _pages(machine, "kernelcore", total if percent else None)
    movable = _pages(machine, "movablecore", total if percent else None)
    if movable:
        movable = min(total, -(-movable // MAX_ORDER_PAGES) * MAX_ORDER_PAGES)
        needed = max(needed, total - movable)
    return needed if needed < total else 0


def _spread_kernel_pages(needed: int, ram: list[Ram]) -> dict[int, int]:
    """The page at which kernel memory of this size ends on each node, before alignment."""
    highest = max(item.pages.end for item in ram)
    usable_start = DMA32_END if highest > DMA32_END else DMA_END if highest > DMA_END else 1
    nodes = sorted({item.node for item in ram})
    starts: dict[int, int] = {}
    usable_nodes = len(nodes)
    while True:
        per_node = needed // usable_nodes
        for node in nodes:
            if needed < per_node:
                per_node = needed // usable_nodes
            remaining = per_node
            for item in ram:
                if item.node != node:
                    continue
                start, end = max(item.pages.start, starts.get(node, 0)), item.pages.end
                if start >= end:
                    continue
                if start < usable_start:
                    kernel = min(end, usable_start) - start
                    remaining -= min(kernel, remaining)
                    needed -= min(kernel, needed)
                    if end <= usable_start:
                        starts[node] = end
                        continue
                    start = usable_start
                size = min(end - start, remaining)
                starts[node] = start + size
                needed -= min(needed, size)
                remaining -= size
                if not remaining:
                    break
        usable_nodes -= 1
        if not usable_nodes or needed <= usable_nodes:
            return starts


def zone_spans(machine: Machine, *, percent: bool = False) -> dict[tuple[int, Zone], Span]:
    """The span of each zone after boot, by (node, zone); empty zones are left out."""
    ram = usable_ram(machine)
    movable = movable_starts(machine, ram, percent=percent)
    spans = {}
    for node in range(len(machine.nodes)):
        own = [item.pages for item in ram if item.node == node]
        if not own:
            continue
        # A node spans whole ranges, without the ACPI tables at the top of low memory.
        whole = Span(min(pages.start for pages in own), max(pages.end for pages in own))
        cut = movable.get(node)
        for zone in ZONES[:3]:
            span = _overlap(ARCH_RANGES[zone], whole)
            if cut is not None:
                span = _overlap(span, Span(0, cut))
            if span:
                spans[node, zone] = span
        if cut is not None and cut < whole.end:
            spans[node, Zone.MOVABLE] = Span(cut, whole.end)
    return spans


def boot_memory(
    machine: Machine,
    *,
    links_missing_pages: bool = False,
    percent: bool = False,
    blocks_align_to_memory: bool = False,
) -> Memory:
    """The memory when user space starts, before the kernel looked at any DIMM.

    links_missing_pages: pages that are missing at the end of a block belong to its zone.
    percent: kernelcore= and movablecore= can be a share of all memory.
    blocks_align_to_memory: large blocks divide the end of boot memory.
    The top block of boot memory is pinned: the memmap and early allocations sit there.
    """
    return _booted(machine, links_missing_pages, percent, blocks_align_to_memory).copy()


@lru_cache(maxsize=64)
def _booted(
    machine: Machine, links_missing_pages: bool, percent: bool, blocks_align_to_memory: bool
) -> Memory:
    """The same memory, cached and not to be changed: most scenarios boot one of a few machines."""
    memory = Memory(
        len(machine.nodes), block_pages(machine, blocks_align_to_memory=blocks_align_to_memory)
    )
    spans = zone_spans(machine, percent=percent)
    for (node, zone), span in spans.items():
        memory.grow(node, zone, span)
    tails: dict[int, int] = {}
    held: dict[int, int] = {}
    nodes: dict[int, set[int]] = {}
    last = -1
    for pages, node, zone in _pieces(machine, spans):
        link = 1 + 4 * node + zone
        memory.present[link - 1] += pages.end - pages.start
        first, stop = pages.start // memory.block_pages, -(-pages.end // memory.block_pages)
        for block in {first, stop - 1}:
            part = _overlap(memory.pages(block), pages)
            held[block] = held.get(block, 0) + part.end - part.start
            nodes.setdefault(block, set()).add(node)
        if first == last:
            tails[first] = link
            if memory.link[first] != link:
                memory.status[first] |= MIXED
            first += 1
        if first < stop:
            memory.add(first, stop - first, node, zone)
            memory.status[first:stop] = bytes([PRESENT | ONLINE | EARLY]) * (stop - first)
            memory.online_type[first:stop] = bytes([OnlineType.NONE]) * (stop - first)
        last = stop - 1
        if pages.end % memory.block_pages:
            # Missing pages are linked, too, where the zone's span covers them.
            tails[last] = link if spans[node, zone].end > pages.end else 0
    memory.early = memory.present[:]
    memory.ragged = {block: count for block, count in held.items() if count < memory.block_pages}
    memory.seams = _seams(nodes)
    memory.tails = {
        block: link
        for block, link in tails.items()
        if link != memory.link[block] and (link or not links_missing_pages)
    }
    memory.status[last] |= PINNED
    _set_node_states(memory, machine)
    return memory


def _pieces(
    machine: Machine, spans: Mapping[tuple[int, Zone], Span]
) -> list[tuple[Span, int, Zone]]:
    """Boot memory in pieces of one node and one zone, ascending: (pages, node, zone)."""
    ram = usable_ram(machine)
    return sorted(
        (overlap, node, zone)
        for (node, zone), span in spans.items()
        for item in ram
        if item.node == node and (overlap := _overlap(span, item.pages))
    )


def _seams(nodes: Mapping[int, set[int]]) -> dict[int, tuple[int, ...]]:
    """The nodes, ascending, of each block that has pages of several. nodes: of each block."""
    return {block: tuple(sorted(of)) for block, of in nodes.items() if len(of) > 1}


def _set_node_states(memory: Memory, machine: Machine) -> None:
    """Set the nodes that have memory, and node 0, online."""
    with_ram = {node for node, _, _ in machine.boot_ranges}
    for node in range(len(machine.nodes)):
        if node in machine.cpu_nodes or node in with_ram:
            memory.node_states[node] = NODE_ONLINE
        memory.node_states[node] |= memory.memory_states(node)


def _pages(machine: Machine, parameter: str, total: int | None) -> int:
    """The pages that a parameter asks for; it may give per cent of `total` if that is given."""
    value = machine.parameter(parameter)
    if total is not None and (share := re.fullmatch("([0-9]+)%", value or "")):
        return total * int(share[1]) // 100
    try:
        return 0 if value is None else parse_size(value) // PAGE
    except ValueError:
        return 0


def _overlap(span: Span, other: Span) -> Span:
    """The pages that two spans share."""
    start, end = max(span.start, other.start), min(span.end, other.end)
    return Span(start, end) if start < end else EMPTY
