"""Patch series: the patches behind a variant, and the functions that its model restates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from zonediff.engine.words import count_of
from zonediff.reports.text.plain import to_ascii, wrap
from zonediff.result.series import LineUp, Patch, PatchLine

_INDENT: Final = "   "
_SHORT_ID: Final = 12
"""Hexadecimal digits of a commit id that are shown."""


@dataclass(frozen=True, slots=True)
class SeriesView:
    """A series. heading: its variant; lead: its source and base."""

    heading: str
    lead: str
    series: LineUp
    warnings: tuple[str, ...]
    summary: str


def series_view(series: LineUp) -> SeriesView:
    """A series in words."""
    base = f", on {series.base[:_SHORT_ID]}" if series.base else ""
    return SeriesView(
        heading=f"Patches that {series.variant} models",
        lead=f"From {series.source}{base}; compared with {series.baseline}.",
        series=series,
        warnings=tuple(series.warnings()),
        summary=_summary(series),
    )


def series_text(series: LineUp, width: int) -> Iterator[str]:
    """A series as ASCII text of at most `width` columns."""
    for number, line in enumerate(series.patches, 1):
        yield from _patch(number, len(series.patches), line, width)
        yield ""
    for stage in series.stages:
        names = ", ".join(stage.overrides) or "no function that a rule names"
        yield from wrap(f"{stage.variant} restates {names}.", width, rest="  ")
        if stage.untouched:
            yield from wrap(f"No patch changes {', '.join(stage.untouched)}.", width, "  ")
    if series.stages:
        yield ""
    for warning in series.warnings():
        yield from wrap(f"warning: {warning}", width, rest="  ")
    yield from wrap(_summary(series), width)


def short_id(patch: Patch) -> str:
    """A shortened commit id, or a whole message id."""
    return patch.id if "@" in patch.id else patch.id[:_SHORT_ID]


def _patch(number: int, total: int, line: PatchLine, width: int) -> Iterator[str]:
    patch = line.patch
    yield from wrap(f"{number}/{total} {patch.subject}", width, rest=_INDENT)
    about = ", ".join(filter(None, (patch.author, patch.date, short_id(patch))))
    yield from wrap(about, width, _INDENT)
    for file in patch.files:
        lines = "binary" if file.binary else f"+{file.added} -{file.removed}"
        yield from wrap(f"{to_ascii(file.path)} | {lines}", width, _INDENT)
    for note in patch.notes:
        yield from wrap(f"note: {note}", width, _INDENT)
    marked = [f"{name}*" if name in line.restated else name for name in patch.functions]
    yield from wrap(f"changes {', '.join(marked) or 'no C function'}", width, _INDENT)
    if line.stage is not None:
        variants = f" ({', '.join(line.by)})" if line.by else ""
        yield from wrap(f"stage {line.stage}{variants}", width, _INDENT)


def _summary(series: LineUp) -> str:
    restated = {name for line in series.patches for name in line.restated}
    warnings = f"; {count_of(len(series.warnings()), 'warning')}." if series.variant else "."
    return (
        f"{count_of(len(series.patches), 'patch', 'patches')}; the models restate "
        f"{count_of(len(restated), 'changed function')}{warnings}"
    )
