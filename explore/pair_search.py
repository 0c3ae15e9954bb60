"""The product construction: a breadth-first search over pairs of states of two systems.

A pair is a state of each system that the same actions lead to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonediff.explore.arrays import Hashes, Numbers, States
from zonediff.explore.key_table import KeyTable
from zonediff.explore.system import System

SCATTER: Final = np.uint64(0x9E3779B97F4A7C15)
"""An odd multiplier that spreads numbers over 64 bits (Fibonacci hashing)."""


CHUNK: Final = 1 << 16
"""The number of pairs that are followed at once."""


class PairTransitions(NamedTuple):
    """Transitions of pairs: from pair (left, right) by an action to the next states.

    pair: the pair's number, as in PairSearch.
    """

    pair: Numbers
    action: Numbers
    left: Numbers
    right: Numbers
    next_left: States
    next_right: States


class Frontier(NamedTuple):
    """Pairs to follow: their numbers, both states, and (pairs x actions) tables of the next."""

    pair: Numbers
    left: Numbers
    right: Numbers
    next_left: States
    next_right: States

    def moved(self) -> NDArray[np.bool_]:
        """Return the transitions that lead to another pair: (pairs x actions)."""
        moved: NDArray[np.bool_] = self.next_left != self.left[:, np.newaxis]
        moved |= self.next_right != self.right[:, np.newaxis]
        return moved

    def transitions(self, chosen: NDArray[np.bool_]) -> PairTransitions:
        """Return the chosen transitions; chosen: (pairs x actions)."""
        index, action = np.nonzero(chosen)
        return PairTransitions(
            self.pair[index],
            action,
            self.left[index],
            self.right[index],
            self.next_left[chosen],
            self.next_right[chosen],
        )


def bound(left: System, right: System) -> int | None:
    """Return the length up to which both systems have all sequences; None for any length."""
    return min((system.depth for system in (left, right) if not system.complete), default=None)


class PairSearch:
    """A search over the pairs of two systems; the caller says which transitions it follows.

    Where the systems have interchangeable nodes, the images of a pair (both states renamed at
    once) count as one pair, that with the smallest numbers. Image r of pair n has the number
    n * renamings + r.
    """

    def __init__(self, left: System, right: System) -> None:
        self.left_system, self.right_system = left, right
        self.group = left.group
        self.renamings = 1 if self.group is None else len(self.group)
        self.bound = bound(left, right)
        self.left, self.right = np.zeros(1, np.int64), np.zeros(1, np.int64)
        self._next = [(self.left[:0], self.right[:0])]
        self._pairs = KeyTable()
        self._pairs.numbers(self._keys(self.left, self.right))
        self._parents: list[Numbers] = [np.zeros(1, np.int64)]
        self._actions: list[Numbers] = [np.full(1, -1)]
        self._turns: list[Numbers] = [np.zeros(1, np.int64)]

    @property
    def count(self) -> int:
        """The number of pairs found."""
        return self._pairs.size

    def levels(self) -> Iterator[Iterator[Frontier]]:
        """Yield each level, as its frontiers; the caller calls follow() for each of them."""
        level = 0
        while len(self.left) and (self.bound is None or level < self.bound):
            yield self._frontiers(self.left, self.right)
            lefts, rights = zip(*self._next, strict=True)
            self.left, self.right = np.concatenate(lefts), np.concatenate(rights)
            self._next = [(self.left[:0], self.right[:0])]
            level += 1

    def _frontiers(self, left: Numbers, right: Numbers) -> Iterator[Frontier]:
        """Yield the pairs of a level, some at a time."""
        first = self.count - len(left)
        for start in range(0, len(left), CHUNK):
            chunk = slice(start, start + CHUNK)
            numbers = first + np.arange(len(left))[chunk]
            yield Frontier(
                numbers * self.renamings,
                left[chunk],
                right[chunk],
                self.left_system.successor[left[chunk]],
                self.right_system.successor[right[chunk]],
            )

    def follow(self, source: Numbers, action: Numbers, left: States, right: States) -> None:
        """Add the pairs (left, right) that actions on `source` lead to, to the next level."""
        left, right = left.astype(np.int64), right.astype(np.int64)
        if self.group is not None:
            left, right, turn = self._smallest(left, right)
        _, firsts = self._pairs.numbers(self._keys(left, right))
        self._next.append((left[firsts], right[firsts]))
        self._parents.append(source[firsts] // self.renamings)
        self._actions.append(action[firsts])
        if self.group is not None:
            self._turns.append(turn[firsts])

    def with_images(self, transitions: PairTransitions) -> PairTransitions:
        """Return transitions with all their images, without duplicates of one transition."""
        if self.group is None or not len(transitions.pair):
            return transitions
        earlier: list[tuple[Numbers, Numbers]] = []
        images = []
        for number in range(self.renamings):
            left, right = self._images(number, transitions.left, transitions.right)
            duplicates = [
                (left == earlier_left) & (right == earlier_right)
                for earlier_left, earlier_right in earlier
            ]
            new = ~np.logical_or.reduce([np.zeros(len(left), np.bool_), *duplicates])
            earlier.append((left, right))
            following = self._images(number, transitions.next_left, transitions.next_right)
            action = self.group.actions[number][transitions.action]
            image = transitions.pair + number, action, left, right, *following
            images.append([column[new] for column in image])
        return PairTransitions(*map(np.concatenate, zip(*images, strict=True)))

    def path(self, pair: int) -> tuple[int, ...]:
        """Return the actions of a shortest path to a pair."""
        parents, actions = np.concatenate(self._parents), np.concatenate(self._actions)
        turns = np.concatenate(self._turns)
        pair, renaming = divmod(pair, self.renamings)
        path: list[int] = []
        while pair:
            action = int(actions[pair])
            if self.group is not None:
                # The action led to a pair whose image by `turn` is this one. Rename that, too.
                renaming = int(self.group.after[renaming, turns[pair]])
                action = int(self.group.actions[renaming, action])
            path.append(action)
            pair = int(parents[pair])
        return tuple(path[::-1])

    def _images(self, number: int, left: States, right: States) -> tuple[Numbers, Numbers]:
        """Return the images of pairs under a renaming."""
        assert self.left_system.images is not None
        assert self.right_system.images is not None
        left_image = self.left_system.images[number][left]
        right_image = self.right_system.images[number][right]
        return left_image.astype(np.int64), right_image.astype(np.int64)

    def _smallest(self, left: Numbers, right: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Return the smallest image of each pair, and the renaming that makes it."""
        turn = np.zeros(len(left), np.int64)
        best_left, best_right = left, right
        for number in range(1, self.renamings):
            image_left, image_right = self._images(number, left, right)
            less = image_left < best_left
            less |= (image_left == best_left) & (image_right < best_right)
            best_left = np.where(less, image_left, best_left)
            best_right = np.where(less, image_right, best_right)
            turn[less] = number
        return best_left, best_right, turn

    def _keys(self, left: Numbers, right: Numbers) -> Hashes:
        """Return a different key for each pair; SCATTER is odd, so it keeps them different."""
        return (left * self.right_system.states + right).astype(np.uint64) * SCATTER
