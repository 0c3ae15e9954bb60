"""A stage of a series together with the kernel image that was built of it."""

from __future__ import annotations

from dataclasses import dataclass

from zonediff.live.image import Image
from zonediff.result.reviews import Stage


@dataclass(frozen=True, slots=True)
class StageImage:
    """A stage whose outcome is `ready`, and its image."""

    stage: Stage
    image: Image
