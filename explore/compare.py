"""."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zonediff.explore.kinds import Kind, Witness, result_kind, view_kinds
from zonediff.explore.pair_search import PairSearch, PairTransitions, bound
from zonediff.explore.system import Outcome, System
from zonediff.explore.views import PartView
from zonediff.result.explorations import Verdict


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
    witnesses, pairs = differences(left, right)
    refines, refined = _refines(left, right), _refines(right, left)
    verdict: Verdict = "differs"
    if not witnesses:
        verdict = "equivalent"
    elif refines:
        verdict = "refines"
    return Comparison(verdict, witnesses, refines, refined, pairs, bound(left, right))


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


def differences(left: System, right: System) -> tuple[tuple[Witness, ...], int]:
    """The first difference of each kind, and how many pairs were visited.

    Only pairs with equal histories of results are followed: what comes after a different result
    is a consequence of it.
    """
    search, kinds = PairSearch(left, right), _Kinds()
    results = _results(left), _results(right)
    views: list[PartView] = left.numberings.views.values
    for part, one, two in zip(left.parts, left.seen[0], right.seen[0], strict=True):
        for kind in view_kinds(views[one], views[two]):
            kinds.note(kind, 0, None, part=part)
    if any(kind.what == "kernel" for kind in kinds.found):
        # Only one of the two survived its boot: nothing that follows is a difference of its own.
        return _witnesses(kinds, search)[:1], 1
    for a, b, numbers in search.levels():
        next_a, next_b = left.successor[a], right.successor[b]
        same = results[0][a] == results[1][b]
        rows, actions = np.nonzero(~same)
        pairs = PairTransitions(
            numbers[rows], actions, a[rows], b[rows], next_a[~same], next_b[~same]
        )
        _different_results(kinds, left, right, search.with_images(pairs))
        rows, actions = np.nonzero(same)
        pairs = PairTransitions(
            numbers[rows], actions, a[rows], b[rows], next_a[same], next_b[same]
        )
        unlike = left.label[pairs.next_a] != right.label[pairs.next_b]
        looks_apart = PairTransitions(*(column[unlike] for column in pairs))
        _different_looks(kinds, left, right, search.with_images(looks_apart))
        moved = (pairs.next_a != pairs.a) | (pairs.next_b != pairs.b)
        search.follow(*(column[moved] for column in pairs.steps))
    return _witnesses(kinds, search), search.count


def _witnesses(kinds: _Kinds, search: PairSearch) -> tuple[Witness, ...]:
    return tuple(
        Witness(
            kind,
            search.path(at.pair) + (() if at.action is None else (at.action,)),
            at.part,
            at.count,
        )
        for kind, at in kinds.found.items()
    )


def _different_results(kinds: _Kinds, left: System, right: System, pairs: PairTransitions) -> None:
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


def _different_looks(kinds: _Kinds, left: System, right: System, pairs: PairTransitions) -> None:
    """Note transitions, all to looks that differ, after which a part differs in another way.

    A part that neither side's step changed still looks as different as it did, and that was noted.
    """
    number, action, a, b, next_a, next_b = pairs
    if not len(number):
        return
    views: list[PartView] = left.numberings.views.values
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
            for kind in view_kinds(*(views[number] for number in unique[:, group])):
                kinds.note(
                    kind,
                    int(number[where]),
                    int(action[where]),
                    part=part,
                    count=int(count[group]),
                )


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
    search = PairSearch(left, right)
    results = _results(left), _results(right)
    for a, b, numbers in search.levels():
        next_a, next_b = left.successor[a], right.successor[b]
        succeeds, also = results[0][a] == 0, results[1][b] == 0
        if (succeeds & ~(also & (left.label[next_a] == right.label[next_b]))).any():
            return False
        rows, actions = np.nonzero(succeeds | ~also)
        search.follow(numbers[rows], actions, next_a[rows, actions], next_b[rows, actions])
    return True
