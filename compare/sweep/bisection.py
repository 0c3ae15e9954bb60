"""Which points of a row have to be run to know what becomes of all of them.

Where more memory only ever makes things worse, the row is known once the two points between which
it changes are neighbours. Whether that is so is tested and not assumed: some rows of each curve
are run whole, and in every other row points at equal distances; where any of these contradicts
it, everything is run. So what may go unseen is an exception smaller than the distance between two
probes, in a row of a curve whose tested rows have none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeVar

from zonediff.result.frontiers import State

T = TypeVar("T")


WORSE: Final[dict[State, int]] = {"ok": 0, "tight": 1, "dies": 2}

PROBES: Final = 9
"""Points of each row that are always run, the first and the last among them."""

SAMPLED: Final = 20
"""One row of so many, and at least one of each curve, is run whole."""


def monotone(states: Mapping[int, State]) -> bool:
    """Whether what is known only gets worse."""
    return all(WORSE[states[one]] <= WORSE[states[two]] for one, two in pairwise(sorted(states)))


def to_run(states: Mapping[int, State], count: int, wanted: Collection[int] = ()) -> list[int]:
    """Points of a row to run next, by their place in it; none when all of it is known.

    states: of those that were run. count: of the row's points. wanted: those to run in any case.
    """
    first = {*probes(count), *wanted} - states.keys()
    if first:
        return sorted(first)
    if not monotone(states):
        return [at for at in range(count) if at not in states]
    return [
        (low + high) // 2
        for low, high in pairwise(sorted(states))
        if high - low > 1 and states[low] != states[high]
    ]


def probes(count: int) -> list[int]:
    """Places at equal distances, both ends included."""
    if count <= PROBES:
        return [*range(count)]
    return [at * (count - 1) // (PROBES - 1) for at in range(PROBES)]


def sampled(rows: Sequence[T]) -> list[T]:
    """The rows of a curve that are run whole, evenly spread over it."""
    number = -(-len(rows) // SAMPLED)
    return [rows[(2 * at + 1) * len(rows) // (2 * number)] for at in range(number)]
