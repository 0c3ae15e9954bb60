"""How much added memory machines survive: what looks alike, and a table for mails.

Most variants survive the same, whoever onlines what comes how; those that do share one picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tabulate import tabulate

from zonediff.engine.units import GIB, KIB, MEMMAP_BYTES_PER_PAGE, MIB, PAGE
from zonediff.engine.words import letter
from zonediff.reports.text.plain import wrap
from zonediff.result.frontiers import EXAMPLE, Frontier, FrontierRow, State, state, survives

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
    """Frontiers that look alike, and whose they are, in words.

    frontier: one of them, of whose points those are inferred that were run on none. same: whether
    all have its numbers, too, as far as both were run.
    """

    letter: str
    frontier: Frontier
    whose: tuple[str, ...]
    same: bool

    @property
    def not_run(self) -> str:
        """How many points were not run, in words; nothing where all were."""
        rows = self.frontier.rows
        number, all = sum(len(row.inferred) for row in rows), len(rows) * len(self.frontier.added)
        return f"{number} of {all} points were not run" if number else ""

    @property
    def speaks_for(self) -> str:
        """Whose numbers these are, in words; nothing where they are everyone's."""
        one = self.frontier
        path, onliner = _PATHS.get(one.path, one.path), _ONLINERS.get(one.onliner, one.onliner)
        return "" if self.same else f"{one.variant}, {path}, {onliner}"


def pictures(frontiers: Sequence[Frontier]) -> list[Picture]:
    """The frontiers, those together that look alike."""
    groups: dict[object, list[Frontier]] = {}
    for item in frontiers:
        look = tuple((row.base, tuple(states(row))) for row in item.rows)
        groups.setdefault((tuple(item.added), look), []).append(item)
    return [
        Picture(
            letter(number),
            _together(group),
            tuple(_whose(group, frontiers)),
            all(_agree(group[0], item) for item in group),
        )
        for number, group in enumerate(groups.values())
    ]


def _together(group: Sequence[Frontier]) -> Frontier:
    """The frontier of a group of which most was run, with what was run on none of them."""
    one = min(group, key=lambda item: sum(len(row.inferred) for row in item.rows))
    rows = [
        replace(row, inferred=sorted(set(row.inferred).intersection(*(r.inferred for r in alike))))
        for row, *alike in zip(one.rows, *(item.rows for item in group), strict=True)
    ]
    return replace(one, rows=rows)


def _agree(one: Frontier, two: Frontier) -> bool:
    """Whether what was run on both left the same."""
    return all(
        row.free_kib == other.free_kib
        and all(
            left == right or at in row.inferred or at in other.inferred
            for at, (left, right) in enumerate(zip(row.least_kib, other.least_kib, strict=True))
        )
        for row, other in zip(one.rows, two.rows, strict=True)
    )


def states(row: FrontierRow) -> Iterator[State]:
    """What became of each size."""
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
        [
            short_size(row.base),
            short_size(RATIO * row.base),
            *(most(p.frontier, at) for p in drawn),
        ]
        for at, row in enumerate(drawn[0].frontier.rows)
    ]
    align = ["right"] * len(heads)
    return tabulate(rows, heads, disable_numparse=True, colalign=align).splitlines()


def most(frontier: Frontier, at: int) -> str:
    """The most that a row's machine survives, in words."""
    size = survives(frontier, frontier.rows[at])
    if size == frontier.added[-1]:
        return f">= {short_size(size)}"
    return short_size(size) if size else f"< {short_size(frontier.added[0])}"


def _example(picture: Picture) -> str:
    """What the picture says of the discussed example; nothing where it does not have it."""
    frontier = picture.frontier
    for row in frontier.rows:
        if row.base == BASE and ADDED in frontier.added:
            least = row.least_kib[frontier.added.index(ADDED)]
            told = f"=> {short_size(ADDED)} into {short_size(BASE)}"
            if least is None:
                return f"{told} ends in a panic"
            share = 100 * (row.free_kib - least) // max(row.free_kib, 1)
            return (
                f"{told} takes up to {share} % of what is free, {least * KIB // MIB} MiB are left"
            )
    return ""


def short_size(size: int) -> str:
    """Bytes as `10.75G` or `96M`."""
    return f"{size / GIB:g}G" if size >= GIB else f"{size / MIB:g}M"
