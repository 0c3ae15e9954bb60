"""Effects of steps, as arrays: apply a known effect to each of many rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonediff.explore.arrays import Numbers

NO_UPDATE = -1
"""Fills the rows of EffectTable.updates."""


class Effect(NamedTuple):
    """The effect of a step on all states that agree in the cells that it reads.

    outcome: the number of its outcome. writes: (cell, new value) pairs. updates: the numbers of the
    deferred updates that follow; their effect depends on cells that the step does not read.
    """

    outcome: int
    writes: tuple[tuple[int, int], ...]
    updates: tuple[int, ...]


class EffectTable:
    """Numbered effects, equal ones once, with an array for each of their fields.

    width: the number of cells of a row. outcome: the outcome of each effect.
    write_cells, write_values: (effects x writes), padded with the cell after the last one.
    updates: (effects x updates), padded with NO_UPDATE.
    The arrays have the effects known at the last call of refresh().
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.outcome: Numbers = np.zeros(0, np.int64)
        self.updates: Numbers = np.zeros((0, 0), np.int64)
        self._effects: list[Effect] = []
        self._numbers: dict[Effect, int] = {}
        self._changes_row: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self.write_cells: Numbers = np.zeros((0, 0), np.int64)
        self.write_values: Numbers = np.zeros((0, 0), np.int64)

    def number(self, effect: Effect) -> int:
        """Return the number of an effect; a new effect gets the next number."""
        number = self._numbers.get(effect)
        if number is None:
            number = self._numbers[effect] = len(self._effects)
            self._effects.append(effect)
        return number

    def refresh(self) -> None:
        """Append new effects to the arrays."""
        new = self._effects[len(self.outcome) :]
        if not new:
            return
        self.outcome = np.append(self.outcome, [effect.outcome for effect in new])
        changes_row = [bool(effect.writes or effect.updates) for effect in new]
        self._changes_row = np.append(self._changes_row, changes_row)
        cells = [[cell for cell, _ in effect.writes] for effect in new]
        values = [[value for _, value in effect.writes] for effect in new]
        self.write_cells = _append_padded(self.write_cells, cells, self.width)
        self.write_values = _append_padded(self.write_values, values, 0)
        updates = [list(effect.updates) for effect in new]
        self.updates = _append_padded(self.updates, updates, NO_UPDATE)

    def changing(self, effect: Numbers) -> Numbers:
        """Return the indexes of those effects that may change a row."""
        return np.flatnonzero(self._changes_row[effect])


def _append_padded(table: Numbers, rows: Sequence[Sequence[int]], padding: int) -> Numbers:
    """Return the table with more rows, all padded to the longest."""
    width = max(table.shape[1], *map(len, rows))
    longer = np.full((len(table) + len(rows), width), padding, np.int64)
    longer[: len(table), : table.shape[1]] = table
    for index, row in enumerate(rows, len(table)):
        longer[index, : len(row)] = row
    return longer
