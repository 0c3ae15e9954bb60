"""Linux v4.13."""

from __future__ import annotations

from typing import ClassVar, Final

from zonediff.engine.devices import Source
from zonediff.engine.policy import Intent
from zonediff.engine.rules import MEMORY_C, MEMORY_HOTPLUG_C, Because, Decision, Rule
from zonediff.engine.state import KernelState
from zonediff.engine.zones import EMPTY, OnlineType, Span, Zone
from zonediff.variants.v4_12 import V4_12

NO_ZONE_YET: Final = Rule(
    "__add_pages",
    "__add_pages",
    "block {first} on belongs to no zone of node {node} until it is onlined",
    MEMORY_HOTPLUG_C,
)
KERNEL_ALLOWED: Final = Rule(
    "allow_online_pfn_range.kernel",
    "allow_online_pfn_range",
    "zone Movable of node {node} is empty or starts at or above the end of block {block}: it may "
    "go to zone {zone}",
    MEMORY_HOTPLUG_C,
)
KERNEL_REFUSED: Final = Rule(
    "allow_online_pfn_range.kernel-above-movable",
    "allow_online_pfn_range",
    "block {block} ends at pfn {end}, above the start of zone Movable at {movable_start}: it "
    "cannot go to zone {zone} -> EINVAL",
    MEMORY_HOTPLUG_C,
)
MOVABLE_ALLOWED: Final = Rule(
    "allow_online_pfn_range.movable",
    "allow_online_pfn_range",
    "block {block} starts at pfn {start}, zone {zone} ends at {kernel_end}: it may go to zone "
    "Movable",
    MEMORY_HOTPLUG_C,
)
MOVABLE_REFUSED: Final = Rule(
    "allow_online_pfn_range.movable-below-kernel",
    "allow_online_pfn_range",
    "block {block} starts at pfn {start}, below the end of zone {zone} at {kernel_end}: it "
    "cannot go to zone Movable -> EINVAL",
    MEMORY_HOTPLUG_C,
)
OFFERED_IN_ORDER: Final = Rule(
    "show_valid_zones.by-range",
    "show_valid_zones",
    "valid_zones lists the zone of an online block alone, and the zones that an offline block "
    "may go to, the kernel zone first",
    MEMORY_C,
)
DEFAULT_KERNEL: Final = Rule(
    "default_zone_for_pfn.kernel",
    "default_zone_for_pfn",
    "block {block} asked for with online goes to its default zone, {zone}",
    MEMORY_HOTPLUG_C,
)
DEFAULT_MOVABLE: Final = Rule(
    "default_zone_for_pfn.movable",
    "default_zone_for_pfn",
    "block {block} asked for with online goes to zone Movable: {because}",
    MEMORY_HOTPLUG_C,
)


NOT_YET: Final = (
    "a block at the boundary of two zones cannot be onlined again into the other one: the cover "
    "letter of the rework says that this is not supported yet"
)


class V4_13(V4_12):
    """Linux v4.13: a block's zone is chosen when it is onlined, and zones stay in order.

    Adding memory changes no zone. A block may go to a kernel zone unless Movable starts below
    its end, and to Movable unless the kernel zone ends above its start; where both hold, any
    order of onlining works. CONFIG_MOVABLE_NODE is gone, `movable_node` makes Movable the
    default. Spans still do not shrink when blocks go offline, so a block between online ones
    cannot be onlined again into the other zone.
    """

    name = "v4.13"
    origin = "Linux v4.13"
    released: ClassVar[str | None] = "2017-09-03"
    zones_chosen_when_onlined = True
    movable_node_option = False
    # Commit dcda9b04713c: memmaps are allocated with __GFP_RETRY_MAYFAIL.
    memmap_kills = False
    valid_zones_rule = OFFERED_IN_ORDER
    intends: ClassVar[tuple[Intent, ...]] = tuple(
        Intent(scenarios, NOT_YET, until="v4.14")
        for scenarios in (
            "kernel-surprises/stale-online-type",
            "knob/wanted-movable*",
            "mailing-list/first-dimm-movable",
            "ordering/change-of-mind",
            "ordering/last-movable-block-back",
        )
    )

    def zone_of_new_memory(
        self, kernel: KernelState, node: int, first: int, source: Source
    ) -> Decision[Zone | None]:
        return Decision(None, NO_ZONE_YET.because(node=node, first=first))

    def zone_to_online(
        self, kernel: KernelState, block: int, online_type: OnlineType
    ) -> Decision[Zone | None]:
        if online_type is OnlineType.KERNEL:
            return kernel_allowed(kernel, block)
        if online_type is OnlineType.MOVABLE:
            return movable_allowed(kernel, block)
        zone = kernel_zone(kernel, block)
        if kernel_allowed(kernel, block).value is None:
            why = "zone Movable starts below its end"
        elif kernel.machine.has_parameter("movable_node") and not intersects(
            kernel.span(kernel.node(block), zone), kernel.pages(block)
        ):
            why = "movable_node is set and it is outside the kernel zones"
        else:
            return Decision(zone, DEFAULT_KERNEL.because(block=block, zone=zone.label))
        return Decision(Zone.MOVABLE, DEFAULT_MOVABLE.because(block=block, because=why))

    def refuses_offline(self, kernel: KernelState, block: int) -> Because | None:
        return None

    def valid_zones(self, kernel: KernelState, block: int) -> tuple[Zone, ...] | None:
        if kernel.is_online(block):
            return (kernel.zone(block),)
        allowed = (kernel_allowed(kernel, block).value, movable_allowed(kernel, block).value)
        return tuple(zone for zone in allowed if zone is not None)


def intersects(span: Span, other: Span) -> bool:
    """Whether two spans share a page (zone_intersects)."""
    return span != EMPTY and span.start < other.end and other.start < span.end


def kernel_zone(kernel: KernelState, block: int) -> Zone:
    """The kernel zone for a block: the first whose span it intersects, else Normal."""
    node, pages = kernel.node(block), kernel.pages(block)
    for zone in (Zone.DMA, Zone.DMA32, Zone.NORMAL):
        if intersects(kernel.span(node, zone), pages):
            return zone
    return Zone.NORMAL


def kernel_allowed(kernel: KernelState, block: int) -> Decision[Zone | None]:
    """Whether a block may be onlined as kernel memory, and into which zone (4.13)."""
    node, pages, zone = kernel.node(block), kernel.pages(block), kernel_zone(kernel, block)
    movable = kernel.span(node, Zone.MOVABLE)
    if not movable or movable.start >= pages.end:
        return Decision(zone, KERNEL_ALLOWED.because(node=node, block=block, zone=zone.label))
    return Decision(
        None,
        KERNEL_REFUSED.because(
            block=block, end=pages.end, movable_start=movable.start, zone=zone.label
        ),
    )


def movable_allowed(kernel: KernelState, block: int) -> Decision[Zone | None]:
    """Whether a block may be onlined as movable memory (4.13)."""
    node, pages, zone = kernel.node(block), kernel.pages(block), kernel_zone(kernel, block)
    end = kernel.span(node, zone).end
    rule = MOVABLE_ALLOWED if end <= pages.start else MOVABLE_REFUSED
    return Decision(
        Zone.MOVABLE if rule is MOVABLE_ALLOWED else None,
        rule.because(block=block, start=pages.start, zone=zone.label, kernel_end=end),
    )
