"""Linux v4.17."""

from __future__ import annotations

from typing import ClassVar

from zonediff.variants.v4_14 import V4_14


class V4_17(V4_14):
    """Linux v4.17: zones as in v4.14; what is added must be whole memory blocks.

    Where boot memory ends at 64 GiB or above, blocks have the largest size up to 2 GiB that divides
    its end (078eb6aa50dc), and an add of parts of blocks is refused (ba325585230e). kernelcore= and
    movablecore= can be per cent (a5c6d6509342). 4.15 and 4.16 are as 4.14 in all that is modelled
    here, 4.18 to 5.2 as 4.17. Read from the source; no recording.
    """

    name = "v4.17"
    origin = "Linux v4.17, read from its source"
    released: ClassVar[str | None] = "2018-06-03"
    blocks_align_to_memory = True
    adds_whole_blocks = True
    percent_of_memory = True
