"""Two systems side by side: do users ever see them part, where soonest, and for which causes?

Both systems are deterministic and every action is possible in every state, so two states are
bisimilar exactly when no sequence of actions tells them apart. That is searched breadth-first
over pairs of states, so the first difference of each kind is shown by a shortest sequence: one
whose steps give the same results on both sides, up to its last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonediff.engine.steps import Step, Write
from zonediff.explore import looks
from zonediff.explore.learned import Numbers
from zonediff.explore.looks import Sight
from zonediff.explore.lts import Outcome, System
from zonediff.explore.table import Keys, Table
from zonediff.result.explorations import Verdict

RESULT: Final = "result"
"""What a Kind is about, when it is no file that looks different."""

SCATTER: Final = np.uint64(0x9E3779B97F4A7C15)
"""Spreads numbers over 64 bits: the golden ratio's."""

States = Numbers | NDArray[np.int32]

_FIGURES: Final = ("zoneinfo",)
"""Text whose numbers do not make another kind of difference."""


class Kind(NamedTuple):
    """What makes differences one of a kind.

    what: `result`, or the file that reads differently. left, right: both results or texts (empty
    for figures). Of results also do: the verb, and the file that is written to; and the rule that
    decided on each side.
    """

    what: str
    left: str | None
    right: str | None
    do: str = ""
    left_rule: str = ""
    right_rule: str = ""


@dataclass(frozen=True, slots=True)
class Witness:
    """A shortest sequence of actions whose last one shows a difference (none: booting does).

    part: what looks different after it (`memory32`, `nodes`), empty for a result. count: how many
    transitions of the pairs that were visited show the same kind.
    """

    kind: Kind
    actions: tuple[int, ...]
    part: str
    count: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome of comparing two systems.

    refines, refined: whether the first refines the second, and the other way round. pairs: pairs
    of states visited. depth: None when both systems are complete; else verdict and witnesses are
    those of sequences of up to so many actions.
    """

    verdict: Verdict
    witnesses: tuple[Witness, ...]
    refines: bool
    refined: bool
    pairs: int
    depth: int | None


def compare(left: System, right: System) -> Comparison:
    """Compare two systems over the same actions, built with shared numberings."""
    witnesses, pairs = _differences(left, right)
    refines, refined = _refines(left, right), _refines(right, left)
    verdict: Verdict = "differs"
    if not witnesses:
        verdict = "equivalent"
    elif refines:
        verdict = "refines"
    return Comparison(verdict, witnesses, refines, refined, pairs, bound(left, right))


def bound(left: System, right: System) -> int | None:
    """Up to how many actions all sequences can be followed in both systems; None for any number."""
    return min((system.depth for system in (left, right) if not system.complete), default=None)


class _Search:
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
        self.seen = Table()
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

    def with_images(self, pairs: _Pairs) -> _Pairs:
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
        return _Pairs(*map(np.concatenate, zip(*found, strict=True)))

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


@dataclass(slots=True)
class _Found:
    """Where a kind was met first: the part, the pair and the action; and how often."""

    part: str
    pair: int
    action: int | None
    count: int


class _Kinds:
    """The kinds met so far, in the order in which they were."""

    def __init__(self) -> None:
        self.found: dict[Kind, _Found] = {}

    def note(
        self, kind: Kind, pair: int, action: int | None, *, part: str = "", count: int = 1
    ) -> None:
        """Note that a kind was met `count` times, first at this pair and action."""
        known = self.found.get(kind)
        if known is None:
            self.found[kind] = _Found(part, pair, action, count)
        else:
            known.count += count


def _differences(left: System, right: System) -> tuple[tuple[Witness, ...], int]:
    """The first difference of each kind, and how many pairs were visited.

    Only pairs with equal histories of results are followed: what comes after a different result
    is a consequence of it.
    """
    search, kinds = _Search(left, right), _Kinds()
    results = _results(left), _results(right)
    sights: list[Sight] = left.numberings.sights.values
    for part, one, two in zip(left.parts, left.seen[0], right.seen[0], strict=True):
        for kind in look_kinds(sights[one], sights[two]):
            kinds.note(kind, 0, None, part=part)
    if any(kind.what == "kernel" for kind in kinds.found):
        # Only one of the two survived its boot: nothing that follows is a difference of its own.
        return _witnesses(kinds, search)[:1], 1
    for a, b, numbers in search.levels():
        next_a, next_b = left.successor[a], right.successor[b]
        same = results[0][a] == results[1][b]
        rows, actions = np.nonzero(~same)
        pairs = _Pairs(numbers[rows], actions, a[rows], b[rows], next_a[~same], next_b[~same])
        _different_results(kinds, left, right, search.with_images(pairs))
        rows, actions = np.nonzero(same)
        pairs = _Pairs(numbers[rows], actions, a[rows], b[rows], next_a[same], next_b[same])
        apart = left.label[pairs.next_a] != right.label[pairs.next_b]
        looks_apart = _Pairs(*(column[apart] for column in pairs))
        _different_looks(kinds, left, right, search.with_images(looks_apart))
        moved = (pairs.next_a != pairs.a) | (pairs.next_b != pairs.b)
        search.follow(*(column[moved] for column in pairs.steps))
    return _witnesses(kinds, search), search.count


class _Pairs(NamedTuple):
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


def _witnesses(kinds: _Kinds, search: _Search) -> tuple[Witness, ...]:
    return tuple(
        Witness(
            kind,
            search.path(at.pair) + (() if at.action is None else (at.action,)),
            at.part,
            at.count,
        )
        for kind, at in kinds.found.items()
    )


def _different_results(kinds: _Kinds, left: System, right: System, pairs: _Pairs) -> None:
    """Note transitions whose results differ."""
    if not len(pairs.number):
        return
    action = pairs.action
    groups = np.stack([action, left.outcome[pairs.a, action], right.outcome[pairs.b, action]])
    unique, first, count = np.unique(groups, axis=1, return_index=True, return_counts=True)
    outcomes: list[Outcome] = left.numberings.outcomes.values
    for at in np.argsort(first):
        step, one, two = unique[:, at].tolist()
        kind = result_kind(left.actions[step], outcomes[one], outcomes[two])
        kinds.note(kind, int(pairs.number[first[at]]), step, count=int(count[at]))


def result_kind(step: Step, left: Outcome, right: Outcome) -> Kind:
    """The kind of a step whose results differ."""
    do = step.verb
    if isinstance(step, Write):
        do += " " + step.file.rpartition("/")[2]
    last = [outcome.rules[-1] if outcome.rules else "" for outcome in (left, right)]
    return Kind(RESULT, left.result, right.result, do, *last)


def _different_looks(kinds: _Kinds, left: System, right: System, pairs: _Pairs) -> None:
    """Note transitions, all to looks that differ, after which a part differs in another way.

    A part that neither side's step changed still looks as different as it did, and that was noted.
    """
    number, action, a, b, next_a, next_b = pairs
    if not len(number):
        return
    sights: list[Sight] = left.numberings.sights.values
    for column, part in enumerate(left.parts):
        one, two = left.seen[next_a, column], right.seen[next_b, column]
        new = (one != two) & ((one != left.seen[a, column]) | (two != right.seen[b, column]))
        at = np.flatnonzero(new)
        if not len(at):
            continue
        groups = np.stack([one[at], two[at]])
        unique, first, count = np.unique(groups, axis=1, return_index=True, return_counts=True)
        for group in np.argsort(first):
            where = at[first[group]]
            for kind in look_kinds(*(sights[number] for number in unique[:, group])):
                kinds.note(
                    kind,
                    int(number[where]),
                    int(action[where]),
                    part=part,
                    count=int(count[group]),
                )


def look_kinds(one: Sight, two: Sight) -> list[Kind]:
    """The kinds in which two sights of one part differ."""
    return [
        Kind(item.what, "", "") if item.what in _FIGURES else Kind(*item)
        for item in looks.apart(one, two)
    ]


def _results(system: System) -> NDArray[np.int32]:
    """The outcome table with results only, by number; 0 is success."""
    numbers: dict[str | None, int] = {None: 0}
    by_outcome = [
        numbers.setdefault(outcome.result, len(numbers))
        for outcome in system.numberings.outcomes.values
    ]
    return np.array(by_outcome or [0], np.int32)[system.outcome]


def _refines(left: System, right: System) -> bool:
    """Whether every success of the left is a success of the right with the same look after it.

    Where both fail, both are followed; where only the left fails, its users would not go on.
    """
    if left.label[0] != right.label[0]:
        return False
    search = _Search(left, right)
    results = _results(left), _results(right)
    for a, b, numbers in search.levels():
        next_a, next_b = left.successor[a], right.successor[b]
        succeeds, also = results[0][a] == 0, results[1][b] == 0
        if (succeeds & ~(also & (left.label[next_a] == right.label[next_b]))).any():
            return False
        rows, actions = np.nonzero(succeeds | ~also)
        search.follow(numbers[rows], actions, next_a[rows, actions], next_b[rows, actions])
    return True


def classes(*systems: System) -> list[Numbers]:
    """For each system, the bisimulation class of each of its states, over all of them together.

    Partition refinement: states stay together while their looks, results and successors' classes
    are equal. Of use to check compare() another way, and to say how many states really differ.
    """
    label = np.concatenate([system.label for system in systems])
    results = np.concatenate([_results(system) for system in systems])
    offsets = np.cumsum([0, *(system.states for system in systems)])
    successor = np.concatenate(
        [
            np.where(system.successor < 0, -1, system.successor + offset)
            for system, offset in zip(systems, offsets, strict=False)
        ]
    )
    _, current = np.unique(np.column_stack([label, results]), axis=0, return_inverse=True)
    current = current.ravel()
    while True:
        following = np.where(successor < 0, -1, current[successor])
        _, finer = np.unique(np.column_stack([current, following]), axis=0, return_inverse=True)
        finer = finer.ravel()
        if finer.max() == current.max():
            return [finer[low:high] for low, high in pairwise(offsets)]
        current = finer
