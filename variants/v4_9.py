"""Linux v4.9."""

from __future__ import annotations

from typing import ClassVar, Final

from zonediff.engine.rules import MEMORY_HOTPLUG_C, Decision, Rule
from zonediff.engine.state import KernelState
from zonediff.engine.zones import OnlineType, Zone
from zonediff.variants.upstream import NO_NORMAL_MEMORY, Upstream

NO_SHIFT: Final = Rule(
    "zone_can_shift.zero",
    "zone_can_shift",
    "block {block} asked for with {asked} cannot move from zone {zone}: the 0 that says so is "
    "taken for a move by no zone, and it goes online where it is",
    MEMORY_HOTPLUG_C,
)


class V4_9(Upstream):
    """Linux v4.9: a block that cannot change its zone goes online all the same, where it is.

    zone_can_shift() returns how many zones a block moves, and 0 also where it must not move. So
    online_movable succeeds on a block that is not at the zone's end, and gives kernel memory. From
    df429ac03936 (4.8) until 8a1f780e7f28 (4.10). Read from the source; no recording.
    """

    name = "v4.9"
    origin = "Linux v4.9, read from its source"
    released: ClassVar[str | None] = "2016-12-11"

    def zone_to_online(
        self, kernel: KernelState, block: int, online_type: OnlineType
    ) -> Decision[Zone | None]:
        answer = super().zone_to_online(kernel, block, online_type)
        if answer.value is not None or answer.why.rule is NO_NORMAL_MEMORY:
            return answer
        zone = kernel.zone(block)
        why = NO_SHIFT.because(block=block, asked=online_type.label, zone=zone.label)
        return Decision(zone, why)
