"""A hash table over whole arrays of keys at once: open addressing, each probe one numpy step."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Numbers = NDArray[np.int64]

EMPTY: Final = -1


class KeyTable:
    """Numbers for 64-bit keys, by order of appearance."""

    def __init__(self) -> None:
        self.size = 0
        self._keys: Keys = np.zeros(1 << 12, np.uint64)
        self._numbers: Numbers = np.full(1 << 12, EMPTY)

    def numbers(self, keys: Keys) -> tuple[Numbers, Numbers]:
        """The number of each key, and where in `keys` each new one is met first, ascending."""
        while 2 * (self.size + len(keys)) > len(self._keys):
            self._grow()
        found = np.full(len(keys), EMPTY)
        # Backwards, because of writes to one place numpy keeps the last: the first of equal keys.
        open_ = np.arange(len(keys))[::-1]
        slots = self._slots(keys)[::-1]
        new: list[Numbers] = []
        while len(open_):
            free = self._numbers[slots] == EMPTY
            if free.any():
                # A number below EMPTY is provisional: it says which key took the slot.
                self._numbers[slots[free]] = -2 - open_[free]
                self._keys[slots[free]] = keys[open_[free]]
                taken = -2 - self._numbers[slots[free]]
                new.append(taken[taken == open_[free]])
            met = self._keys[slots] == keys[open_]
            found[open_[met]] = self._numbers[slots[met]]
            open_, slots = open_[~met], (slots[~met] + 1) & (len(self._keys) - 1)
        firsts = np.sort(np.concatenate(new)) if new else np.zeros(0, np.int64)
        numbers = np.full(len(keys), EMPTY)
        numbers[firsts] = self.size + np.arange(len(firsts))
        provisional = found < EMPTY
        found[provisional] = numbers[-2 - found[provisional]]
        self._settle(keys[firsts], numbers[firsts])
        self.size += len(firsts)
        return found, firsts

    def missing(self, keys: Keys) -> Numbers:
        """Where in `keys` those are that have no number, ascending."""
        slots, open_ = self._slots(keys), np.arange(len(keys))
        missing = np.zeros(len(keys), bool)
        while len(open_):
            free = self._numbers[slots] == EMPTY
            missing[open_[free]] = True
            on = ~free & (self._keys[slots] != keys[open_])
            open_, slots = open_[on], (slots[on] + 1) & (len(self._keys) - 1)
        return np.flatnonzero(missing)

    def _slots(self, keys: Keys) -> Numbers:
        # Keys are sums with random multipliers: their high bits are as good as any hash.
        shift = np.uint64(65 - len(self._keys).bit_length())
        return (keys >> shift).astype(np.int64)

    def _settle(self, keys: Keys, numbers: Numbers) -> None:
        """Write the numbers of keys that are in the table."""
        slots, open_ = self._slots(keys), np.arange(len(keys))
        while len(open_):
            met = self._keys[slots] == keys[open_]
            met &= self._numbers[slots] != EMPTY
            self._numbers[slots[met]] = numbers[open_[met]]
            open_, slots = open_[~met], (slots[~met] + 1) & (len(self._keys) - 1)

    def _grow(self) -> None:
        used = self._numbers != EMPTY
        keys, numbers = self._keys[used], self._numbers[used]
        self._keys = np.zeros(4 * len(self._keys), np.uint64)
        self._numbers = np.full(len(self._keys), EMPTY)
        slots, open_ = self._slots(keys), np.arange(len(keys))
        while len(open_):
            free = self._numbers[slots] == EMPTY
            self._numbers[slots[free]] = numbers[open_[free]]
            won = self._numbers[slots] == numbers[open_]
            self._keys[slots[won]] = keys[open_[won]]
            open_, slots = open_[~won], (slots[~won] + 1) & (len(self._keys) - 1)


def first_of_each(keys: Keys) -> Numbers:
    """Where each key is met first, ascending."""
    _, firsts = np.unique(keys, return_index=True)
    return np.sort(firsts)
