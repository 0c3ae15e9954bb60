"""Compare two systems: are they bisimilar and, if not, which shortest sequences show it?

Both systems are deterministic and every action is possible in every state. So two states are
bisimilar if and only if no sequence of actions distinguishes them. The search over pairs
(pair_search.py) is breadth first, so the first difference of each kind has a shortest witness: a
sequence whose steps have the same results on both sides, up to the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from zonediff.explore.arrays import Numbers
from zonediff.explore.kinds import Kind, Witness, result_kind, view_kinds
from zonediff.explore.pair_search import PairSearch, PairTransitions, bound
from zonediff.explore.system import Outcome, System
from zonediff.explore.views import PartView
from zonediff.result.explorations import Verdict


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome of comparing two systems.

    refines: whether the first refines the second; refined: whether the second refines the first.
    pairs: the number of pairs of states visited. depth: the greatest length of the sequences that
    were compared; None for any length.
    """

    verdict: Verdict
    witnesses: tuple[Witness, ...]
    refines: bool
    refined: bool
    pairs: int
    depth: int | None


def compare(left: System, right: System) -> Comparison:
    """Compare two systems with the same actions and shared numberings."""
    witnesses, pairs = _differences(left, right)
    refines, refined = _refines(left, right), _refines(right, left)
    verdict: Verdict = "differs"
    if not witnesses:
        verdict = "equivalent"
    elif refines:
        verdict = "refines"
    return Comparison(verdict, witnesses, refines, refined, pairs, bound(left, right))


@dataclass(slots=True)
class _Occurrence:
    """Where a kind first occurred (part, pair, action), and how often it did in all."""

    part: str
    pair: int
    action: int | None
    count: int


class _Kinds:
    """The kinds found, in order."""

    def __init__(self) -> None:
        self.occurrences: dict[Kind, _Occurrence] = {}

    def add(
        self, kind: Kind, pair: int, action: int | None, *, part: str = "", count: int = 1
    ) -> None:
        """Add `count` occurrences of a kind, the first one at this pair and action."""
        known = self.occurrences.get(kind)
        if known is None:
            self.occurrences[kind] = _Occurrence(part, pair, action, count)
        else:
            known.count += count

    def join(self, later: _Kinds) -> None:
        """Add the kinds that were found later."""
        for kind, first in later.occurrences.items():
            self.add(kind, first.pair, first.action, part=first.part, count=first.count)


def _differences(left: System, right: System) -> tuple[tuple[Witness, ...], int]:
    """Return a witness of each kind of difference, and the number of pairs visited.

    A transition with different results is not followed: later differences are its consequences.
    """
    search, kinds = PairSearch(left, right), _Kinds()
    left_results, right_results = left.results, right.results
    views: list[PartView] = left.numberings.views.values
    for part, left_view, right_view in zip(left.parts, left.views[0], right.views[0], strict=True):
        for kind in view_kinds(views[left_view], views[right_view]):
            kinds.add(kind, 0, None, part=part)
    if any(kind.what == "kernel" for kind in kinds.occurrences):
        # Only one of the two kernels survived its boot. All other differences follow from that.
        return _witnesses(kinds, search)[:1], 1
    for frontiers in search.levels():
        of_results, of_views = _Kinds(), _Kinds()
        for frontier in frontiers:
            same_result = left_results[frontier.left] == right_results[frontier.right]
            different = frontier.transitions(~same_result)
            _add_results(of_results, left, right, search.with_images(different))
            following = frontier.transitions(same_result & frontier.moved())
            unlike = left.label[following.next_left] != right.label[following.next_right]
            viewed = PairTransitions(*(column[unlike] for column in following))
            _add_views(of_views, left, right, search.with_images(viewed))
            search.follow(
                following.pair, following.action, following.next_left, following.next_right
            )
        kinds.join(of_results)
        kinds.join(of_views)
    return _witnesses(kinds, search), search.count


def _witnesses(kinds: _Kinds, search: PairSearch) -> tuple[Witness, ...]:
    return tuple(
        Witness(
            kind,
            search.path(first.pair) + (() if first.action is None else (first.action,)),
            first.part,
            first.count,
        )
        for kind, first in kinds.occurrences.items()
    )


def _add_results(kinds: _Kinds, left: System, right: System, transitions: PairTransitions) -> None:
    """Add the kinds of transitions that have different results."""
    if not len(transitions.pair):
        return
    action = transitions.action
    left_outcome = left.outcome[transitions.left, action]
    right_outcome = right.outcome[transitions.right, action]
    groups, first, count = _groups(action, left_outcome, right_outcome)
    outcomes: list[Outcome] = left.numberings.outcomes.values
    for group in np.argsort(first):
        number, left_number, right_number = groups[:, group].tolist()
        kind = result_kind(left.actions[number], outcomes[left_number], outcomes[right_number])
        kinds.add(kind, int(transitions.pair[first[group]]), number, count=int(count[group]))


def _add_views(kinds: _Kinds, left: System, right: System, transitions: PairTransitions) -> None:
    """Add the kinds of the parts that a transition made different, or different in another way.

    A part that changed on neither side differed before, in the same way.
    """
    pair, action, left_states, right_states, next_left, next_right = transitions
    if not len(pair):
        return
    views: list[PartView] = left.numberings.views.values
    for column, part in enumerate(left.parts):
        left_view, right_view = left.views[next_left, column], right.views[next_right, column]
        changed = left_view != left.views[left_states, column]
        changed |= right_view != right.views[right_states, column]
        index = np.flatnonzero((left_view != right_view) & changed)
        if not len(index):
            continue
        groups, first, count = _groups(left_view[index], right_view[index])
        for group in np.argsort(first):
            occurrence = index[first[group]]
            for kind in view_kinds(*(views[number] for number in groups[:, group])):
                kinds.add(
                    kind,
                    int(pair[occurrence]),
                    int(action[occurrence]),
                    part=part,
                    count=int(count[group]),
                )


def _groups(*columns: NDArray[np.integer]) -> tuple[NDArray[np.integer], Numbers, Numbers]:
    """Return the different rows of these columns, the index of the first of each, and counts."""
    # One number for each row; numpy finds unique numbers quicker than unique rows.
    rows = np.ravel_multi_index(columns, [int(column.max()) + 1 for column in columns])
    _, first, count = np.unique(rows, return_index=True, return_counts=True)
    return np.stack([column[first] for column in columns]), first, count


def _refines(left: System, right: System) -> bool:
    """Return whether every step that succeeds on the left succeeds on the right, with equal views.

    The search follows steps that succeed on both sides or fail on both. After a step that fails
    only on the left, users of the left would not go on.
    """
    if left.label[0] != right.label[0]:
        return False
    search = PairSearch(left, right)
    left_results, right_results = left.results, right.results
    for frontier in chain.from_iterable(search.levels()):
        next_left, next_right = frontier.next_left, frontier.next_right
        left_succeeds = left_results[frontier.left] == 0
        right_succeeds = right_results[frontier.right] == 0
        equal_success = right_succeeds & (left.label[next_left] == right.label[next_right])
        if (left_succeeds & ~equal_success).any():
            return False
        index, action = np.nonzero(left_succeeds | ~right_succeeds)
        search.follow(
            frontier.pair[index], action, next_left[index, action], next_right[index, action]
        )
    return True
