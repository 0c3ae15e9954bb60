"""How much added memory machines survive: a picture for pages, a table for mails.

Most variants survive the same, whoever onlines what comes how; those that do share one picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from markupsafe import escape
from tabulate import tabulate

from zonediff.compare.result import Frontier, FrontierRow
from zonediff.compare.sweep.bisection import State, state
from zonediff.compare.sweep.frontier import survives
from zonediff.compare.sweep.plan import EXAMPLE
from zonediff.engine.units import GIB, KIB, MEMMAP_BYTES_PER_PAGE, MIB, PAGE
from zonediff.reports.plain import wrap
from zonediff.reports.words import letter

WIDTH: Final = 72

RATIO: Final = PAGE // MEMMAP_BYTES_PER_PAGE
"""The memmap of so many times the boot memory is as large as it: 1 / 1.5625 %."""

BASE, ADDED = EXAMPLE

MEANINGS: Final[dict[State, str]] = {
    "ok": "survives",
    "tight": "survives with less than half of its free memory left",
    "dies": "runs out of kernel memory: panic",
}
SIGNS: Final[dict[State, str]] = {"ok": "+", "tight": "~", "dies": "x"}

_PATHS: Final = {
    "acpi": "one DIMM",
    "chunks": "DIMMs of 128M, one after the other",
    "hyperv": "a Hyper-V host, 128M at a time",
}
_ONLINERS: Final = {
    "kernel": "the knob (where there is one) at online",
    "udev": "onlined by udev at once",
    "udev-movable": "onlined as movable by udev at once",
    "nobody": "nobody to online it",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """Frontiers that look alike, and whose they are, in words."""

    letter: str
    frontier: Frontier
    whose: tuple[str, ...]


def pictures(frontiers: Sequence[Frontier]) -> list[Picture]:
    """The frontiers, those together that look alike."""
    groups: dict[object, list[Frontier]] = {}
    for item in frontiers:
        look = tuple((row.base, tuple(_states(row))) for row in item.rows)
        groups.setdefault((tuple(item.added), look), []).append(item)
    return [
        Picture(letter(number), group[0], tuple(_whose(group, frontiers)))
        for number, group in enumerate(groups.values())
    ]


def _states(row: FrontierRow) -> Iterator[State]:
    for least in row.least_kib:
        yield state(row.free_kib, least)


def _whose(group: Sequence[Frontier], everyone: Sequence[Frontier]) -> Iterator[str]:
    """One line for each path and those variants on it that are here with the same onliners."""
    for path in _in_order(item.path for item in group):
        all_here = [item for item in everyone if item.path == path]
        variants = _in_order(item.variant for item in all_here)
        onliners = _in_order(item.onliner for item in all_here)
        by_onliner: dict[str, list[str]] = {}
        for item in group:
            if item.path == path:
                by_onliner.setdefault(item.onliner, []).append(item.variant)
        shared: dict[tuple[str, ...], list[str]] = {}
        for onliner, names in by_onliner.items():
            shared.setdefault(tuple(names), []).append(onliner)
        for alike, by in shared.items():
            who = " or ".join(_ONLINERS.get(name, name) for name in by)
            if len(by) == len(onliners) > 1:
                who = "whoever onlines it"
            on = "all variants" if len(alike) == len(variants) > 1 else ", ".join(alike)
            yield f"{_PATHS.get(path, path)}, {who}: {on}"


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


# --- text -----------------------------------------------------------------------------------------


def frontier_table(frontiers: Sequence[Frontier]) -> str:
    """What each machine survives, as an ASCII table of at most 72 columns and its legend."""
    drawn = pictures(frontiers)
    lines: list[str] = []
    for start in range(0, len(drawn), _COLUMNS):
        lines += [*_columns(drawn[start : start + _COLUMNS]), ""]
    for picture in drawn:
        for number, line in enumerate(picture.whose):
            lines += wrap(line, WIDTH, "   " if number else f"{picture.letter:3}", "     ")
        lines += wrap(_example(picture), WIDTH, "   ", "     ")
    lines += wrap(
        f"x {RATIO}: the size whose memmap, {100 / RATIO:g} % of it, is as large as boot memory.",
        WIDTH,
    )
    return "\n".join(lines) + "\n"


_COLUMNS: Final = 5


def _columns(drawn: Sequence[Picture]) -> list[str]:
    """A table of a few pictures, all of which are of the same sweep."""
    heads = ["boot memory", f"x {RATIO}", *(picture.letter for picture in drawn)]
    rows = [
        [_size(row.base), _size(RATIO * row.base), *(_most(p.frontier, at) for p in drawn)]
        for at, row in enumerate(drawn[0].frontier.rows)
    ]
    align = ["right"] * len(heads)
    return tabulate(rows, heads, disable_numparse=True, colalign=align).splitlines()


def _most(frontier: Frontier, at: int) -> str:
    most = survives(frontier, frontier.rows[at])
    if most == frontier.added[-1]:
        return f">= {_size(most)}"
    return _size(most) if most else f"< {_size(frontier.added[0])}"


def _example(picture: Picture) -> str:
    """What the picture says of the discussed example; nothing where it does not have it."""
    frontier = picture.frontier
    for row in frontier.rows:
        if row.base == BASE and ADDED in frontier.added:
            least = row.least_kib[frontier.added.index(ADDED)]
            told = f"=> {_size(ADDED)} into {_size(BASE)}"
            if least is None:
                return f"{told} ends in a panic"
            share = 100 * (row.free_kib - least) // max(row.free_kib, 1)
            return (
                f"{told} takes up to {share} % of what is free, {least * KIB // MIB} MiB are left"
            )
    return ""


def _size(size: int) -> str:
    return f"{size / GIB:g}G" if size >= GIB else f"{size / MIB:g}M"


# --- picture --------------------------------------------------------------------------------------

_LEFT: Final = 52
_TOP: Final = 8
_ROW: Final = 24
_MAP: Final = 520
_FOOT: Final = 40
_TICKS: Final = 9


def frontier_svg(frontier: Frontier) -> str:
    """The frontier as an SVG heat map; colours come from the page's style.

    One line a machine, sizes from left to right; each state has a sign besides its colour.
    """
    last = max(frontier.added, default=GIB)
    height = _TOP + _ROW * len(frontier.rows)
    parts = [
        f'<svg class="frontier" viewBox="0 0 {_LEFT + _MAP + 24} {height + _FOOT}" '
        f'width="{_LEFT + _MAP + 24}" height="{height + _FOOT}" role="img" '
        f'aria-label="{escape(_in_words(frontier))}">'
    ]
    for number, row in enumerate(frontier.rows):
        y = _TOP + _ROW * number
        middle = y + _ROW // 2 + 4
        parts.append(f'<text class="end" x="{_LEFT - 6}" y="{middle}">{_size(row.base)}</text>')
        for what, start, stop in _runs(frontier, row):
            x, end = _x(start, last), _x(stop, last)
            parts.append(
                f'<rect class="{what}" x="{x}" y="{y}" width="{end - x}" height="{_ROW - 1}"/>'
            )
            if end - x > 14:
                parts.append(f'<text class="{what}" x="{x + 8}" y="{middle}">{SIGNS[what]}</text>')
        if RATIO * row.base <= last:
            x = _x(RATIO * row.base, last)
            parts.append(f'<path class="ratio" d="M{x} {y}v{_ROW}"/>')
        if row.base == BASE and last >= ADDED:
            parts.append(
                f'<circle class="example" cx="{_x(ADDED, last)}" cy="{y + _ROW // 2}" r="7">'
                f"<title>{_size(ADDED)} into {_size(BASE)}</title></circle>"
            )
    for size in _ticks(last):
        parts.append(f'<text x="{_x(size, last)}" y="{height + 14}">{_size(size)}</text>')
    parts.append(
        f'<text class="start" x="{_LEFT}" y="{height + 32}">added memory, by boot memory; '
        f"dashed: its memmap ({100 / RATIO:g} %) fills boot memory</text></svg>"
    )
    return "".join(parts)


def _runs(frontier: Frontier, row: FrontierRow) -> Iterator[tuple[State, int, int]]:
    """Neighbouring sizes of the same state; each stands for what is above the size before it."""
    start = 0
    sizes = zip(_states(row), frontier.added, strict=True)
    for what, group in groupby(sizes, key=lambda item: item[0]):
        *_, (_, stop) = group
        yield what, start, stop
        start = stop


def _x(size: int, last: int) -> int:
    return _LEFT + _MAP * size // last


def _ticks(last: int) -> range:
    """Round sizes up to the last one, few enough to read."""
    step = 128 * MIB
    while last // step > _TICKS:
        step *= 2
    return range(step, last + 1, step)


def _in_words(frontier: Frontier) -> str:
    """What the picture shows."""
    lines = []
    for at, row in enumerate(frontier.rows):
        tight = [
            size for what, size in zip(_states(row), frontier.added, strict=True) if what == "tight"
        ]
        less = f", less than half left from {_size(tight[0])} on" if tight else ""
        lines.append(f"{_size(row.base)} survives {_most(frontier, at)}{less}")
    return "; ".join(lines)
