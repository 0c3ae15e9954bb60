"""Adding memory: add_memory() and add_memory_resource() of mm/memory_hotplug.c."""

from __future__ import annotations

from typing import Final

from zonediff.engine.answers import checked_online_type, checked_zone
from zonediff.engine.devices import Source
from zonediff.engine.kernel import Kernel, KernelDied
from zonediff.engine.memory import EARLY, NODE_ONLINE, OWN_MEMMAP, Memory
from zonediff.engine.onlining import device_online, online_pages
from zonediff.engine.parameters import highest_address
from zonediff.engine.pressure import SECTION_EXTRA_KIB
from zonediff.engine.processes import can_kill, kill_or_panic
from zonediff.engine.rules import MEMORY_C, MEMORY_HOTPLUG_C, Rule
from zonediff.engine.units import GIB, PAGE, SECTION, SECTION_PAGES
from zonediff.engine.zones import OnlineType, Span, Zone

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
    "{blocks:new block}: the memmap takes {kib} KiB of kernel memory that is online; {left} KiB "
    "stay free",
    "mm/sparse-vmemmap.c",
)
MEMMAP_INSIDE: Final = Rule(
    "mhp_supports_memmap_on_memory",
    "mhp_supports_memmap_on_memory",
    "{blocks:new block}: the memmap is in the block itself and takes no memory that is online",
    MEMORY_HOTPLUG_C,
)
NO_MEMMAP: Final = Rule(
    "vmemmap_alloc_block",
    "vmemmap_alloc_block",
    "{blocks:new block}: the memmap needs {kib} KiB; {free} KiB are free in kernel zones, "
    "{reserve} of them kept in reserve, and no process is killed for it -> ENOMEM; what was "
    "allocated stays so",
    "mm/sparse-vmemmap.c",
)
NOTHING_LEFT: Final = Rule(
    "out_of_memory.after-enomem",
    "out_of_memory",
    "no kernel memory is free any more, the next allocation of whoever runs needs a page, and no "
    "process is left to kill: panic",
    "mm/oom_kill.c",
)
OUT_OF_MEMORY: Final = Rule(
    "out_of_memory",
    "out_of_memory",
    "{blocks:new block}: the memmap needs {kib} KiB; {free} KiB are free in kernel zones, "
    "{reserve} of them kept in reserve, and no process is left to kill: panic",
    "mm/oom_kill.c",
)
ABOVE_LIMIT: Final = Rule(
    "register_memory_resource.limit",
    "register_memory_resource",
    "{start:#x}..{end:#x} ends above {limit:#x}, where mem= ends memory{when} -> E2BIG",
    MEMORY_HOTPLUG_C,
)
PART_OF_BLOCK: Final = Rule(
    "register_new_memory",
    "register_new_memory",
    "block {block} of {unit} MiB has {sections:section} of {whole}: it cannot go online yet",
    "drivers/base/memory.c",
)
JOINS_BLOCK: Final = Rule(
    "acpi_bind_memory_blocks",
    "acpi_bind_memory_blocks",
    "block {block} has a driver or is boot memory already: its new sections stay, and the device "
    "gets no driver -> ENODEV",
    "drivers/acpi/acpi_memhotplug.c",
)
WALK_STOPS: Final = Rule(
    "walk_memory_range",
    "walk_memory_range",
    "block {block} could not be onlined: the walk stops there and the error is dropped",
    MEMORY_HOTPLUG_C,
)
DRIVER_CORE_NOT_TOLD: Final = Rule(
    "memory_block_change_state.no-driver-core",
    "memory_block_change_state",
    "the kernel onlines without the driver core: dev->offline stays set, so the file online reads "
    "0, and no event is sent",
    MEMORY_C,
)


def add_memory(
    kernel: Kernel, node: int, start: int, size: int, source: Source, *, own_memmap: bool = True
) -> str | None:
    """Check a range (bytes), create its blocks ascending, online them if the policy says so.

    own_memmap: whether the memmap may be in the new blocks (MHP_MEMMAP_ON_MEMORY).
    """
    if _above_limit(kernel, start, size):
        return "E2BIG"
    if not _resource_is_free(kernel, start, size):
        kernel.explain(RESOURCE_CONFLICT.because(start=start, end=start + size))
        return "EEXIST"
    memory = kernel.tables
    block_size = memory.block_pages * PAGE
    whole_blocks = kernel.policy.adds_whole_blocks
    unit = block_size if whole_blocks else SECTION
    if size <= 0 or start % unit or size % unit:
        units = "memory blocks" if whole_blocks else "sections"
        kernel.explain(UNALIGNED.because(start=start, size=size, units=units, unit=unit >> 20))
        return "EINVAL"
    if start % block_size or size % block_size:
        return _add_sections(kernel, node, start, size, source)
    first, count = start // block_size, size // block_size
    new_node = not memory.node_is(node, NODE_ONLINE)
    if new_node:
        memory.reset_node(node)
    own_memmap = own_memmap and kernel.policy.hosts_memmap(kernel, count)
    fitting = _take_memmap(kernel, count, own_memmap)
    if fitting < count:
        if fitting and kernel.policy.blocks_before_all_memmaps:
            _create_blocks(kernel, node, range(first, first + fitting), source)
        if kernel.memory_is_needed and not can_kill(kernel):
            kernel.explain(NOTHING_LEFT.because())
            raise KernelDied("panic")
        return "ENOMEM"
    _create_blocks(kernel, node, range(first, first + count), source, own_memmap=own_memmap)
    if new_node:
        memory.node_states[node] |= NODE_ONLINE
        kernel.uevents.append(("add node", node))
    policy = kernel.policy
    online_type = kernel.decide(checked_online_type(policy, policy.kernel_onlines(kernel, source)))
    if online_type is not None:
        _auto_online(kernel, range(first, first + count), online_type)
    return None


def _create_blocks(
    kernel: Kernel,
    node: int,
    blocks: range,
    source: Source,
    pages: Span | None = None,
    *,
    own_memmap: bool = False,
) -> None:
    """Enter new offline blocks, with an event each; their zone may grow over them.

    pages: those that it may grow over, where the blocks lack some.
    """
    memory = kernel.tables
    policy = kernel.policy
    zone = kernel.decide(
        checked_zone(policy, policy.zone_of_new_memory(kernel, node, blocks[0], source))
    )
    # Links of pages that are in no zone are all zero bits, which read as the first zone.
    memory.add(blocks[0], len(blocks), node, Zone.DMA if zone is None else zone)
    if own_memmap:
        memory.status[blocks[0]] |= OWN_MEMMAP
    if zone is not None:
        memory.grow(node, zone, pages or memory.pages(blocks[0], len(blocks)))
    kernel.uevents.append(("add", blocks))
    kernel.pending.extend(blocks)


def _above_limit(kernel: Kernel, start: int, size: int) -> bool:
    """Whether `mem=` keeps the kernel from adding a range; newer ones look at boot only."""
    limit = highest_address(kernel.machine.parameters)
    rule = kernel.policy.mem_limits_adds
    respected = rule == "always" or (rule == "at boot" and kernel.starting)
    if limit is None or not respected or start + size <= limit:
        return False
    when = " while the kernel boots" if rule == "at boot" else ""
    kernel.explain(ABOVE_LIMIT.because(start=start, end=start + size, limit=limit, when=when))
    return True


def _resource_is_free(kernel: Kernel, start: int, size: int) -> bool:
    """Whether no memory, device or bus has the range (request_resource_conflict)."""
    machine, memory, end = kernel.machine, kernel.tables, start + size
    if end > 1 << machine.physical_bits or machine.boot_memory_at(start, end) is not None:
        return False
    # The PCI bus has what is left below 4 GiB: on QEMU all of it, elsewhere what is above 3 GiB.
    bus = machine.low_ram if machine.platform == "kvm" else 3 * GIB
    if start < 4 * GIB and end > bus:
        return False
    block_size = memory.block_pages * PAGE
    for block in range(start // block_size, -(-end // block_size)):
        if not memory.has(block) or memory.status[block] & EARLY:
            continue
        if block not in memory.partial:
            return False
        if not memory.partial[block].isdisjoint(_sections(memory, block, start, end)):
            return False
    return True


def _sections(memory: Memory, block: int, start: int, end: int) -> frozenset[int]:
    """The sections of a block, by their numbers, that [start, end) covers."""
    first = block * memory.block_pages // SECTION_PAGES
    last = first + memory.block_pages // SECTION_PAGES
    return frozenset(range(max(first, start // SECTION), min(last, end // SECTION)))


def _add_sections(kernel: Kernel, node: int, start: int, size: int, source: Source) -> str | None:
    """Add sections that do not fill the blocks they are in, which 4.16 and older do.

    A block device comes with its first section. While sections are missing it has no node and does
    not go online; one that was there keeps its state, and its driver.
    """
    memory, end = kernel.tables, start + size
    block_size = memory.block_pages * PAGE
    whole = memory.block_pages // SECTION_PAGES
    blocks = range(start // block_size, -(-end // block_size))
    if _take_memmap(kernel, max(1, size // block_size), own_memmap=False) < 1:
        return "ENOMEM"
    joined = None
    for block in blocks:
        sections = _sections(memory, block, start, end)
        if memory.has(block):
            joined = block
        else:
            pages = Span(min(sections) * SECTION_PAGES, (max(sections) + 1) * SECTION_PAGES)
            _create_blocks(kernel, node, range(block, block + 1), source, pages)
        if memory.status[block] & EARLY:
            continue
        present = memory.partial.pop(block, frozenset()) | sections
        if len(present) < whole:
            memory.partial[block] = present
            kernel.explain(
                PART_OF_BLOCK.because(
                    block=block, unit=block_size >> 20, sections=len(present), whole=whole
                )
            )
    if not memory.node_is(node, NODE_ONLINE):
        memory.node_states[node] |= NODE_ONLINE
        kernel.uevents.append(("add node", node))
    if joined is not None:
        kernel.explain(JOINS_BLOCK.because(block=joined))
        return "ENODEV"
    return None


def _take_memmap(kernel: Kernel, blocks: int, own_memmap: bool) -> int:
    """Allocate the memmap of new blocks; return for how many of them it is there.

    Until 4.12 the OOM killer makes room for all of them, or the kernel panics. Raises KernelDied.
    """
    if own_memmap:
        kernel.explain(MEMMAP_INSIDE.because(blocks=blocks))
        return blocks
    kib = kernel.policy.memmap_kib(kernel, blocks)
    reserve = kernel.reserve_kib
    # Objects such as the resource are small, and the OOM killer makes room for them on any kernel.
    needed = kib if kernel.policy.memmap_kills else min(kib, SECTION_EXTRA_KIB)
    while needed and kernel.free_kib - needed < reserve:
        kill_or_panic(
            kernel,
            OUT_OF_MEMORY.because(blocks=blocks, kib=kib, free=kernel.free_kib, reserve=reserve),
        )
    if kernel.free_kib - kib < reserve:
        kernel.explain(
            NO_MEMMAP.because(blocks=blocks, kib=kib, free=kernel.free_kib, reserve=reserve)
        )
        fitting = (kernel.free_kib - reserve) * blocks // kib
        kernel.free_kib = reserve
        return fitting
    kernel.free_kib -= kib
    kernel.explain(MEMMAP_COST.because(blocks=blocks, kib=kib, left=kernel.free_kib))
    return blocks


def _auto_online(kernel: Kernel, blocks: range, online_type: OnlineType) -> None:
    """Online new blocks from within add_memory_resource, ascending, until one fails."""
    tells_driver_core = kernel.policy.auto_online_tells_driver_core
    for block in blocks:
        if tells_driver_core:
            kernel.tables.online_type[block] = online_type
            failed = device_online(kernel, block)
        else:
            failed = online_pages(kernel, block, online_type)
        if failed is not None:
            kernel.explain(WALK_STOPS.because(block=block))
            break
    if not tells_driver_core and kernel.tables.is_online(blocks[0]):
        kernel.explain(DRIVER_CORE_NOT_TOLD.because())
