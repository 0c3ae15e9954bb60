"""Nodes that are interchangeable: of states that differ in nothing but their names one is enough.

A renaming gives each of the nodes the names of another, and their DIMMs and blocks, which lie
alike, each other's numbers: spans are shifted by the distance. It is used only where it is true of
a variant. The booted machine has to be its own image. And whatever is learned of a step is learned
of its images too, which have to do the image of what it does, by the same rules: if they look at
more than it, so does the step from then on, so what is checked for one state is true of all that
are alike. What is seen has to be renamed one to one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonediff.explore.arena import ArenaError
from zonediff.explore.cells import DEAD, TAILS, Change, Layout, Set, Watch
from zonediff.explore.learned import UNKNOWN, Ask, Numbers, Rows, Sums
from zonediff.explore.renaming import Group, Renaming
from zonediff.explore.table import Table, first_of_each

Seen = dict[tuple[int, str], tuple[dict[int, int], dict[int, int]]]
"""For each (renaming, part): the image of each sight, and of which sight each one is it."""

_WORDS: Final = {
    "status": "the state of blocks",
    "node": "the node that blocks belong to",
    "zone": "the zone of blocks",
    "online_type": "the pending online type of blocks",
    "spans": "what zones span",
    "present": "pages present",
    "early": "boot memory present",
    "initialised": "which zones were used",
    "node_spans": "what nodes span",
    "node_states": "the states of nodes",
    TAILS: "the zone of last pages",
}
"""Pieces of state, for people."""


class Image:
    """What a renaming does to rows: which cell becomes which, and its values."""

    def __init__(self, renaming: Renaming, layout: Layout) -> None:
        self.layout = layout
        self.cells = np.arange(layout.width)
        self._renames: dict[int, Callable[[Any], Any]] = {}
        self._known: dict[int, Numbers] = {}
        for cells in layout.columns.values():
            for block in layout.blocks:
                self.cells[cells[block]] = cells[renaming.block(block)]
        self._homes = frozenset(layout.columns["node"]) - {-1}
        for cell in self._homes:
            self._renames[cell] = lambda home: 1 + renaming.node(home - 1)
        nodes = layout.zones // 4
        for name, (first, size) in layout.lists.items():
            each = size // nodes
            for node in range(nodes):
                for place in range(each):
                    cell = first + each * node + place
                    self.cells[cell] = first + each * renaming.node(node) + place
                    if name in ("spans", "node_spans"):
                        self._renames[cell] = partial(renaming.span, node)
        self._renames[layout.tails] = renaming.tails
        self._renames[layout.rest] = renaming.rest
        for cell in layout.left_out:  # stays as it was after boot, whatever it is
            self.cells[cell] = cell
            self._renames.pop(cell, None)
        self._to: list[int] = self.cells.tolist()

    def value(self, cell: int, value: int) -> int:
        """The image of a cell's value."""
        rename = self._renames.get(cell)
        if rename is None:
            return value
        if cell in self._homes:
            return int(rename(value))
        numbering = self.layout.numbering
        return numbering.number(rename(numbering.values[value]))

    def rows(self, rows: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """The images of rows; that of a dead kernel is itself."""
        found = np.empty_like(rows)
        rests = rows[:, self.layout.rest]
        values = self.layout.numbering.values
        dead = [rest for rest in np.unique(rests).tolist() if values[rest][0] == DEAD]
        fixed = np.isin(rests, dead)
        found[:, self.cells] = rows
        for cell in self._renames:
            column = np.where(fixed, 0, rows[:, cell])
            found[:, self.cells[cell]] = self._column(cell, column, ~fixed)
        found[fixed] = rows[fixed]
        return found

    def row(self, row: list[int]) -> list[int]:
        """The image of one row."""
        if self.layout.numbering.values[row[self.layout.rest]][0] == DEAD:
            return row[:]
        found = row[:]
        for cell, to in enumerate(self._to):
            found[to] = self.value(cell, row[cell])
        return found

    def _column(self, cell: int, column: NDArray[Any], counts: NDArray[np.bool_]) -> Numbers:
        known = self._known.setdefault(cell, np.zeros(0, np.int64))
        most = int(column.max(initial=0)) + 1
        if len(known) < most:
            known = np.append(known, np.full(2 * most - len(known), -1))
            self._known[cell] = known
        for value in np.unique(column[counts & (known[column] < 0)]).tolist():
            known[value] = self.value(cell, value)
        found: Numbers = known[column]
        return found


@dataclass(frozen=True, slots=True)
class Twin:
    """What a renaming makes of something that is learned: how to ask it, and what to call it.

    fits: whether what it gives (second) is the image of what the other gives (first).
    """

    ask: Ask
    name: str
    fits: Callable[[int, int], bool]


class Symmetry:
    """A group of renamings at work on the rows of one variant.

    seen: shared by the systems that are compared.
    """

    def __init__(self, group: Group, layout: Layout, variant: str, seen: Seen) -> None:
        self.group = group
        self.layout = layout
        self.variant = variant
        self.seen = seen
        self.images = [Image(renaming, layout) for renaming in group.renamings]

    def check_start(self, row: list[int]) -> None:
        """See that the booted machine is its own image. Raises ArenaError."""
        for image in self.images[1:]:
            other = image.row(row)
            pieces = dict.fromkeys(
                self._piece(cell) for cell, value in enumerate(row) if value != other[cell]
            )
            if pieces:
                raise self._refused(f"after boot they differ in {', '.join(pieces)}")

    def sights_fit(self, number: int, part: str, one: int, two: int) -> bool:
        """Whether a sight of a part can be the image of another: it is of no other one."""
        forth, back = self.seen.setdefault((number, part), ({}, {}))
        return forth.setdefault(one, two) == two and back.setdefault(two, one) == one

    def check(
        self, name: str, twins: Sequence[Twin], row: list[int], watch: Watch, outcome: int
    ) -> None:
        """See that what was just learned on a row is true of its images; look at what they do.

        Raises ArenaError.
        """
        layout, met = self.layout, []
        for number, twin in enumerate(twins, 1):
            there = self.images[number].row(row)
            other = Watch(there[:], layout.ignored(there))
            other.get(layout.rest)
            met.append((number, twin, other, twin.ask(other)))
            back = self.images[self.group.inverse[number]]
            for cell in other.read:
                watch.read.setdefault(int(back.cells[cell]))
        for number, twin, other, given in met:
            if not twin.fits(outcome, given):
                raise self._refused(f"{name} and {twin.name} come out differently")
            differ = self._differ(number, row, watch, other)
            if differ:
                raise self._refused(f"{name} and {twin.name} differ in {differ}")

    def _differ(self, number: int, row: list[int], watch: Watch, other: Watch) -> str:
        """In which piece of state two steps differ that should be images, empty for none."""
        layout, image = self.layout, self.images[number]
        values = layout.numbering.values
        if any(values[item.row[layout.rest]][0] == DEAD for item in (watch, other)):
            return "" if watch.row == other.row else "the kernel"
        back = self.images[self.group.inverse[number]]
        returned = {
            int(back.cells[cell]): back.value(cell, value) for cell, value in other.written.items()
        }
        one, two = (
            {
                cell: value
                for cell, value in written.items()
                if cell not in layout.left_out and (cell not in watch.read or value != row[cell])
            }
            for written in (watch.written, returned)
        )
        for cell in sorted(one.keys() | two.keys()):
            if one.get(cell) != two.get(cell):
                return self._piece(cell)
        renaming = self.group.renamings[number]
        expected = [
            renaming.change(item)
            if isinstance(item, Change)
            else Set(int(image.cells[item.cell]), image.value(item.cell, item.value))
            for item in self._counted(watch)
        ]
        for mine, theirs in zip(expected, self._counted(other), strict=False):
            if mine != theirs:
                if isinstance(mine, Change):
                    return f"what the books then do ({mine.method})"
                return self._piece(mine.cell)
        return "" if len(expected) == len(self._counted(other)) else "what the books then do"

    def _counted(self, watch: Watch) -> list[Change | Set]:
        return [
            item
            for item in watch.changes
            if isinstance(item, Change) or item.cell not in self.layout.left_out
        ]

    def _piece(self, cell: int) -> str:
        rest = cell == self.layout.rest
        return "the devices or the knob" if rest else _WORDS[self.layout.piece[cell]]

    def _refused(self, why: str) -> ArenaError:
        return ArenaError(
            f"symmetry: on {self.variant} nodes {self.group.nodes} are not interchangeable: {why}"
        )


def total(rows: Rows, mixers: Sums) -> Sums:
    """The sums by which states are told apart."""
    return np.stack([(rows * mixer).sum(axis=1) for mixer in mixers])


class Orbits:
    """Numbers for the orbits of states: those that are images of each other have one.

    size: how many orbits. orbit, turn: of each state, by its own number, its orbit's number and
    which image it is of the orbit's state that was met first. number: (renamings x orbits), the
    states that are its images. States are numbered as they are met, images after what is met.
    """

    def __init__(self, symmetry: Symmetry, mixers: Sums) -> None:
        self.symmetry = symmetry
        self.mixers = mixers
        self.size = 0
        self.orbit = self.turn = np.zeros(0, np.int64)
        self._numbers: list[Numbers] = []
        self._states = Table()
        self._second: Sums = np.zeros(0, np.uint64)

    @property
    def number(self) -> Numbers:
        return np.concatenate(self._numbers, axis=1)

    def find(self, rows: Rows, sums: Sums) -> tuple[Numbers, Numbers, Numbers]:
        """The orbit and turn of each row, and where in `rows` each new orbit is met first."""
        found, firsts = self._states.numbers(sums[0])
        fresh = self._enter(rows[firsts], sums[:, firsts])
        check_second(self._second[found], sums[1])
        return self.orbit[found], self.turn[found], firsts[fresh]

    def new(self, rows: Rows, sums: Sums) -> Numbers:
        """Where in `rows` each orbit is met first that has no number yet, ascending."""
        missing = self._states.missing(sums[0])
        missing = missing[first_of_each(sums[0, missing])]
        least = self._images(rows[missing], sums[:, missing])[:, 0].min(axis=0)
        return missing[first_of_each(least)]

    def _enter(self, rows: Rows, sums: Sums) -> Numbers:
        """Enter new states with all their images; which of them are the first of their orbits."""
        group, every = self.symmetry.group, np.arange(len(rows))
        images = self._images(rows, sums)
        # States of one orbit have the same least sum, each by another renaming.
        least = images[:, 0].argmin(axis=0)
        _, opens, which = np.unique(images[least, 0, every], return_index=True, return_inverse=True)
        fresh = np.sort(opens)
        orbit = self.size + np.searchsorted(fresh, opens)
        turn = group.after[group.inverse[least], least[opens[which]]]
        self._append(orbit[which], turn, sums[1])
        numbers = np.zeros((len(group), len(fresh)), np.int64)
        for by in range(len(group)):
            keys, second = images[by][:, fresh]
            numbers[by], new = self._states.numbers(keys)
            self._append(self.size + new, np.full(len(new), by), second[new])
            check_second(self._second[numbers[by]], second)
        self._numbers.append(numbers)
        self.size += len(fresh)
        return fresh

    def _images(self, rows: Rows, sums: Sums) -> Sums:
        """The sums of all images of states, first of the states themselves."""
        others = [total(image.rows(rows), self.mixers) for image in self.symmetry.images[1:]]
        return np.stack([sums, *others])

    def _append(self, orbit: Numbers, turn: Numbers, second: NDArray[np.uint64]) -> None:
        self.orbit = np.append(self.orbit, orbit)
        self.turn = np.append(self.turn, turn)
        self._second = np.append(self._second, second)


def check_second(one: NDArray[np.uint64], two: NDArray[np.uint64]) -> None:
    """See that states with equal first sums have equal second sums, as equal states do."""
    if (one != two).any():
        raise AssertionError("two states have the same first sum: change lts.SEED")


class Explored(NamedTuple):
    """Of each orbit one state: tables as in lts.System.

    turn: (states x actions), which image of the state in `successor` the step leads to.
    """

    successor: NDArray[np.int32]
    turn: Numbers
    outcome: NDArray[np.int32]
    seen: NDArray[np.int32]
    parent: NDArray[np.int32]
    via: NDArray[np.int32]


class Unfolded(NamedTuple):
    """All states: tables as in lts.System.

    images: (renamings x states), the number of each state's image; None without symmetry.
    """

    successor: NDArray[np.int32]
    outcome: NDArray[np.int32]
    seen: NDArray[np.int32]
    parent: NDArray[np.int32]
    via: NDArray[np.int32]
    images: NDArray[np.int32] | None


def unfold(orbits: Orbits, parts: Sequence[str], found: Explored) -> Unfolded:
    """All states from one of each orbit: what is true of it is renamed."""
    symmetry, number = orbits.symmetry, orbits.number
    group = symmetry.group
    size, width = len(orbits.orbit), found.successor.shape[1]
    successor, outcome = (np.full((size, width), UNKNOWN, np.int32) for _ in range(2))
    seen = np.zeros((size, len(parts)), np.int32)
    parent, via = np.zeros(size, np.int32), np.full(size, UNKNOWN, np.int32)
    images = np.zeros((len(group), size), np.int32)
    to = {name: place for place, name in enumerate(parts)}
    for by, renaming in enumerate(group.renamings):
        at = np.flatnonzero(orbits.turn == by)
        of = orbits.orbit[at]
        actions = group.actions[by]
        following = number[group.after[by][found.turn[of]], found.successor[of]]
        known = found.successor[of] >= 0
        successor[at[:, None], actions] = np.where(known, following, UNKNOWN)
        outcome[at[:, None], actions] = found.outcome[of]
        for place, name in enumerate(parts):
            sights, inverse = np.unique(found.seen[of, place], return_inverse=True)
            if by:
                forth, _ = symmetry.seen[by, name]
                sights = np.array([forth[sight] for sight in sights.tolist()], np.int64)
            seen[at, to[renaming.part(name)]] = sights[inverse]
        # It was reached from the parent by a step that made its image number `turn`.
        below = of > 0
        source, step = found.parent[of[below]], found.via[of[below]]
        back = group.after[by][group.inverse[found.turn[source, step]]]
        parent[at[below]] = number[back, source]
        via[at[below]] = group.actions[back, step]
        for second in range(len(group)):
            images[second, at] = number[group.after[second, by], of]
    return Unfolded(successor, outcome, seen, parent, via, images)
