"""Linux v5.4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from zonediff.engine.rules import MEMORY_C, Because, Rule
from zonediff.engine.state import KernelState
from zonediff.engine.zones import Zone
from zonediff.variants.v4_14 import lies_in_its_zone, outside_its_zone
from zonediff.variants.v4_17 import V4_17

NAMES_SINCE_5_3: Final[Mapping[str, str]] = {
    "memory_probe_store": "probe_store",
    "sparse_mem_map_populate": "__populate_section_memmap",
    "store_auto_online_blocks": "auto_online_blocks_store",
    "store_mem_state": "state_store",
    "walk_memory_range": "walk_memory_blocks",
}
"""Functions with other names since 5.0 and 5.3."""

SPANNED_ZONE: Final = Rule(
    "show_valid_zones.spanned",
    "show_valid_zones",
    "valid_zones reads none for an online block that its zone does not span to the end",
    MEMORY_C,
)


class V5_4(V4_17):
    """Linux v5.4: zones as in v4.17; a range is added as a whole or not at all.

    Blocks appear only when all memmaps are there (5.3, db051a0dac13). A block that its zone does
    not span cannot go offline, and shows no zone when it is online (24feb47c5fa5). Memory above
    `mem=` is not added (357b4da50a62). A node stays while it has blocks (2c91f8fc6c99). The stable
    series shrinks zones at offline since 5.4.11, as v5.10 does. Read from the source; no recording.
    """

    name = "v5.4"
    origin = "Linux v5.4, read from its source"
    released: ClassVar[str | None] = "2019-11-24"
    valid_zones_rule = SPANNED_ZONE
    blocks_before_all_memmaps = False
    nodes_stay_with_blocks = True
    mem_limits_adds = "always"
    function_names: ClassVar[Mapping[str, str]] = NAMES_SINCE_5_3

    def valid_zones(self, kernel: KernelState, block: int) -> tuple[Zone, ...] | None:
        if kernel.is_online(block) and not lies_in_its_zone(kernel, block):
            return None
        return super().valid_zones(kernel, block)

    def refuses_offline(self, kernel: KernelState, block: int) -> Because | None:
        return outside_its_zone(kernel, block)
