"""State hashing: two states are equal if their hashes are; a second hash detects collisions.

A hash is the sum over the cells of value times a random odd weight, modulo 2**64. So the hash
after a step is that before it plus a difference, which only depends on the cells written.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from zonediff.explore.arrays import Hashes, Numbers, Rows
from zonediff.explore.key_table import KeyTable, first_of_each

SEED: Final = 20170306
"""Seed of the weights; fixed, so that every run does the same."""


def hash_weights(width: int) -> Hashes:
    """Return the weights of both hashes of rows with so many cells: (2 x width)."""
    random = np.random.default_rng(SEED)
    return random.integers(0, 2**64, (2, width), np.uint64) | np.uint64(1)


def hash_rows(rows: Rows, weights: Hashes) -> Hashes:
    """Return both hashes of each row: (2 x rows)."""
    return np.stack([(rows * each).sum(axis=1) for each in weights])


class StateTable:
    """Numbers states by their hashes, in the order in which they first appear."""

    def __init__(self) -> None:
        self._table = KeyTable()
        self._check_hashes: NDArray[np.uint64] = np.zeros(0, np.uint64)

    @property
    def size(self) -> int:
        """The number of states."""
        return self._table.size

    def numbers(self, hashes: Hashes) -> tuple[Numbers, Numbers]:
        """Return the number of each state, and the index of the first of each new one, ascending.

        hashes: (2 x states). Raises AssertionError if two states have only the first hash in
        common.
        """
        numbers, firsts = self._table.numbers(hashes[0])
        self._check_hashes = np.append(self._check_hashes, hashes[1, firsts])
        if (self._check_hashes[numbers] != hashes[1]).any():
            raise AssertionError("two states have the same first hash: change hashing.SEED")
        return numbers, firsts

    def missing(self, hashes: Hashes) -> Numbers:
        """Return the index of the first of each state that has no number, ascending."""
        missing = self._table.missing(hashes[0])
        return missing[first_of_each(hashes[0, missing])]
