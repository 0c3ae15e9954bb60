"""Linux v7.2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from zonediff.variants.v6_12 import V6_12


class V7_2(V6_12):
    """Linux v7.2: as v6.12.

    Offlining memory that holds slab pages may not come back (docs/findings.md); a validation takes
    that from the recording.
    """

    name = "v7.2"
    origin = "Linux v7.2"
    released: ClassVar[str | None] = "2026-10-28"  # Debian's 7.2.13-1, which was recorded
    boot_overhead_kib: ClassVar[Mapping[int, int]] = {
        96: 84914,
        128: 37690,
        160: 71774,
        256: 76126,
        512: 77338,
        640: 78858,
        1024: 86654,
        2048: 88862,
        4096: 92910,
    }
    offlining_may_hang: ClassVar[bool] = True
