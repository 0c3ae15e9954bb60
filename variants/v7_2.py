"""Linux v7.2."""

from __future__ import annotations

from typing import ClassVar

from zonediff.variants.v6_12 import V6_12


class V7_2(V6_12):
    """Linux v7.2: as v6.12.

    An eject of memory that holds kernel pages was seen to hang (docs/findings.md); a validation
    takes that from the recording.
    """

    name = "v7.2"
    origin = "Linux v7.2"
    released: ClassVar[str | None] = None
    ejects_may_hang: ClassVar[bool] = True
