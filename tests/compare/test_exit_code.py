from __future__ import annotations

from dataclasses import replace

import pytest

from zonediff.engine.policy import Intent
from zonediff.result import exit_code
from zonediff.result.judgements import IntentOutcome, Judgement, Kind, Run
from zonediff.result.result import Result

INTENT = Intent("*", "meant")


def result(*kinds: Kind, intended: Intent | None = None) -> Result:
    judgements = [Judgement("one", "patch", kinds[0], list(kinds), intended=intended)]
    return Result("upstream", [], [], [Run("one", "patch", "ran")], judgements)


@pytest.mark.parametrize(
    ("kinds", "code"),
    [
        (["unchanged"], 0),
        (["fix"], 0),
        (["behaviour-change"], 0),
        (["abi-removal", "behaviour-change"], 0),
        (["regression", "fix"], 1),
    ],
)
def test_only_regressions_count(kinds: list[Kind], code: int) -> None:
    assert exit_code.exit_code(result(*kinds)) == code


def test_intended_regressions_do_not_count() -> None:
    assert exit_code.exit_code(result("regression", intended=INTENT)) == 0


def test_overdue_differences_count_whatever_they_are() -> None:
    overdue = IntentOutcome("patch", INTENT, "overdue", ["one"])
    assert exit_code.exit_code(replace(result("fix"), intents=[overdue])) == 1
    missing = IntentOutcome("patch", INTENT, "missing")
    assert exit_code.exit_code(replace(result("fix"), intents=[missing])) == 0


def test_a_failure_outweighs_regressions() -> None:
    failed = [Run("one", "patch", "error", error="Traceback")]
    assert exit_code.exit_code(replace(result("regression"), runs=failed)) == 3


def test_a_dead_kernel_is_no_failed_subject() -> None:
    died = [Run("one", "patch", "died")]
    assert exit_code.exit_code(replace(result("unchanged"), runs=died)) == 0
