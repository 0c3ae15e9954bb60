"""Reviews in result files: read back as they were, and refused where they contradict themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.reports.review_results import LEAK, dax_review, interdiff, result_of, tiny_review
from zonediff.result.exit_code import FAILED, PASSED, REGRESSED, exit_code
from zonediff.result.files import ResultFileError, dumps, loads
from zonediff.result.reviews import Review


@pytest.mark.parametrize(
    "reviews",
    [(dax_review("v4"),), (interdiff(),), (tiny_review(),), (dax_review("v6"), tiny_review())],
)
def test_a_review_is_read_back_as_it_was(reviews: tuple[Review, ...]) -> None:
    result = result_of(*reviews)
    assert loads(dumps(result), "r.json") == result


@pytest.mark.parametrize(
    ("review", "code"),
    [
        (dax_review("v4"), REGRESSED),
        (dax_review("v6"), REGRESSED),
        (dax_review("v7"), PASSED),
        (interdiff(), PASSED),
        (tiny_review(), FAILED),
        (replace(tiny_review(), stages=tiny_review().stages[:4]), REGRESSED),
    ],
)
def test_the_exit_code_is_that_of_a_run(review: Review, code: int) -> None:
    assert exit_code(result_of(review)) == code


def test_what_comes_sometimes_is_no_regression() -> None:
    review = dax_review("v6")
    rare = replace(LEAK, verdict="sometimes", shown=1)
    comparison = replace(review.comparisons[0], causes=[rare])
    assert exit_code(result_of(replace(review, comparisons=[comparison]))) == PASSED


def put(*way: str | int) -> Callable[[Any, object], None]:
    def change(body: Any, value: object) -> None:
        body = body["reviews"][0]
        for part in way[:-1]:
            body = body[part]
        body[way[-1]] = value

    return change


COMPARISON = ("comparisons", 0)
CAUSE = (*COMPARISON, "causes", 0)
CLAIM = {"id": "c", "says": "", "message_id": ""}


@pytest.mark.parametrize(
    ("change", "value", "says"),
    [
        (put("series"), "a\x1b[2J", "characters that cannot be printed"),
        (put("stages", 1, "name"), "v6\nok 1", "characters that cannot be printed"),
        (put("stages", 1, "name"), "", "has not 1 to 255 characters"),
        (put("stages", 1, "name"), "v" * 256, "has not 1 to 255 characters"),
        (put("stages", 1, "name"), "base", "stage 'base' of a review occurs twice"),
        (put("stages", 1, "outcome"), "does-not-build", "'v6' is no stage with a kernel"),
        (put("stages", 1, "outcome"), "odd", 'not "odd"'),
        (put("stages"), [], "has no stages"),
        (put("alphabet", 0), "echo 1\nreboot", "is not one line of ASCII text"),
        (put("alphabet", 0), "x" * 4097, "a command of more than 4096 characters"),
        (put(*CAUSE, "steps", 0, "command"), "echo \x07", "is not one line of ASCII text"),
        (put(*CAUSE, "steps"), [], "a cause without steps"),
        (put(*CAUSE, "shown"), 2, "a difference that 2 of 3 fresh boots show is `sometimes`"),
        (put(*CAUSE, "shown"), 4, "cannot show on 4 of 3 fresh boots"),
        (put(*COMPARISON, "pairs"), -1, "has a number below 0"),
        (put(*COMPARISON, "states"), [1], "states"),
        (put(*COMPARISON, "states"), "12", "states"),
        (put(*COMPARISON, "candidate"), "base", "compares a stage with itself"),
        (put("claims"), [{**CLAIM, "outcomes": {"v6": "so"}}], 'not "so"'),
        (put("stages", 1, "outcome"), "a\x1b[2J", "expected one of ready, does-not-apply"),
        (put("stages", 1, "outcome"), ["ready"], "expected one of ready, does-not-apply"),
        (put("claims"), [{**CLAIM, "outcomes": {"v9": "refuted"}}], "'v9', which is no stage"),
    ],
)
def test_what_does_not_fit_is_refused(
    change: Callable[[Any, object], None], value: object, says: str
) -> None:
    body = json.loads(dumps(result_of(dax_review("v6"))))
    change(body, value)
    with pytest.raises(ResultFileError) as raised:
        loads(json.dumps(body), "r")
    message = str(raised.value)
    assert message.startswith("r: not a valid result: ")
    assert says in message
    assert message.isprintable()
