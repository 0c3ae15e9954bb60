"""KTAP, held against a reader that takes nothing but what the kernel's documentation allows."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from zonediff.reports.forms import ktap
from zonediff.result.result import Result

RESULT = re.compile(r"(ok|not ok) ([1-9][0-9]*) ([^#]+?)(?: # (?:(SKIP|ERROR)(?: |$))?(.*))?")


@dataclass
class Test:
    __test__ = False

    ok: bool
    name: str
    directive: str | None
    data: str | None
    diagnostics: list[str] = field(default_factory=list)
    children: list[Test] | None = None


def parse(text: str) -> list[Test]:
    assert text.endswith("\n")
    assert text.isascii()
    lines = deque(text[:-1].split("\n"))
    tests = _tests(lines, "")
    assert not lines
    return tests


def _tests(lines: deque[str], indent: str) -> list[Test]:
    assert lines.popleft() == f"{indent}KTAP version 1"
    plan = re.fullmatch(rf"{indent}1\.\.([0-9]+)", lines.popleft())
    assert plan is not None
    tests = []
    for number in range(1, int(plan[1]) + 1):
        diagnostics: list[str] = []
        children = None
        while True:
            if lines[0] == f"{indent}  KTAP version 1":
                assert children is None
                children = _tests(lines, f"{indent}  ")
            elif lines[0].startswith(f"{indent}# "):
                assert not lines[0].startswith(f"{indent}# Subtest:")
                diagnostics.append(lines.popleft().removeprefix(f"{indent}# "))
            else:
                break
        match = RESULT.fullmatch(lines.popleft().removeprefix(indent))
        assert match is not None
        assert int(match[2]) == number
        test = Test(match[1] == "ok", match[3], match[4], match[5], diagnostics, children)
        if children is not None:
            assert test.ok == all(child.ok or child.directive == "SKIP" for child in children)
        if test.directive == "ERROR":
            assert not test.ok
        tests.append(test)
    while indent and lines and lines[0].startswith(f"{indent}# "):
        lines.popleft()
    return tests


def test_variants_are_tests_and_scenarios_are_their_subtests(result: Result) -> None:
    tests = parse(ktap.render(result))
    assert {test.name: test.ok for test in tests} == {
        "igor-movable": False,
        "michal-split/1": True,
        "michal-split/3": False,
        "hyperv-xen-only": False,
    }
    [igor, same, split, rfc] = [
        {child.name: child for child in test.children or ()} for test in tests
    ]
    assert list(igor) == [scenario.id for scenario in result.scenarios]
    assert all(child.ok and child.data is None for child in same.values())
    broken = igor["zones/kernel-last"]
    assert (broken.ok, broken.data) == (False, "regression")
    assert (
        broken.diagnostics[0]
        == "  no longer met: block 34 is online; memory34 is offline [Movable]"
    )
    assert (igor["zones/three-blocks"].ok, igor["zones/three-blocks"].data) == (
        True,
        "intended difference",
    )
    assert not split["intent zones/never-*"].ok
    assert split["interface"].ok
    failed = rfc["ordering/ascending"]
    assert (failed.ok, failed.directive, failed.data) == (
        False,
        "ERROR",
        "RuntimeError: <no> 'zone'",
    )


def test_what_was_not_run_is_skipped(result: Result) -> None:
    part = replace(result, complete=False, runs=result.runs[:1], judgements=[], intents=[])
    for test in parse(ktap.render(part)):
        assert test.ok
        assert {child.directive for child in test.children or ()} <= {"SKIP", None}


@pytest.mark.parametrize(
    "text",
    [
        "#",
        "a # SKIP b",
        "Subtest: x",
        "\nnot ok 1 x\n1..9\nKTAP version 1",
        "",
        "\x1b[0m \N{SNOWMAN}",
    ],
)
def test_whatever_a_stranger_writes_stays_text(hostile: Callable[[str], Result], text: str) -> None:
    tests = parse(ktap.render(hostile(text)))
    assert len(tests) == 4
    assert all(len(test.children or ()) >= 6 for test in tests)
