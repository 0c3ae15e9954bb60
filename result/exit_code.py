"""The exit code that a result gives to the command that made it."""

from __future__ import annotations

from typing import Final

from zonediff.result.judgements import Judgement
from zonediff.result.result import Result

PASSED: Final = 0
REGRESSED: Final = 1
FAILED: Final = 3


def exit_code(result: Result) -> int:
    """Return FAILED if a variant failed, else REGRESSED if something regressed, else PASSED.

    A regression that the variant declares as intended does not count. An intent that is overdue
    counts as a regression.
    """
    if any(run.status == "error" for run in result.runs):
        return FAILED
    overdue = any(outcome.status == "overdue" for outcome in result.intents)
    if overdue or any(is_regression(judgement) for judgement in result.judgements):
        return REGRESSED
    return PASSED


def is_regression(judgement: Judgement) -> bool:
    """Whether something regressed that the variant does not declare as intended."""
    return "regression" in judgement.kinds and judgement.intended is None
