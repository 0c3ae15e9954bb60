"""The exit code that a result gives to the command that made it."""

from __future__ import annotations

from typing import Final

from zonediff.result.judgements import Judgement, Run
from zonediff.result.result import Result
from zonediff.result.reviews import StageComparison

PASSED: Final = 0
REGRESSED: Final = 1
BAD_INPUT: Final = 2
FAILED: Final = 3


def exit_code(result: Result) -> int:
    """Return FAILED if a variant failed, else REGRESSED if something regressed, else PASSED.

    Also FAILED when there are judgements and all of them are `not-judged`: nothing was compared.

    A stage of a review that does not apply or build is FAILED, a regression of a review REGRESSED.

    Regressions that a variant declared to intend do not count; intended differences of any kind
    that are overdue do. Known outcomes (`result.known`) do not count.
    """
    if any(run.status == "error" and not is_known_failure(run, result) for run in result.runs):
        return FAILED
    if result.judgements and all(item.kind == "not-judged" for item in result.judgements):
        return FAILED
    if any(review.failed for review in result.reviews):
        return FAILED
    overdue = any(outcome.status == "overdue" for outcome in result.intents)
    regressions = [item for item in result.judgements if is_regression(item)]
    reviewed = [cause for item in review_comparisons(result) for cause in item.causes]
    if any(cause.verdict == "regression" for cause in reviewed):
        return REGRESSED
    if overdue or not all(is_known(item, result) for item in regressions):
        return REGRESSED
    return PASSED


def review_comparisons(result: Result) -> list[StageComparison]:
    """Every comparison of every review."""
    return [item for review in result.reviews for item in review.comparisons]


def is_regression(judgement: Judgement) -> bool:
    """Whether something regressed that the variant does not declare as intended."""
    return "regression" in judgement.kinds and judgement.intended is None


def unmet_goals(judgement: Judgement) -> list[str]:
    """The goals that the baseline meets and the candidate does not."""
    return [goal.want for goal in judgement.goals if goal.kind == "regression"]


def is_known(judgement: Judgement, result: Result) -> bool:
    """Whether a regression is known: all goals that are no longer met are known."""
    return any(
        (item.scenario, item.variant) == (judgement.scenario, judgement.variant)
        and {*unmet_goals(judgement)} <= {*item.unmet}
        for item in result.known
        if not item.error
    )


def is_known_failure(run: Run, result: Result) -> bool:
    """Whether it is known that the variant fails in this run, with this error."""
    return any(
        (item.scenario, item.variant, item.error)
        == (run.scenario, run.variant, last_line(run.error))
        for item in result.known
    )


def last_line(error: str | None) -> str:
    """The last line of a traceback, which names the exception."""
    return (error or "").strip().rpartition("\n")[2]
