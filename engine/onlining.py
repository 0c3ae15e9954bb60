"""Blocks going online and offline: drivers/base/core.c and memory.c, mm/memory_hotplug.c.

Every function returns None for success, or the errno's name.
"""

from __future__ import annotations

from typing import Final

from zonediff.engine.answers import checked_zone_to_online
from zonediff.engine.kernel import Kernel
from zonediff.engine.memory import MIXED, OFFLINE_FLAG, ONLINE, OWN_MEMMAP, PINNED
from zonediff.engine.policy import Shrink
from zonediff.engine.rules import MEMORY_C, MEMORY_HOTPLUG_C, Rule
from zonediff.engine.units import KIB, PAGE, format_size
from zonediff.engine.zones import OnlineType, Zone

ALREADY: Final = "already"
"""The answer of device_online() and device_offline() when nothing is to do (the kernel's 1)."""
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
    "block {block} is at an edge of zone {zone}, whose span ends before it starts and does "
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
HOST_KEEPS_PAGES: Final = Rule(
    "hv_online_page",
    "hv_online_page",
    "the host gave {given} of block {block}: its other pages stay reserved, and cannot be isolated",
    "drivers/hv/hv_balloon.c",
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


SECTIONS_MISSING: Final = Rule(
    "pages_correctly_reserved",
    "pages_correctly_reserved",
    "sections of block {block} are missing -> EBUSY",
    MEMORY_C,
)


def device_online(kernel: Kernel, block: int) -> str | None:
    """Online a block with its pending type; ALREADY when the driver core counts it online."""
    memory = kernel.tables
    status = memory.status[block]
    if not status & OFFLINE_FLAG:
        return ALREADY
    if status & ONLINE:
        kernel.explain(FLAG_ONLY.because(block=block, zone=memory.zone(block).label))
    else:
        pending = OnlineType(memory.online_type[block])
        failed = online_pages(
            kernel, block, OnlineType.KEEP if pending is OnlineType.NONE else pending
        )
        memory.online_type[block] = OnlineType.NONE
        if failed is not None:
            return failed
    memory.status[block] &= ~OFFLINE_FLAG
    kernel.uevents.append(("online", block))
    return None


def device_offline(kernel: Kernel, block: int) -> str | None:
    """Offline a block; ALREADY when the driver core counts it offline."""
    memory = kernel.tables
    if memory.status[block] & OFFLINE_FLAG:
        return ALREADY
    failed = _offline_pages(kernel, block)
    if failed is not None:
        return failed
    memory.status[block] |= OFFLINE_FLAG
    kernel.uevents.append(("offline", block))
    return None


def online_pages(kernel: Kernel, block: int, online_type: OnlineType) -> str | None:
    """Online a block's pages in the zone that the policy chooses, without the driver core."""
    if block in kernel.tables.partial:
        kernel.explain(SECTIONS_MISSING.because(block=block))
        return "EBUSY"
    policy = kernel.policy
    zone = kernel.decide(
        checked_zone_to_online(policy, policy.zone_to_online(kernel, block, online_type))
    )
    if zone is None:
        return "EINVAL"
    memory = kernel.tables
    node, pages = memory.node(block), memory.pages(block)
    if kernel.policy.zones_chosen_when_onlined:
        memory.grow(node, zone, pages)
        memory.relink(block, zone)
    elif zone is not (current := memory.zone(block)):
        if not memory.shift(node, current, zone, pages):
            kernel.explain(NOT_SPANNED.because(block=block, zone=current.label))
            return "EINVAL"
        memory.relink(block, zone)
    memory.set_online(block)
    if reserved := memory.reserved.get(block):
        memory.status[block] |= PINNED
        given = format_size((memory.block_pages - reserved) * PAGE)
        kernel.explain(HOST_KEEPS_PAGES.because(block=block, given=given))
    _count_free(kernel, block, 1)
    return None


def _offline_pages(kernel: Kernel, block: int) -> str | None:
    memory = kernel.tables
    if memory.status[block] & MIXED:
        kernel.explain(TWO_ZONES.because(block=block))
        return "EINVAL"
    if kernel.policy.needs_whole_blocks and block in memory.ragged:
        kernel.explain(HAS_HOLES.because(block=block))
        return "EINVAL"
    refusal = kernel.policy.refuses_offline(kernel, block)
    if refusal is not None:
        kernel.explain(refusal)
        return "EINVAL"
    zone = memory.zone(block).label
    if memory.status[block] & PINNED:
        kernel.explain(UNMOVABLE.because(block=block, zone=zone))
        return "EBUSY"
    memory.set_offline(block)
    _count_free(kernel, block, -1)
    if kernel.policy.spans_shrink is Shrink.OFFLINED:
        node, of = memory.node(block), memory.zone(block)
        memory.shrink(node, of, block, online_only=True, at_edges_only=True)
        kernel.explain(OFFLINED_SHRINKS.because(block=block, zone=zone))
    else:
        kernel.explain(OFFLINED.because(block=block, zone=zone))
    return None


def _count_free(kernel: Kernel, block: int, sign: int) -> None:
    """Add a block of a kernel zone to the free kernel memory, or take it away (`sign`)."""
    if kernel.tables.zone(block) is not Zone.MOVABLE:
        size = kernel.tables.block_pages * PAGE // KIB
        size -= kernel.tables.reserved.get(block, 0) * PAGE // KIB
        if kernel.tables.status[block] & OWN_MEMMAP:
            size -= kernel.policy.memmap_kib(kernel, 1)
        size -= kernel.unplugged_kib(block)
        kernel.free_kib += sign * size
