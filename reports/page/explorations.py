"""Explorations on the page: the relations of the variants of each arena, with witnesses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from zonediff.reports.page.index import Index, Link
from zonediff.result.explorations import DifferenceWitness, Exploration

Standing = Literal["alike", "within", "beyond", "apart", "bounded", "failed"]

SIGNS: Final[dict[Standing, str]] = {
    "alike": "=",
    "within": "⊂",
    "beyond": "⊃",
    "apart": "≠",
    "bounded": "≈",
    "failed": "!",
}
MEANINGS: Final[dict[Standing, str]] = {
    "alike": "equivalent: no sequence of these steps, of any length, shows a difference",
    "within": "every step that succeeds on the row's variant has the same success on the column's",
    "beyond": "every step that succeeds on the column's variant has the same success on the row's",
    "apart": "different: neither does everything that the other does",
    "bounded": "no difference within the explored bound, or in what a real kernel shows",
    "failed": "one of the two could not be explored",
}

SHOWN: Final = 5
"""The most kinds of difference shown for a pair; the result has them all."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The relation of a row's variant to a column's; standing None on the diagonal."""

    standing: Standing | None
    kinds: int


@dataclass(frozen=True, slots=True)
class Row:
    """A variant, with its relation to each variant of the arena."""

    variant: Link
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class VariantDifferences:
    """Equivalent variants, with witnesses of the differences between the first and the baseline.

    more: the number of kinds of difference without a witness here.
    """

    variants: tuple[Link, ...]
    standing: Standing
    depth: int | None
    error: str | None
    witnesses: tuple[DifferenceWitness, ...]
    more: int


@dataclass(frozen=True, slots=True)
class ArenaView:
    """An arena, and all pairs of variants on it."""

    name: str
    about: str
    level: str
    rows: tuple[Row, ...]
    differences: tuple[VariantDifferences, ...]


def arenas(index: Index) -> tuple[ArenaView, ...]:
    """Every arena of the result, in its order."""
    by_arena: dict[str, list[Exploration]] = {}
    for item in index.result.explorations:
        by_arena.setdefault(item.arena, []).append(item)
    return tuple(_arena(index, items) for items in by_arena.values())


def _arena(index: Index, items: Sequence[Exploration]) -> ArenaView:
    names = list(dict.fromkeys(name for item in items for name in (item.baseline, item.candidate)))
    pairs = {(item.baseline, item.candidate): item for item in items}
    rows = tuple(
        Row(index.variant(name), tuple(_cell(pairs, name, other) for other in names))
        for name in names
    )
    differences = tuple(_differences(index, pairs, names))
    return ArenaView(items[0].arena, items[0].about, items[0].level, rows, differences)


def _cell(pairs: dict[tuple[str, str], Exploration], row: str, column: str) -> Cell:
    item = pairs.get((row, column))
    if item is not None:
        return Cell(standing(item), len(item.witnesses))
    item = pairs.get((column, row))
    if item is None:
        return Cell(None, 0)
    reversed_standing: dict[Standing, Standing] = {"within": "beyond", "beyond": "within"}
    forward = standing(item)
    return Cell(reversed_standing.get(forward, forward), len(item.witnesses))


def standing(item: Exploration) -> Standing:
    """The relation of the baseline of an exploration to its candidate."""
    if item.verdict == "error":
        return "failed"
    if item.verdict == "equivalent":
        return "alike" if item.depth is None and item.tour is None else "bounded"
    if item.refines:
        return "within"
    return "beyond" if item.refined else "apart"


def _differences(
    index: Index, pairs: dict[tuple[str, str], Exploration], names: Sequence[str]
) -> Iterator[VariantDifferences]:
    """The differences between the first variant and each group of equivalent others."""
    grouped: set[str] = set()
    for number, name in enumerate(names[1:], 1):
        item = pairs.get((names[0], name))
        if item is None or item.verdict == "equivalent" or name in grouped:
            continue
        later = names[number + 1 :]
        group = [name, *(other for other in later if _alike(pairs.get((name, other))))]
        grouped.update(group)
        shown = tuple(item.witnesses[:SHOWN])
        yield VariantDifferences(
            tuple(index.variant(other) for other in group),
            standing(item),
            item.depth,
            item.error,
            shown,
            len(item.witnesses) - len(shown),
        )


def _alike(item: Exploration | None) -> bool:
    return item is not None and standing(item) == "alike"
