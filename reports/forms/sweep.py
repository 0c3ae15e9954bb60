"""The text of `zonediff sweep --adaptive` below its table."""

from __future__ import annotations

from collections.abc import Sequence

from zonediff.engine.words import count_of
from zonediff.result.frontiers import Frontier


def saved_text(frontiers: Sequence[Frontier]) -> str:
    """The number of machines that were booted, and of points that were inferred."""
    rows = [(item, row) for item in frontiers for row in item.rows]
    saved = sum(len(row.inferred) for _, row in rows)
    # If memory comes in pieces, one machine passes through all sizes.
    whole = sum(len(item.added) if item.path == "acpi" else 1 for item, _ in rows)
    return (
        f"{whole - saved} of {count_of(whole, 'machine')} stand behind this picture; "
        f"inferred from those around: {count_of(saved, 'point')}."
    )
