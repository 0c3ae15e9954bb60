"""Results as annotations of GitHub Actions: a line for each regression, failure and stale entry.

A job that prints these lines shows them beside the change, at the file of the scenario
(docs.github.com, "Workflow commands for GitHub Actions").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from zonediff.corpus.loader import SHIPPED
from zonediff.reports.forms import suites
from zonediff.reports.forms.cases import Case, Suite
from zonediff.reports.text.plain import one_line, visible
from zonediff.result.changes import Regression
from zonediff.result.known import Stale
from zonediff.result.known_file import stale
from zonediff.result.result import Result

_LEVELS: Final = {"failed": "error", "error": "error", "known": "notice"}
"""The level of an annotation by the state of a case; the other cases have none."""


def render(result: Result) -> str:
    """An error for each regression and failure (a known one: a notice), and a warning if stale."""
    files = {info.id: _path(result, info.file) for info in result.scenarios}
    lines = list(_lines(suites.suites_of_result(result), files))
    lines.extend(_stale(stale(result), files))
    return "".join(f"{line}\n" for line in lines) or "\n"


def _path(result: Result, file: str) -> str:
    """The path of a scenario's file in the repository of the user, or in ours."""
    words = result.command.split(" ")
    if "--corpus" in words[:-1]:
        return f"{words[words.index('--corpus') + 1].rstrip('/')}/{file}"
    return f"corpus/scenarios/{file}" if (SHIPPED / file).is_file() else file


def changes(regression: Regression) -> str:
    """An error for each outcome that got worse (a known one: a notice), and a warning if stale."""
    lines = [*_lines(suites.suites_of_changes(regression), {}), *_stale(regression.stale, {})]
    return "".join(f"{line}\n" for line in lines) or "\n"


def _stale(entries: Iterable[Stale], files: dict[str, str]) -> Iterator[str]:
    for entry, now in entries:
        title = f"{entry.scenario or entry.removes} on {entry.variant}"
        file = files.get(entry.scenario, "")
        yield _command("warning", file, title, f"stale known outcome: {now}")


def _lines(suites: Iterable[Suite], files: dict[str, str]) -> Iterator[str]:
    for suite in suites:
        for case in suite.cases:
            level = _LEVELS.get(case.state)
            if level is not None:
                title = f"{case.name} on {suite.name}"
                yield _command(level, files.get(case.name, ""), title, _message(case))


def _message(case: Case) -> str:
    known = "known " if case.state == "known" else ""
    says = f": {case.says[0]}" if case.says else ""
    return f"{known}{case.what}{says}"


def _command(level: str, file: str, title: str, message: str) -> str:
    """A workflow command. file: empty for none."""
    places = {"file": file, "title": title}
    properties = ",".join(f"{key}={_property(value)}" for key, value in places.items() if value)
    return f"::{level} {properties}::{_data(message)}"


def _data(text: str) -> str:
    """A message on one line, with the characters that the runner would decode as escapes."""
    return visible(one_line(text)).replace("%", "%25")


def _property(text: str) -> str:
    """A value of a property, in which colons and commas would end it."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
