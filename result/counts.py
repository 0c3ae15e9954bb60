"""How often something happened, and how far that can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

Z_95: Final = 1.959963984540054
"""Standard deviations of a normal distribution on each side that hold 95 per cent of it."""


def wilson(hits: int, runs: int) -> tuple[float, float]:
    """Wilson's score interval of 95 % for a probability seen as `hits` of `runs`.

    (E. B. Wilson, JASA 22, 1927.) Unlike the textbook interval it holds at 0 and 1 too. Without
    any run it is (0, 1).
    """
    if not runs:
        return 0.0, 1.0
    share, weight = hits / runs, Z_95 * Z_95 / runs
    middle = (share + weight / 2) / (1 + weight)
    reach = Z_95 * sqrt(share * (1 - share) / runs + weight / (4 * runs)) / (1 + weight)
    # At the ends the bound is exact, which the rounding of its square root must not spoil.
    low = 0.0 if hits == 0 else middle - reach
    high = 1.0 if hits == runs else middle + reach
    return low, high


@dataclass(frozen=True, slots=True)
class GoalCount:
    """In how many runs, one for each seed, a goal was met.

    first_unmet: the first seed with which it was not, and `detail`, what decided that; None when
    it always was.
    """

    want: str
    met: int
    runs: int
    first_unmet: int | None = None
    detail: str = ""

    @property
    def interval(self) -> tuple[float, float]:
        """Where the probability of meeting the goal lies, with 95 % confidence."""
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
    """How often one goal was met over several ranges of seeds, given in their order."""
    unmet = next((part for part in parts if part.first_unmet is not None), parts[0])
    times_met, runs = sum(part.met for part in parts), sum(part.runs for part in parts)
    return GoalCount(parts[0].want, times_met, runs, unmet.first_unmet, unmet.detail)


def order(baseline: GoalCount, candidate: GoalCount) -> int:
    """-1 when `candidate` was met more rarely than `baseline`, 1 when more often, 0 when not sure.

    It is sure when the intervals do not overlap, or when one was always met and the other never.
    """
    if {baseline.met / baseline.runs, candidate.met / candidate.runs} == {0.0, 1.0}:
        return 1 if candidate.always else -1
    (low, high), (other_low, other_high) = baseline.interval, candidate.interval
    if other_high < low:
        return -1
    return 1 if high < other_low else 0
