"""The same variant in the words of KernelState."""

from zonediff.engine.memory import HAS_MEMORY
from zonediff.engine.policy import Intent, Policy, Shrink, Source
from zonediff.engine.rules import MEMORY_HOTPLUG_C, Because, Decision, Rule
from zonediff.engine.state import KernelState
from zonediff.engine.zones import ZONES, OnlineType, Zone
from zonediff.variants.upstream import ABOVE_MOVABLE, BELOW_MOVABLE, SHIFTS, Upstream, shift_rule
from zonediff.variants.v4_13 import intersects

STAYS_PUT = Rule(
    "online_pages.stays-put",
    "online_pages",
    "block {block} cannot change zone: it goes online in zone {zone}, where it is",
    MEMORY_HOTPLUG_C,
)
OVERLAPS = Rule(
    "online_pages.overlaps",
    "online_pages",
    "block {block} lies in zone {zone} with {pages} pages present -> EINVAL",
    MEMORY_HOTPLUG_C,
)


class Before(Upstream):
    """A block that cannot become movable goes online where it is."""

    name = "before"
    origin = "a variant file of an earlier release"
    intends = (Intent("ordering/*", "the patch is about it"),)
    spans_shrink = Shrink.REMOVED

    def zone_of_new_memory(
        self, kernel: KernelState, node: int, first: int, source: Source
    ) -> Decision[Zone | None]:
        movable = kernel.span(node, Zone.MOVABLE)
        if movable and movable.start <= kernel.pages(first).start:
            return Decision(
                Zone.MOVABLE, ABOVE_MOVABLE.because(node=node, first=first, start=movable.start)
            )
        return Decision(Zone.NORMAL, BELOW_MOVABLE.because(node=node, first=first))

    def zone_to_online(
        self, kernel: KernelState, block: int, online_type: OnlineType
    ) -> Decision[Zone | None]:
        answer = super().zone_to_online(kernel, block, online_type)
        if answer.value is not None or online_type is not OnlineType.MOVABLE:
            return answer
        zone, node = kernel.zone(block), kernel.node(block)
        if self.blocked(kernel, node, zone) and kernel.node_is(node, HAS_MEMORY):
            pages = kernel.present_pages(node, *ZONES)
            return Decision(None, OVERLAPS.because(block=block, zone=zone.label, pages=pages))
        return Decision(zone, STAYS_PUT.because(block=block, zone=zone.label))

    def blocked(self, kernel: KernelState, node: int, zone: Zone) -> bool:
        return zone is Zone.NORMAL and bool(kernel.was_used(node, Zone.MOVABLE))

    def refuses_offline(self, kernel: KernelState, block: int) -> Because | None:
        if kernel.has(block) and kernel.is_online(block) and kernel.early_pages(0):
            return super().refuses_offline(kernel, block)
        return None

    def valid_zones(self, kernel: KernelState, block: int) -> tuple[Zone, ...] | None:
        zone = kernel.zone(block)
        inside = intersects(kernel.span(kernel.node(block), zone), kernel.pages(block))
        others = (
            target
            for target in (Zone.NORMAL, Zone.MOVABLE)
            if target is not zone and inside and shift_rule(kernel, block, target) in SHIFTS
        )
        return (zone, *others)


assert issubclass(Before, Policy)
