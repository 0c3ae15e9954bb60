"""Symmetry reduction: number the orbits of states under a group of renamings.

The orbit of a state is the set of its images under all renamings. The search expands one state of
each orbit, the first that it finds.
"""

from __future__ import annotations

import numpy as np

from zonediff.explore.arrays import Hashes, Numbers, Rows
from zonediff.explore.hashing import StateTable, hash_rows
from zonediff.explore.key_table import first_of_each
from zonediff.explore.symmetry import Symmetry


class Orbits:
    """Numbers orbits, and every state in them, in the order in which they first appear.

    size: the number of orbits. orbit, turn: for each state, its orbit, and the renaming that makes
    it of the orbit's first state. When an orbit is new, all its states get numbers.
    """

    def __init__(self, symmetry: Symmetry, hash_weights: Hashes) -> None:
        self.symmetry = symmetry
        self.hash_weights = hash_weights
        self.size = 0
        self.orbit = self.turn = np.zeros(0, np.int64)
        self._states = StateTable()
        self._images: list[Numbers] = []

    @property
    def images(self) -> Numbers:
        """(renamings x orbits): the state that each renaming makes of an orbit's first state."""
        return np.concatenate(self._images, axis=1)

    def numbers(self, rows: Rows, hashes: Hashes) -> tuple[Numbers, Numbers, Numbers]:
        """Return the orbit of each state, the index of the first of each new one, and the turns."""
        states, firsts = self._states.numbers(hashes)
        new = self._add(rows[firsts], hashes[:, firsts])
        return self.orbit[states], firsts[new], self.turn[states]

    def missing(self, rows: Rows, hashes: Hashes) -> Numbers:
        """Return the index of the first state of each orbit that has no number, ascending."""
        missing = self._states.missing(hashes)
        smallest = self._image_hashes(rows[missing], hashes[:, missing])[:, 0].min(axis=0)
        return missing[first_of_each(smallest)]

    def _add(self, rows: Rows, hashes: Hashes) -> Numbers:
        """Add new states and all their images; return which of them open a new orbit."""
        group, index = self.symmetry.group, np.arange(len(rows))
        image_hashes = self._image_hashes(rows, hashes)
        # All states of an orbit have the same smallest hash of an image, by different renamings.
        smallest = image_hashes[:, 0].argmin(axis=0)
        _, opening, which = np.unique(
            image_hashes[smallest, 0, index], return_index=True, return_inverse=True
        )
        first_states = np.sort(opening)
        orbit = self.size + np.searchsorted(first_states, opening)
        turn = group.after[group.inverse[smallest], smallest[opening[which]]]
        self._append(orbit[which], turn)
        images = np.zeros((len(group), len(first_states)), np.int64)
        for renaming in range(len(group)):
            images[renaming], new = self._states.numbers(image_hashes[renaming][:, first_states])
            self._append(self.size + new, np.full(len(new), renaming))
        self._images.append(images)
        self.size += len(first_states)
        return first_states

    def _image_hashes(self, rows: Rows, hashes: Hashes) -> Hashes:
        """Return the hashes of all images of states: (renamings x 2 x states)."""
        image_hashes = [
            hash_rows(image.rows(rows), self.hash_weights) for image in self.symmetry.images[1:]
        ]
        return np.stack([hashes, *image_hashes])

    def _append(self, orbit: Numbers, turn: Numbers) -> None:
        self.orbit = np.append(self.orbit, orbit)
        self.turn = np.append(self.turn, turn)
