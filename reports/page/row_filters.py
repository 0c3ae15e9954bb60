"""What each count of the verdicts leads to: these rows of the matrix, and no others.

The page does it by style rules for the element that its address names (`:target`), so that it
works without a script; with one, the filter above the matrix is set instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from zonediff.reports.page.report import Report
from zonediff.reports.page.verdicts import Verdict
from zonediff.reports.text.kinds import Class, css

Shown = Class | Literal["dies", "met"]
"""A class; a regression in which the kernel dies; or that the baseline meets all goals."""


@dataclass(frozen=True, slots=True)
class Only:
    """A place to link to, at which only those rows are listed that show `kind` in a column.

    column: of the matrix, 0 for the baseline. variant: the candidate, "" for the baseline.
    text: what they are.
    """

    anchor: str
    kind: Shown
    column: int
    variant: str
    text: str


def anchor(kind: Shown, column: int) -> str:
    """Where these are listed; ids of a result have no `:`, so none can clash."""
    return f"{kind}:{column}"


def counted(report: Report) -> list[Only]:
    """Every place that a count leads to."""
    return [
        _baseline(report),
        *(
            only
            for column, verdict in enumerate(report.verdicts, start=1)
            for only in _candidate(verdict, column)
        ),
    ]


def _baseline(report: Report) -> Only:
    text = f"scenarios in which {report.baseline} meets all goals"
    return Only(anchor("met", 0), "met", 0, "", text)


def _candidate(verdict: Verdict, column: int) -> Iterator[Only]:
    name = verdict.link.name
    for count in verdict.counts:
        if count.number:
            text = f"{count.words} of {name}"
            yield Only(anchor(count.kind, column), count.kind, column, name, text)
        if count.deaths:
            text = f"scenarios in which the kernel dies with {name}"
            yield Only(anchor("dies", column), "dies", column, name, text)


def rules(places: Iterable[Only]) -> Iterator[str]:
    """A style rule for each place: rows that do not show it are not displayed."""
    for place in places:
        at = f'[id="{place.anchor}"]:target'
        if place.kind == "abi-removal":
            yield f"{at} ~ .lost li:not(.v{place.column}) {{ display: none; }}"
        else:
            cell = f"td:nth-child({place.column + 2})"
            shows = ":not([class])" if place.kind == "unchanged" else f".{css(place.kind)}"
            rows = f".scroll .s:not(:has({cell}{shows}))"
            yield f".filter[hidden] ~ {at} ~ {rows} {{ display: none; }}"
