"""Steps learned from the engine by watching it: what each depends on, and what it then does.

A step is run on the engine once for every combination of the cells that it really looks at. From
then on its effect on any state with the same cells is known, and is applied to whole arrays of
states at once. Nothing about a variant is assumed but that it is deterministic and keeps its
state in the guest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonediff.explore.cells import Change, Layout, Numbering, Watch

Rows = NDArray[np.uint16]
Numbers = NDArray[np.int64]
Sums = NDArray[np.uint64]

UNKNOWN: Final = -1
LARGEST: Final = np.iinfo(np.uint16).max + 1


class Effect(NamedTuple):
    """What a step does to states that are alike in what it looks at.

    outcome: the number of what it gives. writes: (cell, new value) pairs. changes: numbers of the
    changes that follow, which depend on more of the state than the step itself.
    """

    outcome: int
    writes: tuple[tuple[int, int], ...]
    changes: tuple[int, ...]


Ask = Callable[[Watch], int]
"""Runs something on the engine, on the row of a Watch: what it gives, by number."""

Check = Callable[[int, list[int], Watch, int], None]
"""Called with what was just learned: the step's root, the row before it, the Watch, what it gave.
It may let the step look at more cells."""


class Learner:
    """Decision trees over cells, one for each step, in one table; their leaves are effects.

    table[tree node, value of the cell that the node looks at] is the next node, or -2 - leaf.
    check: called with all that is learned, if given.
    Changes of the books that a step makes without looking at what came of them have trees of
    their own: so the zones a step decides by and the pages it then counts do not multiply.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.check: Check | None = None
        self.asked = 0
        self._table: NDArray[np.int32] = np.full((1024, 256), UNKNOWN, np.int32)
        self._cell: NDArray[np.int32] = np.full(1024, layout.rest, np.int32)
        self._nodes = 0
        self._effects: list[Effect] = []
        self._known: dict[Effect, int] = {}
        self._changes = Numbering()
        # Of each change its root; of sets -2 - their leaf.
        self._following: list[int] = []
        self._asks: dict[int, Ask] = {}
        self.change_of: dict[int, Change] = {}
        self.outcome: Numbers = np.zeros(0, np.int64)
        self._moves: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._write_cell: Numbers = np.zeros((0, 0), np.int64)
        self._write_value: Numbers = np.zeros((0, 0), np.int64)
        self._change: Numbers = np.zeros((0, 0), np.int64)

    def new_root(self, ask: Ask) -> int:
        """The tree of one more step; its first question is always the last cell."""
        root = self._node(self.layout.rest)
        self._asks[root] = ask
        return root

    def leaves(self, root: Numbers, rows: Rows, of: Numbers) -> Numbers:
        """The leaf to which each step (by its root) leads from row `of`; unknown ones are asked."""
        every = np.arange(len(root))
        found = np.zeros(len(root), np.int64)
        at = root
        while len(every):
            values = rows[of, self._cell[at]].astype(np.int64)
            self._widen()
            following = self._table[at, values]
            missing = following == UNKNOWN
            if missing.any():
                # One representative of each unknown place is enough.
                places = at[missing] * self._table.shape[1] + values[missing]
                _, firsts = np.unique(places, return_index=True)
                asked = np.flatnonzero(missing)[firsts]
                for start, row in zip(
                    root[every[asked]].tolist(), rows[of[asked]].tolist(), strict=True
                ):
                    self._learn(start, row)
                following = self._table[at, values]
            done = following <= -2
            found[every[done]] = -2 - following[done]
            on = np.flatnonzero(~done)
            every, of, at = every[on], of[on], following[on].astype(np.int64)
        self._flush()
        return found

    def moving(self, leaf: Numbers) -> Numbers:
        """Which of these leaves may change their row."""
        return np.flatnonzero(self._moves[leaf])

    def carry_out(self, rows: Rows, leaf: Numbers, mixers: Sums) -> Sums:
        """Do to each row what its leaf says; by how much the rows' sums change with it."""
        moved = np.zeros((len(mixers), len(rows)), np.uint64)
        self._write(rows, leaf, np.arange(len(rows)), mixers, moved)
        change = self._change[leaf]
        for place in range(change.shape[1]):
            at = np.flatnonzero(change[:, place] >= 0)
            follow = np.array(self._following)[change[at, place]]
            # Sets have one leaf; a change has its own ones, by what the rows are by now.
            leaf = -2 - follow
            asks = np.flatnonzero(follow >= 0)
            leaf[asks] = self.leaves(follow[asks], rows, at[asks])
            self._write(rows, leaf, at, mixers, moved)
        return moved

    def _write(self, rows: Rows, leaf: Numbers, at: Numbers, mixers: Sums, moved: Sums) -> None:
        """Write what leaves say into the rows numbered `at`."""
        for place in range(self._write_cell.shape[1]):
            cell = self._write_cell[leaf, place]
            within = cell != self.layout.width
            if not within.all():
                at, leaf, cell = at[within], leaf[within], cell[within]
                if not len(at):
                    break
            value = self._write_value[leaf, place]
            by = value.astype(np.uint64) - rows[at, cell].astype(np.uint64)
            moved[:, at] += mixers[:, cell] * by
            rows[at, cell] = value

    def changing(self, change: Change) -> Ask:
        """Carries out a change, all of it as its own doing."""

        def ask(watch: Watch) -> int:
            watch.apart(change, self.layout.memory(watch))
            watch.settle()
            return 0

        return ask

    def _learn(self, root: int, row: list[int]) -> None:
        layout = self.layout
        watch = Watch(row[:], layout.ignored(row))
        watch.get(layout.rest)
        self.asked += 1
        outcome = self._asks[root](watch)
        if self.check is not None:
            self.check(root, row, watch, outcome)
        # A cell that is set without being looked at gets its value whatever it was before.
        writes = tuple(
            (cell, value)
            for cell, value in sorted(watch.written.items())
            if cell not in layout.left_out and (cell not in watch.read or value != row[cell])
        )
        leaf = self._leaf(Effect(outcome, writes, tuple(self._changes_after(watch))))
        self._widen()
        at, cells = root, list(watch.read)
        for cell, following in pairwise(cells):
            if self._table[at, row[cell]] == UNKNOWN:
                node = self._node(following)  # may move the table
                self._table[at, row[cell]] = node
            at = int(self._table[at, row[cell]])
        self._table[at, row[cells[-1]]] = -2 - leaf

    def _changes_after(self, watch: Watch) -> Iterator[int]:
        """The numbers of changes, and of sets in a row, that follow a step's own writes."""
        counted = (
            item
            for item in watch.changes
            if isinstance(item, Change) or item.cell not in self.layout.left_out
        )
        for is_change, items in groupby(counted, lambda item: isinstance(item, Change)):
            if is_change:
                yield from map(self._change_number, items)
            else:
                yield self._change_number(tuple(items))

    def _change_number(self, change: Any) -> int:
        """The number of a change, or of sets in a row."""
        number = self._changes.number(change)
        if number == len(self._following):
            if isinstance(change, Change):
                root = self.new_root(self.changing(change))
                self.change_of[root] = change
            else:
                root = -2 - self._leaf(Effect(0, change, ()))
            self._following.append(root)
        return number

    def _leaf(self, effect: Effect) -> int:
        found = self._known.get(effect)
        if found is None:
            found = self._known[effect] = len(self._effects)
            self._effects.append(effect)
        return found

    def _node(self, cell: int) -> int:
        if self._nodes == len(self._cell):
            self._table = np.concatenate([self._table, np.full_like(self._table, UNKNOWN)])
            self._cell = np.concatenate([self._cell, np.full_like(self._cell, 0)])
        self._cell[self._nodes] = cell
        self._nodes += 1
        return self._nodes - 1

    def _widen(self) -> None:
        """Make room for every value that there is a number for."""
        have, need = self._table.shape[1], len(self.layout.numbering)
        if need > LARGEST:
            raise OverflowError(f"more than {LARGEST} different values in the cells of states")
        if need > have:
            more = np.full((len(self._table), max(have, need - have)), UNKNOWN, np.int32)
            self._table = np.concatenate([self._table, more], axis=1)

    def _flush(self) -> None:
        """Bring the arrays of effects up to date; writes are padded with the spare last column."""
        have = len(self.outcome)
        new = self._effects[have:]
        if not new:
            return
        self.outcome = np.append(self.outcome, [effect.outcome for effect in new])
        moves = [bool(effect.writes or effect.changes) for effect in new]
        self._moves = np.append(self._moves, moves)
        cells = [[cell for cell, _ in effect.writes] for effect in new]
        values = [[value for _, value in effect.writes] for effect in new]
        self._write_cell = _below(self._write_cell, cells, self.layout.width)
        self._write_value = _below(self._write_value, values, 0)
        self._change = _below(self._change, [list(effect.changes) for effect in new], UNKNOWN)


def _below(table: Numbers, rows: Sequence[Sequence[int]], padding: int) -> Numbers:
    """A table with more rows, all of them padded to the longest."""
    width = max(table.shape[1], *map(len, rows))
    found = np.full((len(table) + len(rows), width), padding, np.int64)
    found[: len(table), : table.shape[1]] = table
    for at, row in enumerate(rows, len(table)):
        found[at, : len(row)] = row
    return found
