"""Free kernel memory: how much a machine has after boot, and how much adding memory takes.

The memmap of new blocks is ordinary kernel memory. It comes from zones up to Normal of memory
that is online already; Movable memory does not help. Until 4.12 the kernel does not fail such
allocations: it kills processes, and when there are none left it panics. Since 4.13 they fail
(__GFP_RETRY_MAYFAIL in vmemmap_alloc_block), and so does the add, with ENOMEM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import isqrt
from typing import Final

from zonediff.engine.machine import Machine
from zonediff.engine.memory import Memory
from zonediff.engine.units import KIB, MEMMAP_BYTES_PER_PAGE, MIB, PAGE, SECTION_PAGES
from zonediff.engine.zones import Zone

SECTION_MEMMAP_KIB: Final = SECTION_PAGES * MEMMAP_BYTES_PER_PAGE // KIB
"""KiB of memmap for a section: 2 MiB for 128 MiB, 1.5625 per cent."""

SECTION_EXTRA_KIB: Final = 10
"""KiB of page tables, sysfs and slab for a section (measured: 2056 to 2062 KiB in all)."""

SWIOTLB_KIB: Final = 64 * MIB // KIB
"""KiB of low memory set aside for bounce buffers when memory may be added above 4 GiB."""

SWIOTLB_FROM: Final = 128 * MIB
"""The least boot memory, in bytes, with room for the bounce buffers."""

HUGE_PAGES_FROM_KIB: Final = 512 * MIB // KIB
"""KiB of memory from which on there are transparent huge pages."""

HUGE_RESERVE_KIB: Final = 11 * 2 * MIB // KIB
"""KiB kept free in each zone for them: 2 + 3 * 3 pageblocks (MIGRATE_PCPTYPES)."""

NEVER_KILLED: Final = -1000
"""The oom_score_adj that keeps the OOM killer from a process (OOM_SCORE_ADJ_MIN)."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process as the OOM killer sees it: KiB resident in kernel zones and in Movable."""

    kernel_kib: int = 0
    movable_kib: int = 0
    oom_score_adj: int = 0

    @property
    def rss_kib(self) -> int:
        """KiB resident in all."""
        return self.kernel_kib + self.movable_kib

    def badness(self, total_kib: int) -> int:
        """The points by which the OOM killer chooses on a machine of this size; 0: never this one.

        oom_badness() adds the resident memory and oom_score_adj thousandths of all memory.
        """
        if self.oom_score_adj == NEVER_KILLED:
            return 0
        return max(1, self.rss_kib + self.oom_score_adj * (total_kib // 1000))


def boot_free_kib(machine: Machine, memory: Memory, overhead: Mapping[int, int]) -> int:
    """KiB free in kernel zones after boot, with nothing but init running.

    overhead: measured KiB, by MiB of boot memory, that the kernel keeps besides memmap and bounce
    buffers; sizes between are interpolated, those outside take the nearest.
    """
    if machine.free_memory is not None:
        return machine.free_memory // KIB
    ram = sum(end - start for _, start, end in machine.boot_ranges) // KIB
    movable = sum(memory.present[Zone.MOVABLE :: len(Zone)]) * PAGE // KIB
    free = ram - ram // 64 - movable - _interpolate(overhead, ram * KIB / MIB)
    return free - SWIOTLB_KIB if ram * KIB >= SWIOTLB_FROM else free


def reserve_kib(machine: Machine, *, huge_zones: int = 0) -> int:
    """KiB that the kernel keeps back: the low watermark of its zones (init_per_zone_wmark_min).

    huge_zones: how many zones have memory, where the kernel keeps pageblocks free for transparent
    huge pages; it does so from 512 MiB on, up to a twentieth (set_recommended_min_free_kbytes).
    """
    low = isqrt(16 * machine.ram // KIB) * 5 // 4
    managed = machine.ram // KIB * 63 // 64 - SWIOTLB_KIB
    if managed < HUGE_PAGES_FROM_KIB:
        return low
    return max(low, min(huge_zones * HUGE_RESERVE_KIB, managed // 20))


def memmap_kib(blocks: int, block_pages: int) -> int:
    """KiB that adding this number of blocks takes."""
    return blocks * block_pages // SECTION_PAGES * (SECTION_MEMMAP_KIB + SECTION_EXTRA_KIB)


def _interpolate(table: Mapping[int, int], x: float) -> int:
    """The value at x by linear interpolation; beyond the points, the nearest point's value."""
    points = sorted(table.items())
    if x <= points[0][0]:
        return points[0][1]
    for (low, value), (high, next_value) in pairwise(points):
        if x <= high:
            return round(value + (next_value - value) * (x - low) / (high - low))
    return points[-1][1]
