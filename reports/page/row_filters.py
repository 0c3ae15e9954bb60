"""Links from each count of a verdict to the rows that it counts.

Style rules for `:target`, the element that the address names, hide the other rows, so that this
works without a script. The script sets the filter above the matrix instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from zonediff.reports.page.report import Report
from zonediff.reports.page.verdicts import Verdict
from zonediff.reports.text.kinds import Class, css

RowKind = Class | Literal["dies", "met"]
"""A class; `dies`: regressions in which the kernel dies; `met`: the baseline meets all goals."""


@dataclass(frozen=True, slots=True)
class RowFilter:
    """A link target that leaves only the rows with `kind` in a column.

    column: in the matrix, 0 for the baseline. variant: the candidate, "" for the baseline.
    text: the rows in words.
    """

    anchor: str
    kind: RowKind
    column: int
    variant: str
    text: str


def filter_anchor(kind: RowKind, column: int) -> str:
    """The id of a link target; it has a `:`, which no anchor of a result has."""
    return f"{kind}:{column}"


def row_filters(report: Report) -> list[RowFilter]:
    """Every link target that a count of the report needs."""
    return [
        _baseline(report),
        *(
            row_filter
            for column, verdict in enumerate(report.verdicts, start=1)
            for row_filter in _candidate(verdict, column)
        ),
    ]


def _baseline(report: Report) -> RowFilter:
    text = f"scenarios in which {report.baseline} meets all goals"
    return RowFilter(filter_anchor("met", 0), "met", 0, "", text)


def _candidate(verdict: Verdict, column: int) -> Iterator[RowFilter]:
    name = verdict.link.name
    for count in verdict.counts:
        if count.number:
            text = f"{count.words} of {name}"
            yield RowFilter(filter_anchor(count.kind, column), count.kind, column, name, text)
        if count.deaths:
            text = f"scenarios in which the kernel dies with {name}"
            yield RowFilter(filter_anchor("dies", column), "dies", column, name, text)


def style_rules(filters: Iterable[RowFilter]) -> Iterator[str]:
    """A style rule for each link target: it hides the rows that do not match."""
    for item in filters:
        target = f'[id="{item.anchor}"]:target'
        if item.kind == "abi-removal":
            yield f"{target} ~ .lost li:not(.v{item.column}) {{ display: none; }}"
        else:
            cell = f"td:nth-child({item.column + 2})"
            shows = ":not([class])" if item.kind == "unchanged" else f".{css(item.kind)}"
            rows = f".scroll .s:not(:has({cell}{shows}))"
            yield f".filter[hidden] ~ {target} ~ {rows} {{ display: none; }}"
