"""Frontiers: the added memory that machines survive, as pictures and as a table of text.

Frontiers that look alike share one picture; most variants, paths and onliners look alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from tabulate import tabulate

from zonediff.engine.pressure import SWIOTLB_FROM, SWIOTLB_KIB
from zonediff.engine.units import GIB, KIB, MEMMAP_BYTES_PER_PAGE, MIB, PAGE
from zonediff.engine.words import count_of, letter
from zonediff.reports.text.plain import wrap
from zonediff.result.frontiers import EXAMPLE, Frontier, FrontierRow, State, state, survives

WIDTH: Final = 72

RATIO: Final = PAGE // MEMMAP_BYTES_PER_PAGE
"""Adding this many times the boot memory needs a memmap as large as boot memory (1 / 1.5625 %)."""

BASE, ADDED = EXAMPLE

MEANINGS: Final[dict[State, str]] = {
    "ok": "survives",
    "tight": "survives with less than half of its free memory left",
    "dies": "panics: no kernel memory is left for the memmap",
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
    """Frontiers that look alike, as one.

    letter: its name. frontier: one of them; a point is inferred only if it was run for none.
    owners: the paths, onliners and variants in words. variants: their names. same: whether all
    frontiers also agree in the numbers that were run.
    """

    letter: str
    frontier: Frontier
    owners: tuple[str, ...]
    variants: tuple[str, ...]
    same: bool

    @property
    def not_run(self) -> str:
        """The number of points that were not run, in words; empty when all were run."""
        rows = self.frontier.rows
        number = sum(len(row.inferred) for row in rows)
        points = count_of(len(rows) * len(self.frontier.added), "point")
        return f"{number} of {points} {'was' if number == 1 else 'were'} not run" if number else ""

    @property
    def numbers_of(self) -> str:
        """The variant, path and onliner with these numbers; empty when all have them."""
        item = self.frontier
        path, onliner = _PATHS.get(item.path, item.path), _ONLINERS.get(item.onliner, item.onliner)
        return "" if self.same else f"{item.variant}, {path}, {onliner}"


def pictures(frontiers: Sequence[Frontier]) -> list[Picture]:
    """One picture for each group of frontiers that look alike."""
    groups: dict[object, list[Frontier]] = {}
    for item in frontiers:
        look = tuple((row.base, tuple(states(row))) for row in item.rows)
        groups.setdefault((tuple(item.added), look), []).append(item)
    return [
        Picture(
            letter(number),
            _merged(group),
            tuple(_owners(group, frontiers)),
            tuple(_in_order(item.variant for item in group)),
            all(_agree(group[0], item) for item in group),
        )
        for number, group in enumerate(groups.values())
    ]


def _merged(group: Sequence[Frontier]) -> Frontier:
    """The frontier with the most points run; inferred are the points that none of the group ran."""
    fullest = min(group, key=lambda item: sum(len(row.inferred) for row in item.rows))
    rows = [
        replace(row, inferred=sorted(set(row.inferred).intersection(*(r.inferred for r in others))))
        for row, *others in zip(fullest.rows, *(item.rows for item in group), strict=True)
    ]
    return replace(fullest, rows=rows)


def _agree(first: Frontier, second: Frontier) -> bool:
    """Whether all points that were run for both left the same amount of memory."""
    return all(
        row.free_kib == other.free_kib
        and all(
            left == right or number in row.inferred or number in other.inferred
            for number, (left, right) in enumerate(zip(row.least_kib, other.least_kib, strict=True))
        )
        for row, other in zip(first.rows, second.rows, strict=True)
    )


def states(row: FrontierRow) -> Iterator[State]:
    """The state after adding each size."""
    for least in row.least_kib:
        yield state(row.free_kib, least)


def _owners(group: Sequence[Frontier], everyone: Sequence[Frontier]) -> Iterator[str]:
    """A line for each path and set of variants that has the same onliners in this group."""
    for path in _in_order(item.path for item in group):
        all_here = [item for item in everyone if item.path == path]
        variants = _in_order(item.variant for item in all_here)
        onliners = _in_order(item.onliner for item in all_here)
        by_onliner: dict[str, list[str]] = {}
        for item in group:
            if item.path == path:
                by_onliner.setdefault(item.onliner, []).append(item.variant)
        shared: dict[tuple[str, ...], list[str]] = {}
        for onliner, on_variants in by_onliner.items():
            shared.setdefault(tuple(on_variants), []).append(onliner)
        for names, by_names in shared.items():
            who = " or ".join(_ONLINERS.get(name, name) for name in by_names)
            if len(by_names) == len(onliners) > 1:
                who = "whoever onlines it"
            on = "all variants" if len(names) == len(variants) > 1 else ", ".join(names)
            yield f"{_PATHS.get(path, path)}, {who}: {on}"


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


# --- text -----------------------------------------------------------------------------------------


def frontier_table(frontiers: Sequence[Frontier]) -> str:
    """The most that each machine survives: an ASCII table of at most 72 columns, and a legend."""
    drawn = pictures(frontiers)
    lines: list[str] = []
    for start in range(0, len(drawn), _COLUMNS):
        lines += [*_columns(drawn[start : start + _COLUMNS]), ""]
    for picture in drawn:
        for number, line in enumerate(picture.owners):
            lines += wrap(line, WIDTH, "   " if number else f"{picture.letter:3}", "     ")
        for text in (*reversals(picture.frontier), _example(picture)):
            lines += wrap(text, WIDTH, "   ", "     ")
    lines += wrap(
        f"x {RATIO}: the memmap of this size ({100 / RATIO:g} % of it) is as large as boot memory.",
        WIDTH,
    )
    return "\n".join(lines) + "\n"


_COLUMNS: Final = 5


def _columns(drawn: Sequence[Picture]) -> list[str]:
    """The table of a few pictures of one sweep."""
    heads = ["boot memory", f"x {RATIO}", *(picture.letter for picture in drawn)]
    rows = [
        [
            short_size(row.base),
            short_size(RATIO * row.base),
            *(most_survived(picture.frontier, number) for picture in drawn),
        ]
        for number, row in enumerate(drawn[0].frontier.rows)
    ]
    align = ["right"] * len(heads)
    return tabulate(rows, heads, disable_numparse=True, colalign=align).splitlines()


def most_survived(frontier: Frontier, number: int) -> str:
    """The most memory that the machine of this row survives, in words."""
    size = survives(frontier, frontier.rows[number])
    if size == frontier.added[-1]:
        return f">= {short_size(size)}"
    return short_size(size) if size else f"< {short_size(frontier.added[0])}"


def reversals(frontier: Frontier) -> list[str]:
    """Why a machine survives more than the next larger one; empty if none does."""
    return [
        f"{short_size(small.base)} survives more than {short_size(large.base)}: "
        f"{_why(small, large)}"
        for small, large in pairwise(frontier.rows)
        if survives(frontier, small) > survives(frontier, large)
    ]


def _why(small: FrontierRow, large: FrontierRow) -> str:
    """The free memory of two machines after boot, and what the larger one keeps beside it."""
    free = [row.free_kib * KIB // MIB for row in (small, large)]
    if small.free_kib <= large.free_kib:
        return f"not for its free memory, which is {free[0]} MiB after boot and {free[1]} MiB there"
    buffers = (
        f", where the kernel keeps {SWIOTLB_KIB * KIB // MIB} MiB of bounce buffers (swiotlb)"
        if small.base < SWIOTLB_FROM <= large.base
        else ""
    )
    return f"after boot it has {free[0]} MiB free and the larger one {free[1]} MiB{buffers}"


def _example(picture: Picture) -> str:
    """The outcome of the example from the discussion; empty when the sweep does not cover it."""
    frontier = picture.frontier
    for row in frontier.rows:
        if row.base == BASE and ADDED in frontier.added:
            least = row.least_kib[frontier.added.index(ADDED)]
            example = f"=> {short_size(ADDED)} into {short_size(BASE)}"
            if least is None:
                return f"{example} ends in a panic"
            share = 100 * (row.free_kib - least) // max(row.free_kib, 1)
            return (
                f"{example} takes up to {share} % of free memory and leaves "
                f"{least * KIB // MIB} MiB"
            )
    return ""


def short_size(size: int) -> str:
    """Bytes as `10.75G` or `96M`."""
    return f"{size / GIB:g}G" if size >= GIB else f"{size / MIB:g}M"
