"""Linux v5.10."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from zonediff.engine.rules import Decision
from zonediff.engine.state import KernelState
from zonediff.engine.zones import OnlineType, Zone
from zonediff.variants.v4_14 import V4_14, lies_in_its_zone
from zonediff.variants.v5_4 import NAMES_SINCE_5_3, SPANNED_ZONE
from zonediff.variants.v6_1 import V6_1


class V5_10(V6_1):
    """Linux v5.10: as v6.1, without the policy auto-movable and without memmap_on_memory.

    `valid_zones` of an online block reads `none` when memory ends within the block, as 4.14's
    stable series and later kernels ask whether the block's zone spans all of it.
    """

    name = "v5.10"
    origin = "Linux v5.10"
    released: ClassVar[str | None] = "2020-12-13"
    function_names: ClassVar[Mapping[str, str]] = {
        **NAMES_SINCE_5_3,
        "memhp_auto_online": "memhp_default_online_type",
    }
    valid_zones_rule = SPANNED_ZONE
    boot_overhead_kib: ClassVar[Mapping[int, int]] = {
        96: 49454,
        256: 49654,
        512: 50662,
        1024: 52350,
        2048: 54670,
        4096: 60050,
    }

    def hosts_memmap(self, kernel: KernelState, blocks: int) -> bool:
        return False

    def zone_to_online(
        self, kernel: KernelState, block: int, online_type: OnlineType
    ) -> Decision[Zone | None]:
        return V4_14.zone_to_online(self, kernel, block, online_type)

    def valid_zones(self, kernel: KernelState, block: int) -> tuple[Zone, ...] | None:
        if kernel.is_online(block) and not lies_in_its_zone(kernel, block):
            return None
        return super().valid_zones(kernel, block)
