"""The loops of array_loops.py, compiled by Numba; for large systems, where it is installed."""

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np

from zonediff.explore.array_loops import UNKNOWN

_compile: Final[Any] = numba.njit(cache=True)


def _walk(table: Any, cells: Any, rows: Any, index: Any, node: Any) -> Any:
    """See array_loops.walk()."""
    width = table.shape[1]
    end = np.empty(len(node), np.int64)
    for item in range(len(node)):
        row, following = rows[index[item]], node[item]
        while following >= 0:
            case = following * width + row[cells[following]]
            following = table[following, row[cells[following]]]
        end[item] = case if following == UNKNOWN else following
    return end


def _write(
    cells: Any,
    values: Any,
    rows: Any,
    index: Any,
    effect: Any,
    hash_weights: Any,
    difference: Any,
) -> None:
    """See array_loops.write()."""
    width = rows.shape[1]
    for item in range(len(index)):
        place = index[item]
        for number in range(cells.shape[1]):
            cell = cells[effect[item], number]
            if cell == width:
                break
            value = values[effect[item], number]
            increase = np.uint64(value) - np.uint64(rows[place, cell])
            for each in range(len(hash_weights)):
                difference[each, place] += hash_weights[each, cell] * increase
            rows[place, cell] = value


walk: Final = _compile(_walk)
write: Final = _compile(_write)
