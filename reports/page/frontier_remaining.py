"""How much kernel memory is left of a machine, the more is added: a line for each boot memory.

What is left is counted when it is scarcest: after the memmap was taken, before the new memory was
online. A line ends where the kernel does; only what was run is drawn.
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
"""So many machines have a line, and that of the example; a larger sweep shows some of them."""

POINTS: Final = 130
"""At most so many points of a line are drawn, beside its last one."""

_HEIGHT: Final = 220
_RIGHT: Final = 56
_APART: Final = 13
_LEVELS: Final = 4


def frontier_left(frontier: Frontier, whose: str) -> Markup:
    """The lines as an SVG. whose: those whose numbers they are, where it has to be said."""
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
    of = f"; of {escape(whose)}" if whose else ""
    parts.append(
        f'<text class="start" x="{LEFT}" y="{height + 36}">kernel memory left when it is scarcest, '
        f"by boot memory{some}{of}</text></svg>"
    )
    return Markup("".join(parts))


def shown(rows: Sequence[FrontierRow]) -> list[FrontierRow]:
    """The machines that have a line, evenly chosen, the first and the last among them."""
    if len(rows) <= LINES:
        return list(rows)
    chosen = {at * (len(rows) - 1) // (LINES - 1) for at in range(LINES)}
    return [row for at, row in enumerate(rows) if at in chosen or row.base == BASE]


def levels(top: int) -> list[int]:
    """Round amounts of KiB up to the top one, few enough to read; nothing is one of them."""
    step = 1 << 10
    while top // step > _LEVELS:
        step *= 2
    return [*range(0, top + 1, step)]


def apart(places: Sequence[float]) -> list[float]:
    """The same places, moved down so far that labels there do not overlap."""
    moved = dict.fromkeys(range(len(places)), 0.0)
    below = -float(_APART)
    for at in sorted(moved, key=lambda at: places[at]):
        moved[at] = below = max(places[at], below + _APART)
    return list(moved.values())


def _line(row: FrontierRow, added: Sequence[int], last: int, top: int) -> str:
    """The path of a line: it starts with what is free, and is broken by deaths."""
    path, pen = f"M{LEFT} {_y(row.free_kib, top):g}", "L"
    for size, least in _points(row, added):
        if least is None:
            pen = "M"
        else:
            path, pen = f"{path}{pen}{x_of(size, last)} {_y(least, top):g}", "L"
    return path


def _points(row: FrontierRow, added: Sequence[int]) -> Iterator[tuple[int, int | None]]:
    """Those points of a line that are drawn: of what was run, some, and all before a death."""
    inferred = set(row.inferred)
    run = [at for at in range(len(added)) if at not in inferred]
    every = -(-len(run) // POINTS)
    for number, at in enumerate(run):
        ends = number + 1 == len(run) or row.least_kib[run[number + 1]] is None
        if number % every == 0 or ends:
            yield added[at], row.least_kib[at]


def _deaths(row: FrontierRow, added: Sequence[int]) -> Iterator[int]:
    """The first size of each stretch that is not survived."""
    alive = True
    for size, least in zip(added, row.least_kib, strict=True):
        if alive and least is None:
            yield size
        alive = least is not None


def _y(kib: int, top: int) -> float:
    return round(TOP + _HEIGHT - _HEIGHT * kib / top, 1)


def _in_words(rows: Sequence[FrontierRow], frontier: Frontier) -> str:
    """What the lines show."""
    lines = []
    for row in rows:
        run = zip(frontier.added, row.least_kib, strict=True)
        *_, (size, least) = ((0, row.free_kib), *((s, kib) for s, kib in run if kib is not None))
        lines.append(
            f"of {row.free_kib * KIB // MIB} MiB free with {short_size(row.base)}, "
            f"{least * KIB // MIB} MiB are left after {short_size(size)}"
        )
    return "; ".join(lines)
