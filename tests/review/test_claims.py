"""Claims that steps decide: the file's mistakes, and the outcome on a kernel."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.review.kernels import Freed, HangingSometimes, Kernel, Leaking, Warns
from zonediff.corpus.problems import ScenarioError
from zonediff.review.claims import outcome_of, read_claim

HEAD = """\
who: Somebody
says: Unbinding after both blocks went offline leaves them behind.
where: {message: 1@example.org, date: 2026-07-01}
"""
STEPS = """\
    steps:
      - echo online_movable > /sys/devices/system/memory/memory8/state
      - echo offline > /sys/devices/system/memory/memory8/state
      - echo dax0.0 > /sys/bus/dax/drivers/kmem/unbind
"""
LEAK = f"""{HEAD}
supported_if:
  - says: the block stays
{STEPS}    file: /sys/devices/system/memory/memory8/state
    reads: offline
refuted_if:
  - says: the block goes
{STEPS}    absent: /sys/devices/system/memory/memory8
"""


def outcome(tmp_path: Path, text: str, kind: type[Kernel]) -> str:
    file = tmp_path / "leak.yaml"
    file.write_text(text)
    return asyncio.run(outcome_of(read_claim(file), lambda: kind(True), 4))


def test_a_claim_is_confirmed_or_refuted_by_what_the_kernel_does(tmp_path: Path) -> None:
    assert outcome(tmp_path, LEAK, Leaking) == "confirmed"
    assert outcome(tmp_path, LEAK, Kernel) == "refuted"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Kernel, "refuted"), (Warns, "confirmed")],
)
def test_without_a_case_that_refutes_it_a_claim_is_refuted_when_none_holds(
    tmp_path: Path, kind: type[Kernel], expected: str
) -> None:
    text = f"{HEAD}supported_if:\n  - says: it warns\n    warns: true\n    steps:\n"
    step = "      - echo online_movable > /sys/devices/system/memory/memory8/state\n"
    assert outcome(tmp_path, text + step, kind) == expected


def test_results_are_named_as_in_reports(tmp_path: Path) -> None:
    text = f"{HEAD}supported_if:\n  - says: twice\n    result: EINVAL\n    steps:\n"
    step = "      - echo online_movable > /sys/devices/system/memory/memory8/state\n"
    assert outcome(tmp_path, text + 2 * step, Kernel) == "confirmed"
    assert outcome(tmp_path, text.replace("EINVAL", "ok") + step, Kernel) == "confirmed"
    assert outcome(tmp_path, text + step, Freed) == "refuted"


def test_what_comes_only_sometimes_settles_nothing(tmp_path: Path) -> None:
    text = f"{HEAD}supported_if:\n  - says: it hangs\n    result: hang\n    steps:\n"
    steps = (
        "echo online_movable > /sys/devices/system/memory/auto_online_blocks",
        "echo dax0.0 > /sys/bus/dax/drivers/kmem/unbind",
        "echo dax0.0 > /sys/bus/dax/drivers/kmem/bind",
    )
    lines = "".join(f"      - {step}\n" for step in steps)
    assert outcome(tmp_path, text + lines, HangingSometimes) == "not settled"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, "supported_if"),
        (f"{HEAD}supported_if: []\n", "has no case"),
        (f"{HEAD}supported_if:\n  - {{says: a, steps: [], result: ok}}\n", "has no step"),
        (f"{HEAD}supported_if:\n  - {{says: a, steps: [reboot], result: ok}}\n", "is no step"),
        (
            f"{HEAD}supported_if:\n  - {{says: a, steps: [plug dimm0]}}\n",
            "exactly one of result, reads, absent, warns",
        ),
        (
            f"{HEAD}supported_if:\n  - {{says: a, steps: [plug dimm0], reads: x}}\n",
            "belong together",
        ),
        (f"{HEAD}supported_if:\n  - {{says: a, steps: [plug d], result: ok, odd: 1}}\n", "odd"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=message) as raised:
        read_claim(file)
    assert str(file) in str(raised.value)
