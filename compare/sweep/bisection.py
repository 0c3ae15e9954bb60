"""Bisection: choose the points of a row to run, so that the states of all points are known.

If more memory never makes things better, a row is known once the two points between which its state
changes are neighbours. This is tested, not assumed: some rows of each curve are run whole, and
every other row is probed at equal distances. Where a test contradicts it, all points are run. So
bisection can only miss an exception that is narrower than the distance of two probes, in a row of a
curve whose tested rows have none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeVar

from zonediff.result.frontiers import State

T = TypeVar("T")


WORSE: Final[dict[State, int]] = {"ok": 0, "tight": 1, "dies": 2}

PROBES: Final = 9
"""The number of points of each row that are always run, the first and the last included."""

SAMPLED: Final = 20
"""Of this many rows one is run whole; at least one of each curve."""


def monotone(states: Mapping[int, State]) -> bool:
    """Whether the known states only get worse with more memory. states: by index in the row."""
    return all(
        WORSE[states[smaller]] <= WORSE[states[larger]]
        for smaller, larger in pairwise(sorted(states))
    )


def to_run(states: Mapping[int, State], count: int, required: Collection[int] = ()) -> list[int]:
    """The indices of the points to run next; none when the whole row is known.

    states: of the points that were run. count: the number of points of the row. wanted: indices of
    points to run in any case.
    """
    first = {*probes(count), *required} - states.keys()
    if first:
        return sorted(first)
    if not monotone(states):
        return [index for index in range(count) if index not in states]
    return [
        (low + high) // 2
        for low, high in pairwise(sorted(states))
        if high - low > 1 and states[low] != states[high]
    ]


def probes(count: int) -> list[int]:
    """Indices at equal distances, both ends included."""
    if count <= PROBES:
        return [*range(count)]
    return [number * (count - 1) // (PROBES - 1) for number in range(PROBES)]


def sampled(rows: Sequence[T]) -> list[T]:
    """The rows of a curve to run whole, evenly spread over it."""
    number = -(-len(rows) // SAMPLED)
    return [rows[(2 * index + 1) * len(rows) // (2 * number)] for index in range(number)]
