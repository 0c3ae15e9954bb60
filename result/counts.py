"""Counts of the runs that met a goal, over many seeds, with confidence intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

Z_95: Final = 1.959963984540054
"""The half width of the central 95 per cent of a normal distribution, in standard deviations."""


def wilson(hits: int, runs: int) -> tuple[float, float]:
    """Return Wilson's 95 % score interval for a probability, from `hits` in `runs`.

    (E. B. Wilson, JASA 22, 1927.) Unlike the normal approximation it is valid near 0 and 1 too.
    Without runs it is (0, 1).
    """
    if not runs:
        return 0.0, 1.0
    share, weight = hits / runs, Z_95 * Z_95 / runs
    middle = (share + weight / 2) / (1 + weight)
    reach = Z_95 * sqrt(share * (1 - share) / runs + weight / (4 * runs)) / (1 + weight)
    # At 0 and 1 the bound is exact; rounding of the square root must not change it.
    low = 0.0 if hits == 0 else middle - reach
    high = 1.0 if hits == runs else middle + reach
    return low, high


@dataclass(frozen=True, slots=True)
class GoalCount:
    """The number of runs, one for each seed, in which a goal was met.

    first_unmet: the first seed with which it was not met, None if there is none. detail: the fact
    that decided that run.
    """

    want: str
    met: int
    runs: int
    first_unmet: int | None = None
    detail: str = ""

    @property
    def interval(self) -> tuple[float, float]:
        """The interval of the probability of meeting the goal, with 95 % confidence."""
        return wilson(self.met, self.runs)

    @property
    def always(self) -> bool:
        """Whether it was met in every run."""
        return self.met == self.runs

    def __str__(self) -> str:
        low, high = self.interval
        share = self.met / self.runs if self.runs else 0.0
        text = (
            f"in {self.met} of {self.runs} runs, {share:.1%} "
            f"(95 % confidence: {low:.1%} to {high:.1%})"
        )
        return text if self.always else f"{text}; not with seed {self.first_unmet}: {self.detail}"


def joined(parts: Sequence[GoalCount]) -> GoalCount:
    """Add up the counts of one goal over several ranges of seeds, given in order."""
    unmet = next((part for part in parts if part.first_unmet is not None), parts[0])
    times_met, runs = sum(part.met for part in parts), sum(part.runs for part in parts)
    return GoalCount(parts[0].want, times_met, runs, unmet.first_unmet, unmet.detail)


def order(baseline: GoalCount, candidate: GoalCount) -> int:
    """Return -1 if the candidate meets the goal less often, 1 if more often, 0 if neither is sure.

    It is sure if the intervals do not overlap, or if one side always met it and the other never.
    """
    if {baseline.met / baseline.runs, candidate.met / candidate.runs} == {0.0, 1.0}:
        return 1 if candidate.always else -1
    (low, high), (candidate_low, candidate_high) = baseline.interval, candidate.interval
    if candidate_high < low:
        return -1
    return 1 if high < candidate_low else 0
