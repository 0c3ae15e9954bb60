from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonediff.result.counts import GoalCount, order, wilson


# From the closed form, as in R's prop.test(correct = FALSE).
@pytest.mark.parametrize(
    ("hits", "runs", "low", "high"),
    [
        (0, 10, 0.0, 0.277533),
        (1, 10, 0.017876, 0.404150),
        (5, 10, 0.236593, 0.763407),
        (10, 10, 0.722467, 1.0),
        (412, 1000, 0.381887, 0.442786),
        (1000, 1000, 0.996173, 1.0),
    ],
)
def test_known_intervals(hits: int, runs: int, low: float, high: float) -> None:
    assert wilson(hits, runs) == pytest.approx((low, high), abs=2e-6)


def test_without_runs_nothing_is_known() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_what_was_seen_and_mirrors(count: tuple[int, int]) -> None:
    hits, runs = count
    low, high = wilson(hits, runs)
    assert 0 <= low <= hits / runs <= high <= 1
    assert wilson(runs - hits, runs) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize("runs", [10, 50, 200])
def test_intervals_hold_the_truth_95_times_in_100(runs: int) -> None:
    """Coverage computed exactly from the binomial distribution, averaged over probabilities."""
    truths = [k / 200 for k in range(1, 200)]
    covered = 0.0
    for truth in truths:
        covered += sum(
            comb(runs, hits) * truth**hits * (1 - truth) ** (runs - hits)
            for hits in range(runs + 1)
            if wilson(hits, runs)[0] <= truth <= wilson(hits, runs)[1]
        )
    assert covered / len(truths) == pytest.approx(0.95, abs=0.01)


def test_a_count_says_its_share_its_interval_and_a_seed_to_look_at() -> None:
    count = GoalCount("memory is online", 412, 1000, 17, "memory32 offline [Normal]")
    assert str(count) == (
        "in 412 of 1000 runs, 41.2% (95 % confidence: 38.2% to 44.3%); "
        "not with seed 17: memory32 offline [Normal]"
    )
    assert (
        str(GoalCount("", 10, 10)) == "in 10 of 10 runs, 100.0% (95 % confidence: 72.2% to 100.0%)"
    )
    assert (GoalCount("", 10, 10).always, count.always) == (True, False)


@pytest.mark.parametrize(
    ("one", "two", "sure"),
    [
        ((100, 100), (100, 100), 0),
        ((100, 100), (99, 100), 0),
        ((100, 100), (90, 100), -1),
        ((90, 100), (100, 100), 1),
        ((600, 1000), (650, 1000), 0),
        ((600, 1000), (700, 1000), 1),
        # Too few runs for their intervals, but nothing is left to doubt.
        ((2, 2), (0, 2), -1),
        ((0, 2), (2, 2), 1),
        ((1, 2), (2, 2), 0),
    ],
)
def test_counts_differ_when_that_is_sure(
    one: tuple[int, int], two: tuple[int, int], sure: int
) -> None:
    assert order(GoalCount("", *one), GoalCount("", *two)) == sure
