"""."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonediff.explore.key_table import Keys, KeyTable
from zonediff.explore.learner import Numbers
from zonediff.explore.system import System

SCATTER: Final = np.uint64(0x9E3779B97F4A7C15)
"""Spreads numbers over 64 bits: the golden ratio's."""


States = Numbers | NDArray[np.int32]


def bound(left: System, right: System) -> int | None:
    """Up to how many actions all sequences can be followed in both systems; None for any number."""
    return min((system.depth for system in (left, right) if not system.complete), default=None)


class PairSearch:
    """Breadth-first over pairs of states that are reached by the same actions.

    Where both systems have the same interchangeable nodes, pairs that one renaming of both states
    makes of each other are one pair. Pair number n renamed by r is told as n * renamings + r.
    """

    def __init__(self, left: System, right: System) -> None:
        self.left, self.right = left, right
        self.group = left.group
        self.renamings = 1 if self.group is None else len(self.group)
        self.bound = bound(left, right)
        self.a, self.b = np.zeros(1, np.int64), np.zeros(1, np.int64)
        self.seen = KeyTable()
        self.seen.numbers(self._keys(self.a, self.b))
        self.parents: list[Numbers] = [np.zeros(1, np.int64)]
        self.actions: list[Numbers] = [np.full(1, -1)]
        self.turns: list[Numbers] = [np.zeros(1, np.int64)]

    @property
    def count(self) -> int:
        """How many pairs were met."""
        return self.seen.size

    def levels(self) -> Iterator[tuple[Numbers, Numbers, Numbers]]:
        """Each frontier: states of the left, of the right, and the numbers of the pairs."""
        level = 0
        while len(self.a) and (self.bound is None or level < self.bound):
            numbers = self.count - len(self.a) + np.arange(len(self.a))
            yield self.a, self.b, numbers * self.renamings
            level += 1

    def follow(self, source: Numbers, action: Numbers, a: States, b: States) -> None:
        """The next frontier: pairs (a, b) reached from pair numbers `source` by actions."""
        a, b = a.astype(np.int64), b.astype(np.int64)
        if self.group is not None:
            a, b, turn = self._smallest(a, b)
        _, firsts = self.seen.numbers(self._keys(a, b))
        self.a, self.b = a[firsts], b[firsts]
        self.parents.append(source[firsts] // self.renamings)
        self.actions.append(action[firsts])
        if self.group is not None:
            self.turns.append(turn[firsts])

    def _images(self, number: int, a: States, b: States) -> tuple[Numbers, Numbers]:
        """Pairs renamed."""
        assert self.left.images is not None
        assert self.right.images is not None
        one, two = self.left.images[number][a], self.right.images[number][b]
        return one.astype(np.int64), two.astype(np.int64)

    def _smallest(self, a: Numbers, b: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Of each pair's images the smallest, and by which renaming it is."""
        turn = np.zeros(len(a), np.int64)
        best = a, b
        for number in range(1, self.renamings):
            one, two = self._images(number, a, b)
            less = (one < best[0]) | ((one == best[0]) & (two < best[1]))
            best = np.where(less, one, best[0]), np.where(less, two, best[1])
            turn[less] = number
        return *best, turn

    def with_images(self, pairs: PairTransitions) -> PairTransitions:
        """Transitions and all their images, each once: of pairs that are their own image none."""
        if self.group is None or not len(pairs.number):
            return pairs
        met: list[tuple[Numbers, Numbers]] = []
        found = []
        for number in range(self.renamings):
            a, b = self._images(number, pairs.a, pairs.b)
            known = [(a == one) & (b == two) for one, two in met]
            new = ~np.logical_or.reduce([np.zeros(len(a), np.bool_), *known])
            met.append((a, b))
            next_a, next_b = self._images(number, pairs.next_a, pairs.next_b)
            action = self.group.actions[number][pairs.action]
            image = pairs.number + number, action, a, b, next_a, next_b
            found.append([column[new] for column in image])
        return PairTransitions(*map(np.concatenate, zip(*found, strict=True)))

    def _keys(self, a: Numbers, b: Numbers) -> Keys:
        """Pairs as keys of a table: two pairs never have the same, for SCATTER is odd."""
        return (a * self.right.states + b).astype(np.uint64) * SCATTER

    def path(self, pair: int) -> tuple[int, ...]:
        """The actions of a shortest way to a pair."""
        parents, actions = np.concatenate(self.parents), np.concatenate(self.actions)
        turns = np.concatenate(self.turns)
        pair, renamed = divmod(pair, self.renamings)
        found: list[int] = []
        while pair:
            action = int(actions[pair])
            if self.group is not None:
                # The pair is that which the action led to, renamed; and here renamed once more.
                renamed = int(self.group.after[renamed, turns[pair]])
                action = int(self.group.actions[renamed, action])
            found.append(action)
            pair = int(parents[pair])
        return tuple(found[::-1])


class PairTransitions(NamedTuple):
    """Transitions of pairs: by pair number and action, from states a and b to the next ones."""

    number: Numbers
    action: Numbers
    a: Numbers
    b: Numbers
    next_a: States
    next_b: States

    @property
    def steps(self) -> tuple[Numbers, Numbers, States, States]:
        return self.number, self.action, self.next_a, self.next_b
