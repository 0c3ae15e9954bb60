"""A chart of the kernel memory that is left after adding memory: a line for each boot memory.

The amount is the lowest one: after the memmap was allocated and before the new memory was online.
A line ends where the kernel dies. Only points that were run are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from markupsafe import Markup, escape

from zonediff.engine.units import KIB, MIB
from zonediff.reports.page.frontier import ADDED, BASE, short_size
from zonediff.reports.page.frontier_axes import (
    LEFT,
    TOP,
    WIDTH,
    example,
    largest,
    opening,
    ticks,
    x_of,
)
from zonediff.result.frontiers import Frontier, FrontierRow

LINES: Final = 8
"""The most lines, besides that of the example."""

POINTS: Final = 130
"""The most points of a line, besides its last one."""

_HEIGHT: Final = 220
_RIGHT: Final = 56
_APART: Final = 13
_LEVELS: Final = 4


def frontier_remaining(frontier: Frontier, owners: str) -> Markup:
    """The chart as an SVG. owners: whose numbers these are, empty when everyone has them."""
    rows = shown(frontier.rows)
    last = largest(frontier)
    top = max((row.free_kib for row in rows), default=0) or 1
    height = TOP + _HEIGHT
    parts = [opening("frontier left", _RIGHT, height, escape(_in_words(rows, frontier)))]
    for kib in levels(top):
        y = _y(kib, top)
        parts.append(
            f'<path class="level" d="M{LEFT} {y:g}h{WIDTH}"/><text class="start" '
            f'x="{LEFT + WIDTH + 6}" y="{y + 4:g}">{kib * KIB // MIB} MiB</text>'
        )
    labels = apart([_y(row.free_kib, top) for row in rows])
    for row, label in zip(rows, labels, strict=True):
        parts.append(
            f'<text class="end" x="{LEFT - 6}" y="{label + 4:g}">{short_size(row.base)}</text>'
        )
        parts.append(f'<path class="line" d="{_line(row, frontier.added, last, top)}"/>')
        parts += (
            f'<path class="dies" d="M{x_of(size, last) - 4} {height - 4}l8 8m0 -8l-8 8"/>'
            for size in _deaths(row, frontier.added)
        )
        if row.base == BASE and ADDED in frontier.added:
            least = row.least_kib[frontier.added.index(ADDED)]
            if least is not None:
                parts.append(example(last, _y(least, top)))
    parts += ticks(last, height + 18)
    some = (
        "" if len(rows) == len(frontier.rows) else f", {len(rows)} of {len(frontier.rows)} machines"
    )
    numbers_of = f"; of {escape(owners)}" if owners else ""
    parts.append(
        f'<text class="start" x="{LEFT}" y="{height + 36}">least kernel memory left, '
        f"by boot memory{some}{numbers_of}</text></svg>"
    )
    return Markup("".join(parts))


def shown(rows: Sequence[FrontierRow]) -> list[FrontierRow]:
    """The machines with a line: evenly chosen, with the first, the last and the example."""
    if len(rows) <= LINES:
        return list(rows)
    chosen = {number * (len(rows) - 1) // (LINES - 1) for number in range(LINES)}
    return [row for number, row in enumerate(rows) if number in chosen or row.base == BASE]


def levels(top: int) -> list[int]:
    """Round amounts of KiB from 0 up to the top one, few enough to read."""
    step = 1 << 10
    while top // step > _LEVELS:
        step *= 2
    return [*range(0, top + 1, step)]


def apart(places: Sequence[float]) -> list[float]:
    """The places of labels, moved down as far as needed so that none overlap."""
    moved = dict.fromkeys(range(len(places)), 0.0)
    previous = -float(_APART)
    for index in sorted(moved, key=lambda index: places[index]):
        moved[index] = previous = max(places[index], previous + _APART)
    return list(moved.values())


def _line(row: FrontierRow, added: Sequence[int], last: int, top: int) -> str:
    """The path of a line: it starts at the free memory after boot and breaks at deaths."""
    path, pen = f"M{LEFT} {_y(row.free_kib, top):g}", "L"
    for size, least in _points(row, added):
        if least is None:
            pen = "M"
        else:
            path, pen = f"{path}{pen}{x_of(size, last)} {_y(least, top):g}", "L"
    return path


def _points(row: FrontierRow, added: Sequence[int]) -> Iterator[tuple[int, int | None]]:
    """The drawn points: some of those that were run, and always the last one before a death."""
    inferred = set(row.inferred)
    run = [index for index in range(len(added)) if index not in inferred]
    every = -(-len(run) // POINTS)
    for number, index in enumerate(run):
        ends = number + 1 == len(run) or row.least_kib[run[number + 1]] is None
        if number % every == 0 or ends:
            yield added[index], row.least_kib[index]


def _deaths(row: FrontierRow, added: Sequence[int]) -> Iterator[int]:
    """The first size of each range that the machine does not survive."""
    alive = True
    for size, least in zip(added, row.least_kib, strict=True):
        if alive and least is None:
            yield size
        alive = least is not None


def _y(kib: int, top: int) -> float:
    return round(TOP + _HEIGHT - _HEIGHT * kib / top, 1)


def _in_words(rows: Sequence[FrontierRow], frontier: Frontier) -> str:
    """The chart in words."""
    lines = []
    for row in rows:
        run = zip(frontier.added, row.least_kib, strict=True)
        *_, (size, least) = ((0, row.free_kib), *((s, kib) for s, kib in run if kib is not None))
        lines.append(
            f"{short_size(row.base)} of boot memory: {row.free_kib * KIB // MIB} MiB free, "
            f"{least * KIB // MIB} MiB left after adding {short_size(size)}"
        )
    return "; ".join(lines)
