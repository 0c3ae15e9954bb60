"""Steps learned from the engine by watching it: what each depends on, and what it then does.

A step is run on the engine once for every combination of the cells that it really looks at. From
then on its effect on any state with the same cells is known, and is applied to whole arrays of
states at once. Nothing about a variant is assumed but that it is deterministic and keeps its
state in the guest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonediff.compare.explore.cells import Layout, Watch

Rows = NDArray[np.uint16]
Numbers = NDArray[np.int64]

UNKNOWN: Final = -1
LARGEST: Final = np.iinfo(np.uint16).max + 1


class Effect(NamedTuple):
    """What a step does to states that are alike in what it looks at.

    outcome: the number of what it gives. writes: (cell, new value) pairs.
    """

    outcome: int
    writes: tuple[tuple[int, int], ...]


Ask = Callable[[list[int], Watch], tuple[int, list[int] | None]]
"""Runs something on the engine from a row: (what it gives, by number, and the row after it; None
for no change)."""


class Learner:
    """Decision trees over cells, one for each step, in one table; their leaves are effects.

    table[tree node, value of the cell that the node looks at] is the next node, or -2 - leaf.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.asked = 0
        self._table: NDArray[np.int32] = np.full((1024, 256), UNKNOWN, np.int32)
        self._cell: NDArray[np.int32] = np.full(1024, layout.rest, np.int32)
        self._nodes = 0
        self._effects: list[Effect] = []
        self._known: dict[Effect, int] = {}
        self.outcome: Numbers = np.zeros(0, np.int64)
        self.write_cell: Numbers = np.zeros((0, 0), np.int64)
        self.write_value: Numbers = np.zeros((0, 0), np.int64)

    def new_root(self) -> int:
        """The tree of one more step; its first question is always the last cell."""
        return self._node(self.layout.rest)

    def leaves(self, root: int, rows: Rows, ask: Ask) -> Numbers:
        """The leaf that each row leads to; what is not known yet is asked of the engine."""
        every = np.arange(len(rows))
        found = np.zeros(len(rows), np.int64)
        at = np.full(len(rows), root, np.int64)
        while len(every):
            cells = self._cell[at]
            values = rows[every, cells].astype(np.int64)
            self._widen()
            following = self._table[at, values].astype(np.int64)
            missing = following == UNKNOWN
            if missing.any():
                # One representative of each unknown place is enough.
                places = at[missing] * self._table.shape[1] + values[missing]
                _, firsts = np.unique(places, return_index=True)
                for row in rows[every[missing][firsts]].tolist():
                    self._learn(root, row, ask)
                following = self._table[at, values].astype(np.int64)
            done = following <= -2
            found[every[done]] = -2 - following[done]
            every, at = every[~done], following[~done]
        self._flush()
        return found

    def _learn(self, root: int, row: list[int], ask: Ask) -> None:
        watch = Watch(self.layout.ignored)
        watch.reads(self.layout.rest)
        self.asked += 1
        outcome, after = ask(row, watch)
        writes: tuple[tuple[int, int], ...] = ()
        if after is not None:
            writes = tuple(
                (cell, new)
                for cell, (old, new) in enumerate(zip(row, after, strict=True))
                if new != old
            )
            # A cell that is set without being looked at gets its value whatever it was before.
            blind = watch.written - watch.read.keys() - self.layout.ignored
            writes = tuple({**dict(writes), **{cell: after[cell] for cell in blind}}.items())
        leaf = self._leaf(Effect(outcome, tuple(sorted(writes))))
        self._widen()
        at = root
        cells = list(watch.read)
        for cell, following in zip(cells, [*cells[1:], None], strict=True):
            if following is None:
                self._table[at, row[cell]] = -2 - leaf
                return
            if self._table[at, row[cell]] == UNKNOWN:
                node = self._node(following)
                self._table[at, row[cell]] = node
            at = int(self._table[at, row[cell]])

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
        if len(self.outcome) == len(self._effects):
            return
        widest = max((len(effect.writes) for effect in self._effects), default=0)
        self.outcome = np.array([effect.outcome for effect in self._effects], np.int64)
        self.write_cell = np.full((len(self._effects), widest), self.layout.width, np.int64)
        self.write_value = np.zeros((len(self._effects), widest), np.int64)
        for leaf, effect in enumerate(self._effects):
            for place, (cell, value) in enumerate(effect.writes):
                self.write_cell[leaf, place] = cell
                self.write_value[leaf, place] = value
