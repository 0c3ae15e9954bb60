"""The error of a review that cannot be made as asked."""

from __future__ import annotations

from zonediff.engine.errors import ZonediffError


class ReviewError(ZonediffError):
    """A review cannot be made as asked; the message says why and what would help."""
