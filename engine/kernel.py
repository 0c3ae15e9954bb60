"""A running kernel's memory hotplug: what it does in which order, asking its policy on the way.

Every method that a step leads to returns None for success or the errno's name, and notes the
reasons and uevents of what it did in `because` and `uevents`, which its caller collects.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeVar

from zonediff.engine.boot import boot_memory
from zonediff.engine.deprecated import DeprecatedMemory
from zonediff.engine.devices import Device, Source
from zonediff.engine.errors import ZonediffError
from zonediff.engine.machine import Machine, strtobool
from zonediff.engine.memory import (
    EARLY,
    MIXED,
    NODE_ONLINE,
    OFFLINE_FLAG,
    ONLINE,
    OWN_MEMMAP,
    PINNED,
    OnlineType,
    Span,
    Zone,
)
from zonediff.engine.policy import Policy, Shrink
from zonediff.engine.pressure import Process, boot_free_kib, reserve_kib
from zonediff.engine.rules import (
    MEMORY_C,
    MEMORY_HOTPLUG_C,
    SCAN_C,
    Because,
    Decision,
    Rule,
)
from zonediff.engine.trace import End
from zonediff.engine.units import GIB, KIB, PAGE, SECTION

T = TypeVar("T")

CPU_NODE: Final = 0
"""The node with the CPUs; it stays online when its memory is gone."""

ALREADY: Final = "already"
"""What device_online() and device_offline() say when there is nothing to do (the kernel's 1)."""

RESOURCE_CONFLICT: Final = Rule(
    "register_memory_resource",
    "register_memory_resource",
    "{start:#x}..{end:#x} overlaps memory or a device that is already there -> EEXIST",
    MEMORY_HOTPLUG_C,
)
UNALIGNED: Final = Rule(
    "check_hotplug_memory_range",
    "check_hotplug_memory_range",
    "{start:#x}+{size:#x} is not whole {units} of {unit} MiB -> EINVAL",
    MEMORY_HOTPLUG_C,
)
MEMMAP_COST: Final = Rule(
    "sparse_mem_map_populate",
    "sparse_mem_map_populate",
    "{blocks} new blocks cost {kib} KiB for their memmap, taken from kernel memory that is "
    "online: {left} KiB are left free",
    "mm/sparse-vmemmap.c",
)
MEMMAP_INSIDE: Final = Rule(
    "mhp_supports_memmap_on_memory",
    "mhp_supports_memmap_on_memory",
    "{blocks} new block holds its own memmap: no memory that is online is taken",
    MEMORY_HOTPLUG_C,
)
OUT_OF_MEMORY: Final = Rule(
    "out_of_memory",
    "out_of_memory",
    "{blocks} new blocks need {kib} KiB for their memmap; {free} KiB are free in kernel zones, of "
    "which {reserve} are kept back, and no process is left to kill: panic",
    "mm/oom_kill.c",
)
KILLED: Final = Rule(
    "oom_kill_process",
    "oom_kill_process",
    "with {rss} KiB resident, process {process} has the highest badness ({badness}): it is killed "
    "and {free} KiB are free in kernel zones",
    "mm/oom_kill.c",
)
ALLOCATED: Final = Rule(
    "__alloc_pages_nodemask.user",
    "__alloc_pages_nodemask",
    "process {process} holds {rss} KiB, {movable} of them in zone Movable: {left} KiB are left "
    "free in kernel zones",
    "mm/page_alloc.c",
)
NO_MEMORY_LEFT: Final = Rule(
    "out_of_memory.user",
    "out_of_memory",
    "process {process} needs {kib} KiB more; {free} KiB are free in kernel zones, of which "
    "{reserve} are kept back, and no process is left to kill: panic",
    "mm/oom_kill.c",
)
FLAG_ONLY: Final = Rule(
    "memory_subsys_online.already",
    "memory_subsys_online",
    "block {block} is online already (the kernel onlined it without telling the driver core): "
    "only dev->offline is cleared, zone {zone} stays",
    MEMORY_C,
)
NOT_SPANNED: Final = Rule(
    "move_pfn_range",
    "move_pfn_range",
    "block {block} is at an edge of zone {zone}, whose span has been turned inside out and does "
    "not hold it -> EINVAL",
    MEMORY_HOTPLUG_C,
)
TWO_ZONES: Final = Rule(
    "test_pages_in_a_zone",
    "test_pages_in_a_zone",
    "block {block} holds pages of more than one zone -> EINVAL",
    MEMORY_HOTPLUG_C,
)
UNMOVABLE: Final = Rule(
    "has_unmovable_pages",
    "has_unmovable_pages",
    "block {block} in zone {zone} holds pages that cannot be migrated -> EBUSY",
    "mm/page_alloc.c",
)
OFFLINED: Final = Rule(
    "__offline_pages",
    "__offline_pages",
    "block {block} leaves zone {zone}'s count; the zone's span and the pages' link to it stay",
    MEMORY_HOTPLUG_C,
)
OFFLINED_SHRINKS: Final = Rule(
    "remove_pfn_range_from_zone",
    "remove_pfn_range_from_zone",
    "block {block} leaves zone {zone}, whose span shrinks to its online blocks",
    MEMORY_HOTPLUG_C,
)
HAS_HOLES: Final = Rule(
    "offline_pages.holes",
    "offline_pages",
    "pages of block {block} are missing: a block with holes is not offlined -> EINVAL",
    MEMORY_HOTPLUG_C,
)
WALK_STOPS: Final = Rule(
    "walk_memory_range",
    "walk_memory_range",
    "block {block} could not be onlined: the walk stops there and the error is dropped",
    MEMORY_HOTPLUG_C,
)
NOT_DRAINED: Final = Rule(
    "drain_all_pages.in-worker",
    "drain_all_pages",
    "block {block} is the last one online in zone {zone} of node {node}: pages that this eject "
    "moved there wait on per-cpu lists, which are not drained in a workqueue worker -> EBUSY",
    "mm/page_alloc.c",
)
EJECT_GIVEN_UP: Final = Rule(
    "acpi_scan_try_to_offline",
    "acpi_scan_try_to_offline",
    "block {block} could not be offlined ({result}): the eject is given up and blocks that it "
    "offlined go online again",
    SCAN_C,
)
REMOVED_ONLINE: Final = Rule(
    "check_memblock_offlined_cb",
    "remove_memory",
    "block {block} counts as offline for the driver core but is online: BUG()",
    MEMORY_HOTPLUG_C,
)
REMOVED: Final = Rule(
    "__remove_pages",
    "__remove_pages",
    "blocks {first}..{last} leave; zone {zone}'s span is now [{start}, {end})",
    MEMORY_HOTPLUG_C,
)
NODE_OFFLINE: Final = Rule(
    "try_offline_node",
    "try_offline_node",
    "node {node} has no memory and no CPU left and goes offline",
    MEMORY_HOTPLUG_C,
)


class KernelDied(Exception):
    """Control flow: the kernel hit BUG(), panicked or hung; `how` says which.

    The run catches it, and the trace ends there.
    """

    def __init__(self, how: End) -> None:
        super().__init__(how)
        self.how = how


class NotModelled(ZonediffError):
    """The scenario leads where the engine has no rules; the message says where that is."""


class Kernel:
    """One booted kernel: its memory, its knob, and the policy that it follows.

    devices: the memory devices that are plugged in, by id.
    free_kib: KiB free in kernel zones, as far as memory hotplug and processes change it.
    processes: what can be killed when memory is short, by name.
    pending: blocks with an `add` event that user space has not handled yet, in event order.
    ejects_drain: whether ejects drain the pages on per-cpu lists; where the policy says that they
        do not, it can still happen by chance, so this is an input.
    """

    def __init__(self, machine: Machine, policy: Policy) -> None:
        self.machine = machine
        self.policy = policy
        self.tables = boot_memory(
            machine,
            links_missing_pages=policy.links_missing_pages,
            percent=policy.percent_of_memory,
            blocks_align_to_memory=policy.blocks_align_to_memory,
        )
        self.knob = policy.knob_at_boot(machine)
        self.devices: dict[str, Device] = {}
        self.free_kib = boot_free_kib(machine, self.tables, policy.boot_overhead_kib)
        self.because: list[Because] = []
        self.uevents: list[tuple[str, int | range]] = []
        self.killed: list[str] = []
        self.processes: dict[str, Process] = {}
        self.pending: list[int] = []
        self.ejects_drain = policy.ejects_drain

    def copy(self) -> Kernel:
        """An independent copy of the state; accounts of what was done are not copied."""
        twin = Kernel.__new__(Kernel)
        twin.machine, twin.policy = self.machine, self.policy
        twin.tables = self.tables.copy()
        twin.knob = self.knob
        twin.devices = dict(self.devices)
        twin.free_kib = self.free_kib
        twin.because, twin.uevents, twin.killed = [], [], []
        twin.processes = dict(self.processes)
        twin.pending = self.pending[:]
        twin.ejects_drain = self.ejects_drain
        return twin

    def key(self) -> tuple[object, ...]:
        """A hashable value that is equal for equal states."""
        devices = tuple(sorted(self.devices.items()))
        return (*self.tables.key(), self.knob, devices, tuple(self.pending))

    def sight(self) -> tuple[object, ...]:
        """A value that is equal while there is nothing new to see."""
        return (*self.tables.key(), self.knob, tuple(self.devices))

    # --- what its policy may read (KernelState)

    @property
    def memory(self) -> DeprecatedMemory:
        """What policies read before there was KernelState."""
        return DeprecatedMemory(self, self.tables)

    @property
    def block_pages(self) -> int:
        return self.tables.block_pages

    @property
    def nodes(self) -> int:
        return self.tables.nodes

    def switch(self, parameter: str, *, default: bool) -> bool:
        answer = default
        for name, text in self.machine.parameters:
            if name == parameter:
                # A bare word is a yes; what is neither yes nor no is ignored.
                value = True if text is None else strtobool(text, self.policy.switch_letters)
                answer = answer if value is None else value
        return answer

    def has(self, block: int) -> bool:
        return self.tables.has(block)

    def is_online(self, block: int) -> bool:
        return self.tables.is_online(block)

    def node(self, block: int) -> int:
        return self.tables.node(block)

    def zone(self, block: int) -> Zone:
        return self.tables.zone(block)

    def pages(self, block: int, count: int = 1) -> Span:
        return self.tables.pages(block, count)

    def span(self, node: int, zone: Zone) -> Span:
        return self.tables.span(node, zone)

    def was_used(self, node: int, zone: Zone) -> bool:
        return self.tables.was_used(node, zone)

    def present_pages(self, node: int, *zones: Zone) -> int:
        return self.tables.present_pages(node, *zones)

    def early_pages(self, node: int) -> int:
        return self.tables.early_pages(node)

    def node_is(self, node: int, state: int) -> bool:
        return self.tables.node_is(node, state)

    # --- accounts of what was done

    def explain(self, why: Because) -> None:
        """Note a reason for what is being done."""
        self.because.append(why)

    # --- adding (add_memory and add_memory_resource, mm/memory_hotplug.c)

    def add_memory(self, node: int, start: int, size: int, source: Source) -> str | None:
        """Add a range (bytes): check it, create its blocks ascending, online them if so decided."""
        if not self._resource_is_free(start, size):
            self.explain(RESOURCE_CONFLICT.because(start=start, end=start + size))
            return "EEXIST"
        memory = self.tables
        block_size = memory.block_pages * PAGE
        whole_blocks = self.policy.adds_whole_blocks
        unit = block_size if whole_blocks else SECTION
        if size <= 0 or start % unit or size % unit:
            units = "memory blocks" if whole_blocks else "sections"
            self.explain(UNALIGNED.because(start=start, size=size, units=units, unit=unit >> 20))
            return "EINVAL"
        if start % block_size or size % block_size:
            raise NotModelled(
                f"part of a {block_size >> 20} MiB memory block: this machine's blocks are that "
                "large because its boot memory ends at 64 GiB or above"
            )
        first, count = start // block_size, size // block_size
        new_node = not memory.node_is(node, NODE_ONLINE)
        if new_node:
            memory.reset_node(node)
        self._take_memmap(count)
        zone = self._decide(self.policy.zone_of_new_memory(self, node, first, source))
        # Links of pages that are in no zone are all zero bits, which read as the first zone.
        memory.add(first, count, node, Zone.DMA if zone is None else zone)
        if self.policy.hosts_memmap(self, count):
            memory.status[first] |= OWN_MEMMAP
        if zone is not None:
            memory.grow(node, zone, memory.pages(first, count))
        self.uevents.append(("add", range(first, first + count)))
        self.pending.extend(range(first, first + count))
        if new_node:
            memory.node_states[node] |= NODE_ONLINE
            self.uevents.append(("add node", node))
        online_type = self._decide(self.policy.kernel_onlines(self, source))
        if online_type is not None:
            self._auto_online(range(first, first + count), online_type)
        return None

    def _take_memmap(self, blocks: int) -> None:
        if self.policy.hosts_memmap(self, blocks):
            self.explain(MEMMAP_INSIDE.because(blocks=blocks))
            return
        kib = self.policy.memmap_kib(self, blocks)
        reserve = reserve_kib(self.machine)
        while kib and self.free_kib - kib < reserve:
            self._kill_or_panic(
                OUT_OF_MEMORY.because(blocks=blocks, kib=kib, free=self.free_kib, reserve=reserve)
            )
        self.free_kib -= kib
        self.explain(MEMMAP_COST.because(blocks=blocks, kib=kib, left=self.free_kib))

    def _count_free(self, block: int, sign: int) -> None:
        """Count a block's memory as free for the kernel, or not, if it is of a kernel zone."""
        if self.tables.zone(block) is not Zone.MOVABLE:
            size = self.tables.block_pages * PAGE // KIB
            if self.tables.status[block] & OWN_MEMMAP:
                size -= self.policy.memmap_kib(self, 1)
            self.free_kib += sign * size

    # --- processes (mm/page_alloc.c, mm/oom_kill.c)

    def allocate(self, name: str, kib: int, oom_score_adj: int) -> str | None:
        """Give a process so many KiB more, from Movable first; SIGKILL when it is killed for it.

        Other processes may be killed too. Raises KernelDied when that is not enough.
        """
        reserve = reserve_kib(self.machine)
        process = self.processes.get(name, Process())
        self.processes[name] = replace(process, oom_score_adj=oom_score_adj)
        while kib:
            process = self.processes[name]
            movable = min(kib, self._movable_free_kib())
            normal = min(kib - movable, max(0, self.free_kib - reserve))
            self.processes[name] = replace(
                process,
                kernel_kib=process.kernel_kib + normal,
                movable_kib=process.movable_kib + movable,
            )
            self.free_kib -= normal
            kib -= normal + movable
            if kib:
                self._kill_or_panic(
                    NO_MEMORY_LEFT.because(
                        process=name, kib=kib, free=self.free_kib, reserve=reserve
                    )
                )
            if name not in self.processes:
                return "SIGKILL"
        process = self.processes[name]
        self.explain(
            ALLOCATED.because(
                process=name, rss=process.rss_kib, movable=process.movable_kib, left=self.free_kib
            )
        )
        return None

    def _kill_or_panic(self, why: Because) -> None:
        """Kill the process with the highest badness, or die for lack of one (out_of_memory)."""
        total = sum(self.tables.present) * PAGE // KIB
        badness = {name: process.badness(total) for name, process in self.processes.items()}
        victim = max(badness, key=lambda name: badness[name], default="")
        if not badness.get(victim):
            self.explain(why)
            raise KernelDied("panic")
        process = self.processes.pop(victim)
        self.free_kib += process.kernel_kib
        self.killed.append(victim)
        self.explain(
            KILLED.because(
                process=victim, rss=process.rss_kib, badness=badness[victim], free=self.free_kib
            )
        )

    def _movable_free_kib(self) -> int:
        """KiB free in Movable zones; kernel memory never comes from there."""
        present = sum(self.tables.present[Zone.MOVABLE :: len(Zone)]) * PAGE // KIB
        used = sum(process.movable_kib for process in self.processes.values())
        return max(0, present - used)

    def _resource_is_free(self, start: int, size: int) -> bool:
        if start < 4 * GIB or start + size > 1 << self.machine.physical_bits:
            return False
        block_size = self.tables.block_pages * PAGE
        taken = self.tables.status[start // block_size : -(-(start + size) // block_size)]
        if not any(taken):
            return True
        # Boot memory above 4 GiB is one stretch from there, whose last block may be longer.
        end_of_ram = max(end for _, _, end in self.machine.boot_ranges)
        return start >= end_of_ram and not any(status and not status & EARLY for status in taken)

    def _auto_online(self, blocks: range, online_type: OnlineType) -> None:
        """Online new blocks from within add_memory_resource, ascending, until one fails."""
        for block in blocks:
            if self.policy.auto_online_tells_driver_core:
                self.tables.online_type[block] = online_type
                failed = self.device_online(block)
            else:
                failed = self._online_pages(block, online_type)
            if failed is not None:
                self.explain(WALK_STOPS.because(block=block))
                return

    # --- onlining and offlining (drivers/base/core.c, drivers/base/memory.c)

    def device_online(self, block: int) -> str | None:
        """Online a block with its pending type; ALREADY when the driver core counts it online."""
        memory = self.tables
        status = memory.status[block]
        if not status & OFFLINE_FLAG:
            return ALREADY
        if status & ONLINE:
            self.explain(FLAG_ONLY.because(block=block, zone=memory.zone(block).label))
        else:
            pending = OnlineType(memory.online_type[block])
            failed = self._online_pages(
                block, OnlineType.KEEP if pending is OnlineType.NONE else pending
            )
            memory.online_type[block] = OnlineType.NONE
            if failed is not None:
                return failed
        memory.status[block] &= ~OFFLINE_FLAG
        self.uevents.append(("online", block))
        return None

    def device_offline(self, block: int) -> str | None:
        """Offline a block; ALREADY when the driver core counts it offline."""
        memory = self.tables
        if memory.status[block] & OFFLINE_FLAG:
            return ALREADY
        failed = self._offline_pages(block)
        if failed is not None:
            return failed
        memory.status[block] |= OFFLINE_FLAG
        self.uevents.append(("offline", block))
        return None

    def _online_pages(self, block: int, online_type: OnlineType) -> str | None:
        zone = self._decide(self.policy.zone_to_online(self, block, online_type))
        if zone is None:
            return "EINVAL"
        memory = self.tables
        node, pages = memory.node(block), memory.pages(block)
        if self.policy.zones_chosen_when_onlined:
            memory.grow(node, zone, pages)
            memory.relink(block, zone)
        elif zone is not (current := memory.zone(block)):
            if not memory.shift(node, current, zone, pages):
                self.explain(NOT_SPANNED.because(block=block, zone=current.label))
                return "EINVAL"
            memory.relink(block, zone)
        memory.set_online(block)
        self._count_free(block, 1)
        return None

    def _offline_pages(self, block: int) -> str | None:
        memory = self.tables
        if memory.status[block] & MIXED:
            self.explain(TWO_ZONES.because(block=block))
            return "EINVAL"
        if self.policy.needs_whole_blocks and block in memory.ragged:
            self.explain(HAS_HOLES.because(block=block))
            return "EINVAL"
        refusal = self.policy.refuses_offline(self, block)
        if refusal is not None:
            self.explain(refusal)
            return "EINVAL"
        zone = memory.zone(block).label
        if memory.status[block] & PINNED:
            self.explain(UNMOVABLE.because(block=block, zone=zone))
            return "EBUSY"
        memory.set_offline(block)
        self._count_free(block, -1)
        if self.policy.spans_shrink is Shrink.OFFLINED:
            node, of = memory.node(block), memory.zone(block)
            memory.shrink(node, of, block, online_only=True, at_edges_only=True)
            self.explain(OFFLINED_SHRINKS.because(block=block, zone=zone))
        else:
            self.explain(OFFLINED.because(block=block, zone=zone))
        return None

    # --- removing (drivers/acpi/scan.c, mm/memory_hotplug.c)

    def eject(self, blocks: range) -> str | None:
        """Offline every block of a device and remove them; REFUSED when one stays online.

        Raises KernelDied when it removes blocks that are still online.
        """
        offlined: set[int] = set()
        failed: tuple[int, str] | None = None
        for block in blocks:
            result = self._offline_to_eject(block, offlined)
            if result is None:
                offlined.add(block)
            elif result is not ALREADY:
                failed = failed or (block, result)
        if failed is not None:
            failed = None
            for block in blocks:
                if block in offlined:
                    continue
                result = self._offline_to_eject(block, offlined)
                if result is None:
                    offlined.add(block)
                elif result is not ALREADY:
                    failed = (block, result)
                    break
        if failed is not None:
            self.explain(EJECT_GIVEN_UP.because(block=failed[0], result=failed[1]))
            for block in sorted(offlined):
                self.device_online(block)
            return "REFUSED"
        self._remove(blocks)
        return None

    def _offline_to_eject(self, block: int, offlined: set[int]) -> str | None:
        """device_offline() from the worker that ejects, which has offlined these blocks before."""
        memory = self.tables
        if not self.ejects_drain and memory.is_online(block):
            node, zone = memory.node(block), memory.zone(block)
            if (
                zone is Zone.MOVABLE
                and memory.present_pages(node, zone) == memory.block_pages
                and any(memory.zone(other) is zone for other in offlined)
            ):
                self.explain(NOT_DRAINED.because(block=block, zone=zone.label, node=node))
                return "EBUSY"
        return self.device_offline(block)

    def _remove(self, blocks: range) -> None:
        memory = self.tables
        for block in blocks:
            if memory.is_online(block):
                self.explain(REMOVED_ONLINE.because(block=block))
                raise KernelDied("BUG")
        node, zone = memory.node(blocks[0]), memory.zone(blocks[0])
        shrink = self.policy.spans_shrink
        own_memmap = memory.status[blocks[0]] & OWN_MEMMAP
        for block in blocks:
            if shrink is not Shrink.OFFLINED:
                memory.shrink(node, zone, block, online_only=shrink is Shrink.REMOVED_TO_ONLINE)
            if shrink is Shrink.REMOVED:
                memory.shrink_node(node, block)
            else:
                memory.fit_node(node)
            memory.remove(block)
        self.uevents.append(("remove", blocks))
        self.pending = [block for block in self.pending if block not in blocks]
        if not own_memmap:
            self.free_kib += self.policy.memmap_kib(self, len(blocks))
        span = memory.span(node, zone)
        self.explain(
            REMOVED.because(
                first=blocks[0], last=blocks[-1], zone=zone.label, start=span.start, end=span.end
            )
        )
        leaves = node != CPU_NODE and memory.node_is(node, NODE_ONLINE)
        if leaves and self._node_looks_empty(node):
            memory.node_states[node] &= ~NODE_ONLINE
            self.uevents.append(("remove node", node))
            self.explain(NODE_OFFLINE.because(node=node))

    def _node_looks_empty(self, node: int) -> bool:
        """Whether try_offline_node() finds no block of the node.

        It looks within the node's span; where zones are chosen when blocks go online, that span
        does not cover blocks that never did. Newer kernels look at all blocks.
        """
        span = self.tables.node_spans[node]
        if self.policy.spans_shrink is Shrink.OFFLINED:
            return not span and not self.tables.has_blocks(node)
        return not self.tables.has_blocks(node, span)

    def _decide(self, decision: Decision[T]) -> T:
        self.explain(decision.why)
        return decision.value
