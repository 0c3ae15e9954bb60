"""Linux v4.10 as shipped."""

from __future__ import annotations

from typing import ClassVar, Final

from zonediff.engine.devices import Source
from zonediff.engine.memory import HAS_MEMORY
from zonediff.engine.policy import Policy
from zonediff.engine.rules import MEMORY_C, MEMORY_HOTPLUG_C, Because, Decision, Rule
from zonediff.engine.state import KernelState
from zonediff.engine.zones import ZONES, OnlineType, Zone

BELOW_MOVABLE: Final = Rule(
    "zone_for_memory.normal",
    "zone_for_memory",
    "node {node} has no movable zone that starts at or below block {first}: new memory goes to "
    "zone Normal",
    MEMORY_HOTPLUG_C,
)
ABOVE_MOVABLE: Final = Rule(
    "zone_for_memory.movable",
    "zone_for_memory",
    "zone Movable of node {node} starts at pfn {start}, at or below block {first}: new memory "
    "goes to zone Movable",
    MEMORY_HOTPLUG_C,
)
KNOB_ON: Final = Rule(
    "add_memory.auto-online",
    "add_memory",
    "auto_online_blocks reads online: the kernel onlines what {source} adds, in the zone it is in",
    MEMORY_HOTPLUG_C,
)
KNOB_OFF: Final = Rule(
    "add_memory.leave-offline",
    "add_memory",
    "auto_online_blocks reads offline: what {source} adds waits for user space",
    MEMORY_HOTPLUG_C,
)
STAYS: Final = Rule(
    "zone_can_shift.stays",
    "zone_can_shift",
    "block {block} asked for with {asked} is in zone {zone} and stays there",
    MEMORY_HOTPLUG_C,
)
SHIFTS_UP: Final = Rule(
    "zone_can_shift.up",
    "zone_can_shift",
    "block {block} ends at pfn {end}, where zone {zone} ends: it may move up to zone {target}",
    MEMORY_HOTPLUG_C,
)
SHIFTS_DOWN: Final = Rule(
    "zone_can_shift.down",
    "zone_can_shift",
    "block {block} starts at pfn {start}, where zone {zone} starts: it may move down to zone "
    "{target}",
    MEMORY_HOTPLUG_C,
)
NOT_AT_END: Final = Rule(
    "zone_can_shift.not-at-zone-end",
    "zone_can_shift",
    "block {block} ends at pfn {end}, zone {zone} ends at {zone_end}: not at the zone's end, so "
    "it cannot move up to zone {target} -> EINVAL",
    MEMORY_HOTPLUG_C,
)
NOT_AT_START: Final = Rule(
    "zone_can_shift.not-at-zone-start",
    "zone_can_shift",
    "block {block} starts at pfn {start}, zone {zone} starts at {zone_start}: not at the zone's "
    "start, so it cannot move down to zone {target} -> EINVAL",
    MEMORY_HOTPLUG_C,
)
ZONE_BETWEEN: Final = Rule(
    "zone_can_shift.zone-between",
    "zone_can_shift",
    "zone {between} of node {node} is in use between zones {zone} and {target}: block {block} "
    "cannot move -> EINVAL",
    MEMORY_HOTPLUG_C,
)
SHIFTS: Final = (STAYS, SHIFTS_UP, SHIFTS_DOWN)
"""The rules that let a block be in a zone."""

OFFERED: Final = Rule(
    "show_valid_zones.by-shift",
    "show_valid_zones",
    "valid_zones lists the zone that a block is in, then each zone that it may move to from "
    "an edge of its own",
    MEMORY_C,
)
NO_NORMAL_MEMORY: Final = Rule(
    "can_online_high_movable",
    "can_online_high_movable",
    "CONFIG_MOVABLE_NODE is off and node {node} has no normal memory online: block {block} "
    "cannot be onlined as movable -> EINVAL",
    MEMORY_HOTPLUG_C,
)
LAST_NORMAL_MEMORY: Final = Rule(
    "can_offline_normal",
    "can_offline_normal",
    "CONFIG_MOVABLE_NODE is off and block {block} is the last normal memory of node {node}, "
    "which has {movable} pages online in zone Movable -> EINVAL",
    MEMORY_HOTPLUG_C,
)


class Upstream(Policy):
    """Linux v4.10: new memory starts in Normal, blocks change zone only at a zone's edge.

    Added memory goes to zone Normal, or to Movable when it lies above the start of the node's
    movable zone. A block can be onlined into another zone only from the edge of its own zone
    that faces the other one. The kernel onlines new memory itself when `auto_online_blocks`
    says so, without telling the driver core.
    """

    name = "upstream"
    origin = "Linux v4.10"
    released: ClassVar[str | None] = "2017-02-19"
    knob: ClassVar[tuple[str, ...] | None] = ("online", "offline")
    default_state: ClassVar[tuple[str, ...] | None] = ("online", "offline")
    default_online_option = True
    auto_online_tells_driver_core = False
    auto_online_hangs_boot = True
    valid_zones_rule = OFFERED

    def zone_of_new_memory(
        self, kernel: KernelState, node: int, first: int, source: Source
    ) -> Decision[Zone | None]:
        movable = kernel.span(node, Zone.MOVABLE)
        if movable and movable.start <= kernel.pages(first).start:
            return Decision(
                Zone.MOVABLE, ABOVE_MOVABLE.because(node=node, first=first, start=movable.start)
            )
        return Decision(Zone.NORMAL, BELOW_MOVABLE.because(node=node, first=first))

    def kernel_onlines(self, kernel: KernelState, source: Source) -> Decision[OnlineType | None]:
        if kernel.knob == "online":
            return Decision(OnlineType.KEEP, KNOB_ON.because(source=source.value))
        return Decision(None, KNOB_OFF.because(source=source.value))

    def zone_to_online(
        self, kernel: KernelState, block: int, online_type: OnlineType
    ) -> Decision[Zone | None]:
        zone = kernel.zone(block)
        if (
            not kernel.machine.config.MOVABLE_NODE
            and (zone is Zone.MOVABLE or online_type is OnlineType.MOVABLE)
            # Without MOVABLE_NODE the kernel's N_NORMAL_MEMORY is N_MEMORY.
            and not kernel.node_is(kernel.node(block), HAS_MEMORY)
        ):
            return Decision(None, NO_NORMAL_MEMORY.because(node=kernel.node(block), block=block))
        if online_type is OnlineType.KERNEL:
            return zone_can_shift(kernel, block, Zone.NORMAL)
        if online_type is OnlineType.MOVABLE:
            return zone_can_shift(kernel, block, Zone.MOVABLE)
        return Decision(zone, STAYS.because(block=block, asked=online_type.label, zone=zone.label))

    def refuses_offline(self, kernel: KernelState, block: int) -> Because | None:
        if kernel.machine.config.MOVABLE_NODE or kernel.zone(block) is Zone.MOVABLE:
            return None
        node = kernel.node(block)
        movable = kernel.present_pages(node, Zone.MOVABLE)
        normal = kernel.present_pages(node, Zone.DMA, Zone.DMA32, Zone.NORMAL)
        if normal > kernel.block_pages or not movable:
            return None
        return LAST_NORMAL_MEMORY.because(block=block, node=node, movable=movable)

    def valid_zones(self, kernel: KernelState, block: int) -> tuple[Zone, ...] | None:
        zone = kernel.zone(block)
        others = (
            target
            for target in (Zone.NORMAL, Zone.MOVABLE)
            if target is not zone and shift_rule(kernel, block, target) in SHIFTS
        )
        return (zone, *others)


def zone_can_shift(kernel: KernelState, block: int, target: Zone) -> Decision[Zone | None]:
    """Whether a block may move from its zone to another one of its node (v4.10 to v4.12).

    Only the edges of the span count, not the state of neighbours. A zone between the two, in the
    order of zones, forbids the move if it was ever used.
    """
    zone, node, pages = kernel.zone(block), kernel.node(block), kernel.pages(block)
    span = kernel.span(node, zone)
    rule = shift_rule(kernel, block, target)
    between = zone_between(kernel, node, zone, target) if rule is ZONE_BETWEEN else None
    why = rule.about(
        block=block,
        node=node,
        zone=zone.label,
        target=target.label,
        start=pages.start,
        end=pages.end,
        zone_start=span.start,
        zone_end=span.end,
        between="" if between is None else between.label,
        asked=(OnlineType.KERNEL if target is Zone.NORMAL else OnlineType.MOVABLE).label,
    )
    return Decision(target if rule in SHIFTS else None, why)


def shift_rule(kernel: KernelState, block: int, target: Zone) -> Rule:
    """The rule that lets a block move to a zone of its node, or forbids it."""
    zone, node = kernel.zone(block), kernel.node(block)
    if zone is target:
        return STAYS
    start, span = block * kernel.block_pages, kernel.span(node, zone)
    if zone < target and start + kernel.block_pages != span.end:
        return NOT_AT_END
    if zone > target and start != span.start:
        return NOT_AT_START
    if zone_between(kernel, node, zone, target) is not None:
        return ZONE_BETWEEN
    if zone < target:
        return SHIFTS_UP
    return SHIFTS_DOWN


def zone_between(kernel: KernelState, node: int, zone: Zone, target: Zone) -> Zone | None:
    """The first zone between two that was ever used; None when there is none."""
    for between in ZONES[min(zone, target) + 1 : max(zone, target)]:
        if kernel.was_used(node, between):
            return between
    return None
