"""Linux v4.14, and its stable series."""

from __future__ import annotations

from typing import ClassVar, Final

from zonediff.engine.boot import MAX_ORDER_PAGES
from zonediff.engine.policy import Intent, Shrink
from zonediff.engine.rules import MEMORY_C, MEMORY_HOTPLUG_C, Because, Decision, Rule
from zonediff.engine.state import KernelState
from zonediff.engine.zones import OnlineType, Zone
from zonediff.variants.v4_13 import V4_13, intersects, kernel_zone

AS_ASKED: Final = Rule(
    "zone_for_pfn_range",
    "zone_for_pfn_range",
    "block {block} asked for with {asked} goes to zone {zone}: zones may overlap",
    MEMORY_HOTPLUG_C,
)
INHERITED: Final = Rule(
    "default_zone_for_pfn.inherited",
    "default_zone_for_pfn",
    "block {block} asked for with online lies in zone {zone} alone and goes there",
    MEMORY_HOTPLUG_C,
)
DEFAULT: Final = Rule(
    "default_zone_for_pfn.default",
    "default_zone_for_pfn",
    "block {block} asked for with online lies in {where}: it goes to zone {zone}, the default",
    MEMORY_HOTPLUG_C,
)


DEFAULT_FIRST: Final = Rule(
    "show_valid_zones.default-first",
    "show_valid_zones",
    "valid_zones lists the zone of an online block alone, and of an offline block the default "
    "zone first, then the other",
    MEMORY_C,
)
LINKED_ZONE: Final = Rule(
    "show_valid_zones.linked-zone",
    "show_valid_zones",
    "valid_zones reads none for a block that the zone of its pages does not span, as of a "
    "block that was never online",
    MEMORY_C,
)
OUTSIDE: Final = Rule(
    "test_pages_in_a_zone.outside",
    "test_pages_in_a_zone",
    "block {block} is online in zone {zone} of node {node}, which spans [{start}, {end}) and not "
    "the block -> EINVAL",
    MEMORY_HOTPLUG_C,
)


class V4_14(V4_13):
    """Linux v4.14: zones may overlap, so any block may go to a kernel zone or to Movable.

    Plain `online` takes the zone that already spans the block, when only one does.
    `valid_zones` of an offline block lists that default first, then the other zone.
    """

    name = "v4.14"
    origin = "Linux v4.14"
    released: ClassVar[str | None] = "2017-11-12"
    spans_shrink = Shrink.REMOVED_TO_ONLINE
    ejects_drain = True
    valid_zones_rule = DEFAULT_FIRST
    intends: ClassVar[tuple[Intent, ...]] = ()

    def zone_to_online(
        self, kernel: KernelState, block: int, online_type: OnlineType
    ) -> Decision[Zone | None]:
        if online_type is OnlineType.KEEP:
            return default_zone(kernel, block)
        zone = Zone.MOVABLE if online_type is OnlineType.MOVABLE else kernel_zone(kernel, block)
        return Decision(
            zone, AS_ASKED.because(block=block, asked=online_type.label, zone=zone.label)
        )

    def valid_zones(self, kernel: KernelState, block: int) -> tuple[Zone, ...] | None:
        if kernel.is_online(block):
            return (kernel.zone(block),)
        default = self.zone_to_online(kernel, block, OnlineType.KEEP).value
        both = (kernel_zone(kernel, block), Zone.MOVABLE)
        return tuple(sorted(both, key=lambda zone: zone is not default))


def default_zone(kernel: KernelState, block: int) -> Decision[Zone | None]:
    """The zone of a plain `online`: the zone that the block lies in, if there is one (4.14 on)."""
    node, pages, zone = kernel.node(block), kernel.pages(block), kernel_zone(kernel, block)
    in_kernel = intersects(kernel.span(node, zone), pages)
    in_movable = intersects(kernel.span(node, Zone.MOVABLE), pages)
    if in_kernel != in_movable:
        inherited = zone if in_kernel else Zone.MOVABLE
        return Decision(inherited, INHERITED.because(block=block, zone=inherited.label))
    where = "two zones" if in_kernel else "no zone"
    default = Zone.MOVABLE if kernel.machine.has_parameter("movable_node") else zone
    return Decision(default, DEFAULT.because(block=block, where=where, zone=default.label))


class V4_14Stable(V4_14):
    """Linux v4.14.177: a backported check makes `valid_zones` of new blocks read `none`.

    test_pages_in_a_zone() was given a check that the pages lie in the zone they are linked to.
    The pages of a block that was never online are linked to none, so the file reads `none`,
    though the block can be onlined as before. A block that is online outside its zone, as on a
    node that left and came back, cannot be taken offline.
    """

    name = "v4.14-stable"
    origin = "Linux v4.14.177"
    released: ClassVar[str | None] = "2020-04-24"
    valid_zones_rule = LINKED_ZONE

    def refuses_offline(self, kernel: KernelState, block: int) -> Because | None:
        return outside_its_zone(kernel, block)

    def valid_zones(self, kernel: KernelState, block: int) -> tuple[Zone, ...] | None:
        return super().valid_zones(kernel, block) if lies_in_its_zone(kernel, block) else None


def lies_in_its_zone(kernel: KernelState, block: int) -> bool:
    """Whether the zone that a block's pages are linked to spans them (test_pages_in_a_zone).

    The kernel checks the first page of each 4 MiB except the block's very first page, which defines
    the zone.
    """
    span, pages = kernel.span(kernel.node(block), kernel.zone(block)), kernel.pages(block)
    return span.start <= pages.start + MAX_ORDER_PAGES and pages.end - MAX_ORDER_PAGES < span.end


def outside_its_zone(kernel: KernelState, block: int) -> Because | None:
    """Why a block that is online outside its zone's span cannot go offline."""
    if lies_in_its_zone(kernel, block):
        return None
    node, zone = kernel.node(block), kernel.zone(block)
    start, end = kernel.span(node, zone)
    return OUTSIDE.because(block=block, zone=zone.label, node=node, start=start, end=end)
