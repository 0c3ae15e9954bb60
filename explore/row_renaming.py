"""Renaming rows: the image of each cell under a renaming, and of the cell's value."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from zonediff.explore.arrays import Numbers
from zonediff.explore.layout import DEAD, TAILS, Layout
from zonediff.explore.renaming import Renaming

PIECE_NAMES: Final = {
    "status": "the state of blocks",
    "node": "the node that blocks belong to",
    "zone": "the zone of blocks",
    "online_type": "the pending online type of blocks",
    "spans": "the spans of zones",
    "present": "the present pages of zones",
    "early": "the present boot memory",
    "initialised": "the zones that were used",
    "node_spans": "the spans of nodes",
    "node_states": "the states of nodes",
    TAILS: "the zone of the last pages of memory",
}
"""The names of the pieces of state in error messages."""


class RowRenaming:
    """The effect of a renaming on rows. cells: the image of each cell."""

    def __init__(self, renaming: Renaming, layout: Layout) -> None:
        self.layout = layout
        self.cells = np.arange(layout.width)
        self._renames: dict[int, Callable[[Any], Any]] = {}
        self._known: dict[int, Numbers] = {}
        for cells in layout.columns.values():
            for block in layout.blocks:
                self.cells[cells[block]] = cells[renaming.block(block)]
        self._node_cells = frozenset(layout.columns["node"]) - {-1}
        for cell in self._node_cells:
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
        for cell in layout.left_out:  # keeps its value after boot, which needs no image
            self.cells[cell] = cell
            self._renames.pop(cell, None)
        self._cell_list: list[int] = self.cells.tolist()

    def value(self, cell: int, value: int) -> int:
        """Return the image of a cell's value."""
        rename = self._renames.get(cell)
        if rename is None:
            return value
        if cell in self._node_cells:
            return int(rename(value))
        numbering = self.layout.numbering
        return numbering.number(rename(numbering.values[value]))

    def rows(self, rows: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """Return the images of rows; a dead kernel is its own image."""
        images = np.empty_like(rows)
        rests = rows[:, self.layout.rest]
        values = self.layout.numbering.values
        dead = [rest for rest in np.unique(rests).tolist() if values[rest][0] == DEAD]
        fixed = np.isin(rests, dead)
        images[:, self.cells] = rows
        for cell in self._renames:
            column = np.where(fixed, 0, rows[:, cell])
            images[:, self.cells[cell]] = self._column(cell, column, ~fixed)
        images[fixed] = rows[fixed]
        return images

    def row(self, row: list[int]) -> list[int]:
        """Return the image of a row; a dead kernel is its own image."""
        if self.layout.numbering.values[row[self.layout.rest]][0] == DEAD:
            return row[:]
        image = row[:]
        for cell, to in enumerate(self._cell_list):
            image[to] = self.value(cell, row[cell])
        return image

    def _column(self, cell: int, column: NDArray[Any], counts: NDArray[np.bool_]) -> Numbers:
        """Return the images of a cell's values, of those rows that count."""
        known = self._known.setdefault(cell, np.zeros(0, np.int64))
        needed = int(column.max(initial=0)) + 1
        if len(known) < needed:
            known = np.append(known, np.full(2 * needed - len(known), -1))
            self._known[cell] = known
        for value in np.unique(column[counts & (known[column] < 0)]).tolist():
            known[value] = self.value(cell, value)
        images: Numbers = known[column]
        return images
