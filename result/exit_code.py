"""What a result comes down to: the exit code of the command that made it."""

from __future__ import annotations

from typing import Final

from zonediff.result.judgements import Judgement
from zonediff.result.result import Result

PASSED: Final = 0
REGRESSED: Final = 1
FAILED: Final = 3


def exit_code(result: Result) -> int:
    """FAILED when a subject failed, else REGRESSED when something regressed, else PASSED.

    FAILED too when there are judgements and all of them are `not-judged`: nothing was compared.

    Regressions that a variant declared to intend do not count; intended differences of any kind
    that are overdue do.
    """
    if any(run.status == "error" for run in result.runs):
        return FAILED
    if result.judgements and all(item.kind == "not-judged" for item in result.judgements):
        return FAILED
    overdue = any(outcome.status == "overdue" for outcome in result.intents)
    if overdue or any(is_regression(judgement) for judgement in result.judgements):
        return REGRESSED
    return PASSED


def is_regression(judgement: Judgement) -> bool:
    """Whether something that worked does not any more, and was not meant to."""
    return "regression" in judgement.kinds and judgement.intended is None
