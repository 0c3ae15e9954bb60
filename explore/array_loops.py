"""The two loops that most of an exploration's time goes into, over arrays.

compiled_loops.py has the same functions, compiled.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from zonediff.explore.arrays import Hashes, Numbers, Rows

UNKNOWN: Final = -1
"""In a table of tree nodes: no row with this value of the cell has come to this node."""


def walk(
    table: NDArray[np.int32], cells: NDArray[np.int32], rows: Rows, index: Numbers, node: Numbers
) -> Numbers:
    """Go from each node down its tree, by the cells of row `index`, to a leaf.

    table: the next node for a node and the value of its cell, or -2 - the number of the effect.
    cells: the cell of each node. Returns that of the leaf, or, for an unknown case, its place in
    the flat table.
    """
    end = np.empty(len(node), np.int64)
    values, following = rows.reshape(-1), table.reshape(-1)
    open_, row_start = np.arange(len(node)), index * rows.shape[1]
    while len(open_):
        case = node * table.shape[1] + values.take(row_start + cells.take(node))
        node = following.take(case).astype(np.int64)
        inner = node >= 0
        done = np.flatnonzero(~inner)
        case, leaf = case.take(done), node.take(done)
        end[open_.take(done)] = np.where(leaf == UNKNOWN, case, leaf)
        on = np.flatnonzero(inner)
        open_, row_start, node = open_.take(on), row_start.take(on), node.take(on)
    return end


def write(
    cells: Numbers,
    values: Numbers,
    rows: Rows,
    index: Numbers,
    effect: Numbers,
    hash_weights: Hashes,
    difference: Hashes,
) -> None:
    """Write the cells of each effect into row `index`, no row twice.

    cells, values: (effects x writes), padded with the cell after the last one. difference: the sum
    of what this adds to each hash of each row (hashing.py).
    """
    width, places = rows.shape[1], cells.shape[1]
    in_rows, flat_cells, flat_values = (array.reshape(-1) for array in (rows, cells, values))
    first = effect * places
    for place in range(places):
        cell = flat_cells.take(first + place)
        within = np.flatnonzero(cell != width)
        if len(within) < len(cell):
            index, first, cell = (numbers.take(within) for numbers in (index, first, cell))
            if not len(index):
                break
        value = flat_values.take(first + place)
        target = index * width + cell
        increase = (value - in_rows.take(target)).view(np.uint64)
        for total, weights in zip(difference, hash_weights, strict=True):
            total[index] += weights.take(cell) * increase
        in_rows[target] = value
