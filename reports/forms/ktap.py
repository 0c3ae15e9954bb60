"""Suites of tests as KTAP version 1, the format of the kernel's own tests.

The format is described in Documentation/dev-tools/ktap.rst of the kernel sources.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from zonediff.reports.forms import suites
from zonediff.reports.forms.cases import Case, State, Suite
from zonediff.reports.text.plain import one_line, to_ascii
from zonediff.result.changes import Regression
from zonediff.result.result import Result

_INDENT: Final = "  "
_TOTALS: Final[dict[str, State]] = {
    "pass": "passed",
    "fail": "failed",
    "skip": "skipped",
    "error": "error",
}


def render(result: Result) -> str:
    """A suite for each candidate, judged against the baseline."""
    return _render(suites.suites_of_result(result))


def changes(regression: Regression) -> str:
    """A suite for each variant, compared with the older result."""
    return _render(suites.suites_of_changes(regression))


def _render(suites: Sequence[Suite]) -> str:
    return "\n".join(_lines(suites)) + "\n"


def _lines(suites: Sequence[Suite]) -> Iterator[str]:
    yield "KTAP version 1"
    yield f"1..{len(suites)}"
    for number, suite in enumerate(suites, 1):
        yield from (f"{_INDENT}{line}" for line in _suite(suite))
        bad = suite.number("failed") + suite.number("error")
        yield f"{'not ok' if bad else 'ok'} {number} {_name(suite.name)}"


def _suite(suite: Suite) -> Iterator[str]:
    yield "KTAP version 1"
    yield f"1..{len(suite.cases)}"
    for number, case in enumerate(suite.cases, 1):
        if case.state != "skipped":
            # Indented, so that parsers do not take a text for a directive (`# Subtest: ...`).
            yield from (f"#   {_text(says)}".rstrip() for says in case.says)
        yield _result(number, case)
    totals = " ".join(f"{word}:{suite.number(state)}" for word, state in _TOTALS.items())
    if known := suite.number("known"):
        totals += f" xfail:{known}"
    yield f"# Totals: {totals}"


def _result(number: int, case: Case) -> str:
    bad = case.state in ("failed", "error")
    line = f"{'not ok' if bad else 'ok'} {number} {_name(case.name)}"
    if case.state == "skipped":
        return f"{line} # SKIP {_text(case.says[0])}"
    if case.state == "known":
        return f"{line} # XFAIL {case.what}"
    if case.state == "error":
        return f"{line} # ERROR {_text(case.says[0])}"
    return f"{line} # {case.what}" if case.what else line


def _name(text: str) -> str:
    """A description; KTAP allows no hash sign in it."""
    return _text(text).replace("#", "%23") or "-"


def _text(text: str) -> str:
    return to_ascii(one_line(text))
