"""The array types of the explorer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.uint16]
"""States as rows of cells: (states x cells)."""

Numbers = NDArray[np.int64]
"""Numbers of states, effects, tree nodes or actions, or indexes into another array."""

States = Numbers | NDArray[np.int32]
"""Numbers of states, as computed or as kept in a system's tables."""

Hashes = NDArray[np.uint64]
"""Hashes of states, or the weights that make them."""
