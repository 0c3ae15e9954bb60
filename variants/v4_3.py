"""Linux v4.3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from zonediff.engine.rules import Decision
from zonediff.engine.state import KernelState
from zonediff.engine.zones import OnlineType, Zone
from zonediff.variants.pre_auto_online import PreAutoOnline
from zonediff.variants.upstream import SHIFTS, STAYS, shift_rule

NEIGHBOUR = {Zone.NORMAL: Zone.MOVABLE, Zone.MOVABLE: Zone.NORMAL}
"""The only move that there is from a zone; DMA and DMA32 have none."""


class V4_3(PreAutoOnline):
    """Linux v4.3: blocks move between Normal and Movable only, and the kernel onlines nothing.

    Until df429ac03936 (4.8) online_pages() moves a block of Normal for online_movable, and one of
    Movable for online_kernel. Any other request succeeds and leaves the block in its zone, so
    online_movable onlines a block of DMA32 as kernel memory. Read from the source; no recording.
    """

    name = "v4.3"
    origin = "Linux v4.3, read from its source"
    released: ClassVar[str | None] = "2015-11-01"
    function_names: ClassVar[Mapping[str, str]] = {"zone_can_shift": "online_pages"}

    def zone_to_online(
        self, kernel: KernelState, block: int, online_type: OnlineType
    ) -> Decision[Zone | None]:
        zone = kernel.zone(block)
        asked = Zone.NORMAL if online_type is OnlineType.KERNEL else Zone.MOVABLE
        answer = super().zone_to_online(kernel, block, online_type)
        if online_type is OnlineType.KEEP or NEIGHBOUR.get(zone) is asked:
            return answer
        if online_type is OnlineType.MOVABLE and answer.why.rule.function != "zone_can_shift":
            return answer
        return Decision(zone, STAYS.because(block=block, asked=online_type.label, zone=zone.label))

    def valid_zones(self, kernel: KernelState, block: int) -> tuple[Zone, ...] | None:
        zone = kernel.zone(block)
        other = NEIGHBOUR.get(zone)
        if other is None or shift_rule(kernel, block, other) not in SHIFTS:
            return (zone,)
        return (zone, other)
