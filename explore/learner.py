"""Lazily learned decision trees: each step runs on the engine once for each case, then on arrays.

A tracer records which cells a step reads and writes (tracer.py). All states that agree in the
cells read get the same effect. The learner keeps, for each step, a decision tree over cells whose
leaves are effects, and runs the engine only where a row leads to no leaf yet. It assumes of a
variant only that it is deterministic and keeps its state in the guest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from itertools import groupby, pairwise
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from zonediff.explore import array_loops
from zonediff.explore.array_loops import UNKNOWN
from zonediff.explore.arrays import Hashes, Numbers, Rows
from zonediff.explore.effects import Effect, EffectTable
from zonediff.explore.layout import Layout
from zonediff.explore.numbering import Numbering
from zonediff.explore.tracer import RowTracer, Update

MAX_VALUES: Final = np.iinfo(np.uint16).max + 1

Probe = Callable[[RowTracer], int]
"""Runs something on the engine, on a traced row, and returns the number of its outcome."""

Check = Callable[[int, list[int], RowTracer, int], None]
"""Called after each run of a probe with its root, the row before, the tracer and the outcome.
It may add cells to those read."""


class Learner:
    """The decision trees of all steps, in one table.

    table[tree node, value of the node's cell] is the next node, or -2 - the number of the effect.
    check: called after each run of a probe, if set. probe_count: the number of runs.

    A deferred update has a tree of its own. If a step read what its updates read, there would be a
    case for every combination of the zones that it decides by and the pages that it then counts.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.check: Check | None = None
        self._loops: ModuleType = array_loops
        self.probe_count = 0
        self.effects = EffectTable(layout.width)
        self.update_of: dict[int, Update] = {}
        self._table: NDArray[np.int32] = np.full((1024, 256), UNKNOWN, np.int32)
        self._cell: NDArray[np.int32] = np.full(1024, layout.rest, np.int32)
        self._nodes = 0
        self._probes: dict[int, Probe] = {}
        self._update_numbers = Numbering()
        # The root of each update; for a run of writes -2 - the number of its effect.
        self._update_roots: list[int] = []

    def compile_loops(self) -> None:
        """Use the loops that are compiled, if Numba is installed and has a place for them."""
        with suppress(ImportError, RuntimeError):
            self._loops = import_module("zonediff.explore.compiled_loops")

    def new_root(self, probe: Probe) -> int:
        """Start a tree; its root always decides by the last cell."""
        root = self._new_node(self.layout.rest)
        self._probes[root] = probe
        return root

    def effects_of(self, root: Numbers, rows: Rows, index: Numbers) -> Numbers:
        """Return the number of the effect that each step (its root) has on row `index`.

        Runs the probes of cases that are not known yet.
        """
        self._widen()
        effect = -2 - self._walk(rows, index, root)
        while len(unknown := np.flatnonzero(effect <= -2)):
            # One row for each unknown case is enough.
            _, firsts = np.unique(effect[unknown], return_index=True)
            examples = np.sort(unknown[firsts])
            for example_root, row in zip(
                root[examples].tolist(), rows[index[examples]].tolist(), strict=True
            ):
                self._learn(example_root, row)
            effect[unknown] = -2 - self._walk(rows, index[unknown], root[unknown])
        self.effects.refresh()
        return effect

    def _walk(self, rows: Rows, index: Numbers, root: Numbers) -> Numbers:
        end: Numbers = self._loops.walk(self._table, self._cell, rows, index, root)
        return end

    def apply(self, rows: Rows, effect: Numbers, hash_weights: Hashes) -> Hashes:
        """Apply to each row its effect, updates included; return what this adds to its hashes."""
        difference = np.zeros((len(hash_weights), len(rows)), np.uint64)
        self._write(rows, np.arange(len(rows)), effect, hash_weights, difference)
        updates = self.effects.updates[effect]
        for place in range(updates.shape[1]):
            index = np.flatnonzero(updates[:, place] >= 0)
            root = np.array(self._update_roots)[updates[index, place]]
            # A run of writes has one effect. That of an update depends on the row as it is now.
            effect = -2 - root
            with_tree = np.flatnonzero(root >= 0)
            effect[with_tree] = self.effects_of(root[with_tree], rows, index[with_tree])
            self._write(rows, index, effect, hash_weights, difference)
        return difference

    def _write(
        self, rows: Rows, index: Numbers, effect: Numbers, hash_weights: Hashes, difference: Hashes
    ) -> None:
        cells, values = self.effects.write_cells, self.effects.write_values
        self._loops.write(cells, values, rows, index, effect, hash_weights, difference)

    def update_probe(self, update: Update) -> Probe:
        """Return the probe that applies an update, with all its reads and writes as its own."""

        def probe(tracer: RowTracer) -> int:
            tracer.defer(update, self.layout.memory(tracer))
            tracer.absorb_updates()
            return 0

        return probe

    def _learn(self, root: int, row: list[int]) -> None:
        """Run a step's probe on a row, and add the path of the cells read to its tree."""
        layout = self.layout
        tracer = RowTracer(row[:], layout.ignored(row))
        tracer.get(layout.rest)
        self.probe_count += 1
        outcome = self._probes[root](tracer)
        if self.check is not None:
            self.check(root, row, tracer, outcome)
        # A cell that was written but not read may have had another value before: keep the write.
        writes = tuple(
            (cell, value)
            for cell, value in sorted(tracer.written.items())
            if cell not in layout.left_out and (cell not in tracer.read or value != row[cell])
        )
        effect = self.effects.number(Effect(outcome, writes, tuple(self._updates_after(tracer))))
        self._widen()
        node, cells = root, list(tracer.read)
        for cell, following in pairwise(cells):
            if self._table[node, row[cell]] == UNKNOWN:
                new_node = self._new_node(following)  # may replace the table
                self._table[node, row[cell]] = new_node
            node = int(self._table[node, row[cell]])
        self._table[node, row[cells[-1]]] = -2 - effect

    def _updates_after(self, tracer: RowTracer) -> Iterator[int]:
        """Yield the numbers of the deferred updates, and of the runs of writes between them."""
        kept = (
            item
            for item in tracer.updates
            if isinstance(item, Update) or item.cell not in self.layout.left_out
        )
        for is_update, items in groupby(kept, lambda item: isinstance(item, Update)):
            if is_update:
                yield from map(self._update_number, items)
            else:
                yield self._update_number(tuple(items))

    def _update_number(self, update: Any) -> int:
        """Return the number of an update or of a run of writes; a new update gets a tree."""
        number = self._update_numbers.number(update)
        if number == len(self._update_roots):
            if isinstance(update, Update):
                root = self.new_root(self.update_probe(update))
                self.update_of[root] = update
            else:
                root = -2 - self.effects.number(Effect(0, update, ()))
            self._update_roots.append(root)
        return number

    def _new_node(self, cell: int) -> int:
        if self._nodes == len(self._cell):
            self._table = np.concatenate([self._table, np.full_like(self._table, UNKNOWN)])
            self._cell = np.concatenate([self._cell, np.full_like(self._cell, 0)])
        self._cell[self._nodes] = cell
        self._nodes += 1
        return self._nodes - 1

    def _widen(self) -> None:
        """Give the table a column for every number in use.

        Raises OverflowError when there are more values than a cell can hold.
        """
        width, needed = self._table.shape[1], len(self.layout.numbering)
        if needed > MAX_VALUES:
            raise OverflowError(f"more than {MAX_VALUES} different values in the cells of states")
        if needed > width:
            more = np.full((len(self._table), max(width, needed - width)), UNKNOWN, np.int32)
            self._table = np.concatenate([self._table, more], axis=1)
