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

from zonediff.explore.layout import Layout
from zonediff.explore.numbering import Numbering
from zonediff.explore.tracer import RowTracer, Update

Rows = NDArray[np.uint16]
Numbers = NDArray[np.int64]
Hashes = NDArray[np.uint64]

UNKNOWN: Final = -1
LARGEST: Final = np.iinfo(np.uint16).max + 1


class Effect(NamedTuple):
    """What a step does to states that are alike in what it looks at.

    outcome: the number of what it gives. writes: (cell, new value) pairs. changes: numbers of the
    changes that follow, which depend on more of the state than the step itself.
    """

    outcome: int
    writes: tuple[tuple[int, int], ...]
    updates: tuple[int, ...]


Probe = Callable[[RowTracer], int]
"""Runs something on the engine, on the row of a Watch: what it gives, by number."""

Check = Callable[[int, list[int], RowTracer, int], None]
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
        self.probe_count = 0
        self._table: NDArray[np.int32] = np.full((1024, 256), UNKNOWN, np.int32)
        self._cell: NDArray[np.int32] = np.full(1024, layout.rest, np.int32)
        self._nodes = 0
        self._effects: list[Effect] = []
        self._known: dict[Effect, int] = {}
        self._update_numbers = Numbering()
        # Of each change its root; of sets -2 - their leaf.
        self._following: list[int] = []
        self._probes: dict[int, Probe] = {}
        self.update_of: dict[int, Update] = {}
        self.outcome: Numbers = np.zeros(0, np.int64)
        self._moves: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._write_cell: Numbers = np.zeros((0, 0), np.int64)
        self._write_value: Numbers = np.zeros((0, 0), np.int64)
        self._updates: Numbers = np.zeros((0, 0), np.int64)

    def new_root(self, probe: Probe) -> int:
        """The tree of one more step; its first question is always the last cell."""
        root = self._node(self.layout.rest)
        self._probes[root] = probe
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
                probe_count = np.flatnonzero(missing)[firsts]
                for start, row in zip(
                    root[every[probe_count]].tolist(), rows[of[probe_count]].tolist(), strict=True
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

    def carry_out(self, rows: Rows, leaf: Numbers, hash_weights: Hashes) -> Hashes:
        """Do to each row what its leaf says; by how much the rows' sums change with it."""
        moved = np.zeros((len(hash_weights), len(rows)), np.uint64)
        self._write(rows, leaf, np.arange(len(rows)), hash_weights, moved)
        update = self._updates[leaf]
        for place in range(update.shape[1]):
            at = np.flatnonzero(update[:, place] >= 0)
            follow = np.array(self._following)[update[at, place]]
            # Sets have one leaf; a change has its own ones, by what the rows are by now.
            leaf = -2 - follow
            probes = np.flatnonzero(follow >= 0)
            leaf[probes] = self.leaves(follow[probes], rows, at[probes])
            self._write(rows, leaf, at, hash_weights, moved)
        return moved

    def _write(
        self, rows: Rows, leaf: Numbers, at: Numbers, hash_weights: Hashes, moved: Hashes
    ) -> None:
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
            moved[:, at] += hash_weights[:, cell] * by
            rows[at, cell] = value

    def update_probe(self, update: Update) -> Probe:
        """Carries out a change, all of it as its own doing."""

        def probe(tracer: RowTracer) -> int:
            tracer.defer(update, self.layout.memory(tracer))
            tracer.absorb_updates()
            return 0

        return probe

    def _learn(self, root: int, row: list[int]) -> None:
        layout = self.layout
        tracer = RowTracer(row[:], layout.ignored(row))
        tracer.get(layout.rest)
        self.probe_count += 1
        outcome = self._probes[root](tracer)
        if self.check is not None:
            self.check(root, row, tracer, outcome)
        # A cell that is set without being looked at gets its value whatever it was before.
        writes = tuple(
            (cell, value)
            for cell, value in sorted(tracer.written.items())
            if cell not in layout.left_out and (cell not in tracer.read or value != row[cell])
        )
        leaf = self._leaf(Effect(outcome, writes, tuple(self._deferred_updates(tracer))))
        self._widen()
        at, cells = root, list(tracer.read)
        for cell, following in pairwise(cells):
            if self._table[at, row[cell]] == UNKNOWN:
                node = self._node(following)  # may move the table
                self._table[at, row[cell]] = node
            at = int(self._table[at, row[cell]])
        self._table[at, row[cells[-1]]] = -2 - leaf

    def _deferred_updates(self, tracer: RowTracer) -> Iterator[int]:
        """The numbers of changes, and of sets in a row, that follow a step's own writes."""
        counted = (
            item
            for item in tracer.updates
            if isinstance(item, Update) or item.cell not in self.layout.left_out
        )
        for is_change, items in groupby(counted, lambda item: isinstance(item, Update)):
            if is_change:
                yield from map(self._update_number, items)
            else:
                yield self._update_number(tuple(items))

    def _update_number(self, update: Any) -> int:
        """The number of a change, or of sets in a row."""
        number = self._update_numbers.number(update)
        if number == len(self._following):
            if isinstance(update, Update):
                root = self.new_root(self.update_probe(update))
                self.update_of[root] = update
            else:
                root = -2 - self._leaf(Effect(0, update, ()))
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
        moves = [bool(effect.writes or effect.updates) for effect in new]
        self._moves = np.append(self._moves, moves)
        cells = [[cell for cell, _ in effect.writes] for effect in new]
        values = [[value for _, value in effect.writes] for effect in new]
        self._write_cell = _below(self._write_cell, cells, self.layout.width)
        self._write_value = _below(self._write_value, values, 0)
        self._updates = _below(self._updates, [list(effect.updates) for effect in new], UNKNOWN)


def _below(table: Numbers, rows: Sequence[Sequence[int]], padding: int) -> Numbers:
    """A table with more rows, all of them padded to the longest."""
    width = max(table.shape[1], *map(len, rows))
    found = np.full((len(table) + len(rows), width), padding, np.int64)
    found[: len(table), : table.shape[1]] = table
    for at, row in enumerate(rows, len(table)):
        found[at, : len(row)] = row
    return found
