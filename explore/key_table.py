"""Vector hashing: an open-addressing hash table that looks up whole arrays of keys at once.

Each round of probing, for all keys that are still open, is a few numpy operations.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from zonediff.explore.arrays import Hashes, Numbers

EMPTY: Final = -1


class KeyTable:
    """Numbers 64-bit keys in the order in which they first appear. size: the number of keys."""

    def __init__(self) -> None:
        self.size = 0
        self._keys: Hashes = np.zeros(1 << 12, np.uint64)
        self._numbers: Numbers = np.full(1 << 12, EMPTY)

    def numbers(self, keys: Hashes) -> tuple[Numbers, Numbers]:
        """Return the number of each key, and the index of the first of each new key, ascending."""
        while 2 * (self.size + len(keys)) > len(self._keys):
            self._grow()
        # A number below EMPTY is provisional: -2 - the index of the key that claimed the slot.
        result, firsts = self._claim_slots(keys)
        numbers = np.full(len(keys), EMPTY)
        numbers[firsts] = self.size + np.arange(len(firsts))
        provisional = result < EMPTY
        result[provisional] = numbers[-2 - result[provisional]]
        self._set_numbers(keys[firsts], numbers[firsts])
        self.size += len(firsts)
        return result, firsts

    def missing(self, keys: Hashes) -> Numbers:
        """Return the indexes of the keys that have no number, ascending."""
        slots, open_ = self._slots(keys), np.arange(len(keys))
        missing = np.zeros(len(keys), bool)
        while len(open_):
            free = self._numbers[slots] == EMPTY
            missing[open_[free]] = True
            on = ~free & (self._keys[slots] != keys[open_])
            open_, slots = open_[on], (slots[on] + 1) & (len(self._keys) - 1)
        return np.flatnonzero(missing)

    def _claim_slots(self, keys: Hashes) -> tuple[Numbers, Numbers]:
        """Find the slot of each key, claiming a free one for each new key.

        Returns the number in each key's slot, and the indexes of the keys that claimed one.
        """
        numbers = np.full(len(keys), EMPTY)
        # Of several writes to one slot numpy keeps the last. Backwards, that is the first key.
        open_ = np.arange(len(keys))[::-1]
        slots = self._slots(keys)[::-1]
        new: list[Numbers] = []
        while len(open_):
            free = self._numbers[slots] == EMPTY
            if free.any():
                self._numbers[slots[free]] = -2 - open_[free]
                self._keys[slots[free]] = keys[open_[free]]
                claimant = -2 - self._numbers[slots[free]]
                new.append(claimant[claimant == open_[free]])
            is_key = self._keys[slots] == keys[open_]
            numbers[open_[is_key]] = self._numbers[slots[is_key]]
            open_, slots = open_[~is_key], (slots[~is_key] + 1) & (len(self._keys) - 1)
        return numbers, np.sort(np.concatenate(new)) if new else np.zeros(0, np.int64)

    def _slots(self, keys: Hashes) -> Numbers:
        # Keys are sums with random odd weights, so their high bits are evenly spread.
        shift = np.uint64(65 - len(self._keys).bit_length())
        return (keys >> shift).astype(np.int64)

    def _set_numbers(self, keys: Hashes, numbers: Numbers) -> None:
        """Set the numbers of keys that are in the table."""
        slots, open_ = self._slots(keys), np.arange(len(keys))
        while len(open_):
            is_key = self._keys[slots] == keys[open_]
            is_key &= self._numbers[slots] != EMPTY
            self._numbers[slots[is_key]] = numbers[open_[is_key]]
            open_, slots = open_[~is_key], (slots[~is_key] + 1) & (len(self._keys) - 1)

    def _grow(self) -> None:
        used = self._numbers != EMPTY
        keys, numbers = self._keys[used], self._numbers[used]
        self._keys = np.zeros(4 * len(self._keys), np.uint64)
        self._numbers = np.full(len(self._keys), EMPTY)
        slots, open_ = self._slots(keys), np.arange(len(keys))
        while len(open_):
            free = self._numbers[slots] == EMPTY
            self._numbers[slots[free]] = numbers[open_[free]]
            placed = self._numbers[slots] == numbers[open_]
            self._keys[slots[placed]] = keys[open_[placed]]
            open_, slots = open_[~placed], (slots[~placed] + 1) & (len(self._keys) - 1)


def first_of_each(keys: Hashes) -> Numbers:
    """Return the index of the first of each key, ascending."""
    _, firsts = np.unique(keys, return_index=True)
    return np.sort(firsts)
