"""."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from zonediff.explore.layout import DEAD, TAILS, Layout
from zonediff.explore.learner import Numbers
from zonediff.explore.renaming import Renaming

PIECE_NAMES: Final = {
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


class RowRenaming:
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
