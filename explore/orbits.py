"""."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zonediff.explore.key_table import KeyTable, first_of_each
from zonediff.explore.learner import Hashes, Numbers, Rows
from zonediff.explore.symmetry_check import Symmetry


def hash_rows(rows: Rows, hash_weights: Hashes) -> Hashes:
    """The sums by which states are told apart."""
    return np.stack([(rows * weights).sum(axis=1) for weights in hash_weights])


class Orbits:
    """Numbers for the orbits of states: those that are images of each other have one.

    size: how many orbits. orbit, turn: of each state, by its own number, its orbit's number and
    which image it is of the orbit's state that was met first. number: (renamings x orbits), the
    states that are its images. States are numbered as they are met, images after what is met.
    """

    def __init__(self, symmetry: Symmetry, hash_weights: Hashes) -> None:
        self.symmetry = symmetry
        self.hash_weights = hash_weights
        self.size = 0
        self.orbit = self.turn = np.zeros(0, np.int64)
        self._numbers: list[Numbers] = []
        self._states = KeyTable()
        self._second: Hashes = np.zeros(0, np.uint64)

    @property
    def number(self) -> Numbers:
        return np.concatenate(self._numbers, axis=1)

    def find(self, rows: Rows, hashes: Hashes) -> tuple[Numbers, Numbers, Numbers]:
        """The orbit and turn of each row, and where in `rows` each new orbit is met first."""
        found, firsts = self._states.numbers(hashes[0])
        fresh = self._enter(rows[firsts], hashes[:, firsts])
        assert_no_collision(self._second[found], hashes[1])
        return self.orbit[found], self.turn[found], firsts[fresh]

    def new(self, rows: Rows, hashes: Hashes) -> Numbers:
        """Where in `rows` each orbit is met first that has no number yet, ascending."""
        missing = self._states.missing(hashes[0])
        missing = missing[first_of_each(hashes[0, missing])]
        least = self._images(rows[missing], hashes[:, missing])[:, 0].min(axis=0)
        return missing[first_of_each(least)]

    def _enter(self, rows: Rows, hashes: Hashes) -> Numbers:
        """Enter new states with all their images; which of them are the first of their orbits."""
        group, every = self.symmetry.group, np.arange(len(rows))
        images = self._images(rows, hashes)
        # States of one orbit have the same least sum, each by another renaming.
        least = images[:, 0].argmin(axis=0)
        _, opens, which = np.unique(images[least, 0, every], return_index=True, return_inverse=True)
        fresh = np.sort(opens)
        orbit = self.size + np.searchsorted(fresh, opens)
        turn = group.after[group.inverse[least], least[opens[which]]]
        self._append(orbit[which], turn, hashes[1])
        numbers = np.zeros((len(group), len(fresh)), np.int64)
        for by in range(len(group)):
            keys, second = images[by][:, fresh]
            numbers[by], new = self._states.numbers(keys)
            self._append(self.size + new, np.full(len(new), by), second[new])
            assert_no_collision(self._second[numbers[by]], second)
        self._numbers.append(numbers)
        self.size += len(fresh)
        return fresh

    def _images(self, rows: Rows, hashes: Hashes) -> Hashes:
        """The sums of all images of states, first of the states themselves."""
        others = [
            hash_rows(image.rows(rows), self.hash_weights) for image in self.symmetry.images[1:]
        ]
        return np.stack([hashes, *others])

    def _append(self, orbit: Numbers, turn: Numbers, second: NDArray[np.uint64]) -> None:
        self.orbit = np.append(self.orbit, orbit)
        self.turn = np.append(self.turn, turn)
        self._second = np.append(self._second, second)


def assert_no_collision(one: NDArray[np.uint64], two: NDArray[np.uint64]) -> None:
    """See that states with equal first sums have equal second sums, as equal states do."""
    if (one != two).any():
        raise AssertionError("two states have the same first sum: change lts.SEED")
