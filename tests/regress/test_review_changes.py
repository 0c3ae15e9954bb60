"""What becomes of the causes of a review in a newer one, and the exit code of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.reports.review_results import (
    LEAK,
    MEMORY_GOES,
    block,
    dax_review,
    result_of,
    tiny_review,
)
from zonediff.compare.regress.changes import compare
from zonediff.reports.formats import OF_CHANGES, render_changes
from zonediff.result.changes import Regression
from zonediff.result.exit_code import FAILED, PASSED, REGRESSED
from zonediff.result.reviews import Cause, ReviewStep, Stage


def changes(old: str, new: str) -> Regression:
    return compare(result_of(dax_review(old)), result_of(dax_review(new)), ("old", "new"))


def fates(regression: Regression) -> list[str]:
    return [change.fate for change in regression.reviews]


def with_causes(revision: str, *causes: Cause) -> Regression:
    """The changes from a review to the same with other causes."""
    review = dax_review(revision)
    comparison = replace(review.comparisons[0], causes=list(causes))
    newer = replace(review, comparisons=[comparison])
    return compare(result_of(review), result_of(newer), ("old", "new"))


@pytest.mark.parametrize(
    ("old", "new", "expected", "code"),
    [
        ("v4", "v5", ["gone", "gone", "still-there", "still-there"], PASSED),
        ("v5", "v6", ["gone", "still-there"], PASSED),
        ("v6", "v7", ["gone"], PASSED),
        ("v7", "v6", ["new"], REGRESSED),
        ("v7", "v7", [], PASSED),
    ],
)
def test_what_became_of_each_cause(old: str, new: str, expected: list[str], code: int) -> None:
    regression = changes(old, new)
    assert fates(regression) == expected
    assert regression.exit_code == code


def test_the_same_cause_on_another_block_is_still_there() -> None:
    steps = [ReviewStep(block(9, "online_movable")), *MEMORY_GOES.steps[1:]]
    readings = [
        replace(item, source=item.source.replace("memory8", "memory9"))
        for item in MEMORY_GOES.readings
    ]
    other = replace(MEMORY_GOES, steps=steps, readings=readings)
    assert fates(with_causes("v5", other, LEAK)) == ["still-there", "still-there"]


@pytest.mark.parametrize("change", ["alphabet", "depth", "machine", "comparison"])
def test_what_the_newer_review_did_not_test_is_not_gone(change: str) -> None:
    newer = dax_review("v7")
    comparison = newer.comparisons[0]
    if change == "alphabet":
        newer = replace(newer, alphabet=newer.alphabet[:-1])
        says = "its alphabet has no `echo dax0.0 > /sys/bus/dax/drivers/kmem/bind`"
    elif change == "depth":
        newer = replace(newer, comparisons=[replace(comparison, depth=3)])
        says = "it explored only sequences of 3 steps"
    elif change == "machine":
        newer = replace(newer, machine="dimm")
        says = "the newer result has no such comparison"
    else:
        newer = replace(newer, comparisons=[])
        says = "the newer result has no such comparison"
    regression = compare(result_of(dax_review("v6")), result_of(newer), ("old", "new"))
    (only,) = regression.reviews
    assert (only.fate, only.says) == ("not-tested", says)
    assert regression.exit_code == PASSED


def test_chance_that_is_not_seen_again_is_not_gone() -> None:
    rare = replace(LEAK, verdict="sometimes", shown=1)
    review = dax_review("v6")
    older = replace(review, comparisons=[replace(review.comparisons[0], causes=[rare])])
    regression = compare(result_of(older), result_of(dax_review("v7")), ("old", "new"))
    assert fates(regression) == ["not-tested"]
    assert "chance decides it" in regression.reviews[0].says


def test_a_cause_that_comes_sometimes_now_is_changed() -> None:
    regression = with_causes("v6", replace(LEAK, verdict="sometimes", shown=1))
    assert fates(regression) == ["otherwise"]
    assert regression.exit_code == PASSED


def test_a_cause_that_hurts_more_now_is_worse() -> None:
    regression = with_causes("v6", replace(LEAK, harm="died"))
    (only,) = regression.reviews
    assert only.fate == "worse"
    assert only.says.startswith("before: regression, a block or a resource is not given back: ")
    assert regression.exit_code == REGRESSED


def test_a_stage_that_no_longer_builds_is_an_error() -> None:
    review = tiny_review()
    stages = [
        Stage(stage.name, "ready", stage.patch) if stage.name == "4/5" else stage
        for stage in review.stages
    ]
    better = result_of(replace(review, stages=stages))
    worse = compare(better, result_of(review), ("old", "new"))
    assert worse.reviews[0].fate == "stage-failed"
    assert worse.exit_code == FAILED
    assert "stage-mended" in fates(compare(result_of(review), better, ("old", "new")))


@pytest.mark.parametrize("form", OF_CHANGES)
def test_every_form_names_what_became_of_the_causes(form: str) -> None:
    text = " ".join(render_changes(changes("v7", "v6"), form).split())
    assert "a block or a resource is not given back" in text
    assert "new" in text


def test_the_headline_counts_fates() -> None:
    text = render_changes(changes("v4", "v5"), "text")
    assert text.endswith("Causes and stages of reviews: 2 gone, 2 still there.\n")
