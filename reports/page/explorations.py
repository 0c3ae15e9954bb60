"""What exploring found: who behaves like whom on small machines, and what tells others apart."""

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
    "alike": "equivalent: no sequence of these steps, of any length, tells them apart",
    "within": "refines: what succeeds on the row's variant succeeds alike on the column's",
    "beyond": "refined: what succeeds on the column's variant succeeds alike on the row's",
    "apart": "differs both ways",
    "bounded": "nothing tells them apart within the bound that was explored",
    "failed": "one of the two could not be explored",
}

SHOWN: Final = 5
"""How many kinds of difference are shown for each pair; the result has them all."""


@dataclass(frozen=True, slots=True)
class Cell:
    """How the variant of a row stands to that of a column; None on the diagonal."""

    standing: Standing | None
    kinds: int


@dataclass(frozen=True, slots=True)
class Row:
    """A variant, and how it stands to each of the arena's variants."""

    variant: Link
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Parted:
    """Variants that are alike, and what tells the first of them from the baseline.

    more: how many kinds of difference are not among `witnesses`.
    """

    variants: tuple[Link, ...]
    standing: Standing
    depth: int | None
    error: str | None
    witnesses: tuple[DifferenceWitness, ...]
    more: int


@dataclass(frozen=True, slots=True)
class ArenaView:
    """A machine, and all pairs of variants on it."""

    name: str
    about: str
    level: str
    rows: tuple[Row, ...]
    parted: tuple[Parted, ...]


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
        Row(index.variant(one), tuple(_cell(pairs, one, two) for two in names)) for one in names
    )
    parted = tuple(_parted(index, pairs, names))
    return ArenaView(items[0].arena, items[0].about, items[0].level, rows, parted)


def _cell(pairs: dict[tuple[str, str], Exploration], one: str, two: str) -> Cell:
    item = pairs.get((one, two))
    if item is not None:
        return Cell(standing(item), len(item.witnesses))
    item = pairs.get((two, one))
    if item is None:
        return Cell(None, 0)
    turned: dict[Standing, Standing] = {"within": "beyond", "beyond": "within"}
    found = standing(item)
    return Cell(turned.get(found, found), len(item.witnesses))


def standing(item: Exploration) -> Standing:
    """How the baseline of an exploration stands to its candidate."""
    if item.verdict == "error":
        return "failed"
    if item.verdict == "equivalent":
        return "alike" if item.depth is None else "bounded"
    if item.refines:
        return "within"
    return "beyond" if item.refined else "apart"


def _parted(
    index: Index, pairs: dict[tuple[str, str], Exploration], names: Sequence[str]
) -> Iterator[Parted]:
    """What tells the first variant from each group of others that are alike."""
    told: set[str] = set()
    for number, name in enumerate(names[1:], 1):
        item = pairs.get((names[0], name))
        if item is None or item.verdict == "equivalent" or name in told:
            continue
        alike = [name, *(o for o in names[number + 1 :] if _alike(pairs.get((name, o))))]
        told.update(alike)
        shown = tuple(item.witnesses[:SHOWN])
        yield Parted(
            tuple(index.variant(other) for other in alike),
            standing(item),
            item.depth,
            item.error,
            shown,
            len(item.witnesses) - len(shown),
        )


def _alike(item: Exploration | None) -> bool:
    return item is not None and standing(item) == "alike"
