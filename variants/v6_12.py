"""Linux v6.12."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from zonediff.engine.state import KernelState
from zonediff.variants.v6_1 import V6_1


class V6_12(V6_1):
    """Linux v6.12: as v6.1, and memmap_on_memory is for any number of blocks.

    Since 6.8 each added block holds its own memmap, however many are added at once
    (create_altmaps_and_memory_blocks). A config option, CONFIG_MHP_DEFAULT_ONLINE_TYPE_*, decides
    the default state of added memory.
    """

    name = "v6.12"
    origin = "Linux v6.12"
    released: ClassVar[str | None] = "2024-11-17"
    function_names: ClassVar[Mapping[str, str]] = {
        **V6_1.function_names,
        "__alloc_pages_nodemask": "__alloc_pages_noprof",
        "memhp_auto_online": "mhp_get_default_online_type",
        "strtobool": "kstrtobool",
    }
    models_managed_devices: ClassVar[bool] = True
    boot_overhead_kib: ClassVar[Mapping[int, int]] = {
        96: 76110,
        128: 26562,
        144: 61494,
        256: 60734,
        384: 62158,
        512: 68658,
        640: 71890,
        1024: 70582,
        2048: 75938,
        4096: 82610,
    }

    def hosts_memmap(self, kernel: KernelState, blocks: int) -> bool:
        return kernel.switch("memory_hotplug.memmap_on_memory", default=False)
