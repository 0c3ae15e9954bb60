"""A heat map of a frontier: a row for each machine, added memory from left to right.

Each state has a sign besides its colour, and sizes that were not run are hatched. The page's style
sheet has the colours.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from markupsafe import Markup, escape

from zonediff.reports.page.frontier import (
    ADDED,
    BASE,
    RATIO,
    SIGNS,
    most_survived,
    short_size,
    states,
)
from zonediff.reports.page.frontier_axes import LEFT, TOP, example, largest, opening, ticks, x_of
from zonediff.result.frontiers import Frontier, FrontierRow, State

_RIGHT: Final = 24
_ROW: Final = 24


def frontier_map(frontier: Frontier) -> Markup:
    """The frontier as an SVG."""
    last = largest(frontier)
    height = TOP + _ROW * len(frontier.rows)
    parts = [opening("frontier", _RIGHT, height, escape(_in_words(frontier)))]
    for number, row in enumerate(frontier.rows):
        y = TOP + _ROW * number
        middle = y + _ROW // 2 + 4
        parts.append(f'<text class="end" x="{LEFT - 6}" y="{middle}">{short_size(row.base)}</text>')
        signs = []
        for state, start, stop in _ranges(frontier, row):
            x, end = x_of(start, last), x_of(stop, last)
            parts.append(
                f'<rect class="{state}" x="{x}" y="{y}" width="{end - x}" height="{_ROW - 1}"/>'
            )
            if end - x > 14:
                signs.append(
                    f'<text class="{state}" x="{x + 8}" y="{middle}">{SIGNS[state]}</text>'
                )
        for start, stop in _not_run(frontier, row):
            x, end = x_of(start, last), x_of(stop, last)
            parts.append(
                f'<rect class="not-run" x="{x}" y="{y}" width="{end - x}" height="{_ROW - 1}"/>'
            )
        parts += signs
        if RATIO * row.base <= last:
            x = x_of(RATIO * row.base, last)
            parts.append(f'<path class="ratio" d="M{x} {y}v{_ROW}"/>')
        if row.base == BASE and last >= ADDED:
            parts.append(example(last, y + _ROW // 2))
    parts += ticks(last, height + 14)
    parts.append(
        f'<text class="start" x="{LEFT}" y="{height + 32}">added memory, by boot memory; '
        f"dashed: its memmap ({100 / RATIO:g} %) fills boot memory</text></svg>"
    )
    return Markup("".join(parts))


def _ranges(frontier: Frontier, row: FrontierRow) -> Iterator[tuple[State, int, int]]:
    """Ranges of sizes with the same state: (state, excluded start, included end)."""
    start = 0
    sizes = zip(states(row), frontier.added, strict=True)
    for state, group in groupby(sizes, key=lambda item: item[0]):
        *_, (_, stop) = group
        yield state, start, stop
        start = stop


def _not_run(frontier: Frontier, row: FrontierRow) -> Iterator[tuple[int, int]]:
    """Ranges of sizes that were not run: (excluded start, included end)."""
    sizes = [0, *frontier.added]
    # Consecutive indices have the same distance to their positions in the list.
    for _, group in groupby(enumerate(row.inferred), key=lambda item: item[1] - item[0]):
        (_, first), *_ = places = list(group)
        yield sizes[first], sizes[places[-1][1] + 1]


def _in_words(frontier: Frontier) -> str:
    """The picture in words."""
    lines = []
    for number, row in enumerate(frontier.rows):
        tight = [
            size
            for state, size in zip(states(row), frontier.added, strict=True)
            if state == "tight"
        ]
        less = f", less than half left from {short_size(tight[0])} on" if tight else ""
        lines.append(f"{short_size(row.base)} survives {most_survived(frontier, number)}{less}")
    return "; ".join(lines)
