"""What changed between two revisions: as text, as Markdown for a merge request, and as JUnit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from zonediff.compare.regress.changes import Regression
from zonediff.compare.result import KINDS
from zonediff.reports.kinds import noun
from zonediff.reports.plain import one_line, visible, wrap

WIDTH: Final = 80

_MOST_ROWS: Final = 200
"""Rows of a Markdown table; forges cut longer comments off without saying so."""


def headline(found: Regression) -> str:
    """What changed, in one sentence."""
    counts = Counter(change.kind for change in found.changes)
    kinds = [f"{counts[kind]} {noun(kind, counts[kind])}" for kind in KINDS if counts[kind]]
    lost = sum(len(of.removals) for of in found.removals)
    if lost:
        kinds.append(f"{lost} removal{'s' * (lost > 1)} from the interface")
    compared = f"{len(found.cells)} outcomes compared"
    return f"{compared}: {', '.join(kinds) or 'nothing changed'}."


def text(found: Regression) -> str:
    """For a terminal: every change with what it consists in."""
    return "\n".join(_text(found)) + "\n"


def _text(found: Regression) -> Iterator[str]:
    yield from wrap(f"{found.base} -> {found.head}", WIDTH)
    for change in found.changes:
        yield ""
        yield from wrap(
            f"{noun(change.kind)}: {change.scenario} on {change.variant}", WIDTH, rest="  "
        )
        for says in change.says:
            yield from wrap(says, WIDTH, "  ", "    ")
    yield ""
    for what in _besides(found):
        yield from wrap(what, WIDTH, rest="  ")
    yield from wrap(headline(found), WIDTH)


def markdown(found: Regression) -> str:
    """For a merge request: a table of the changes."""
    lines = [f"### zonediff: {_cell(found.base)} → {_cell(found.head)}", "", headline(found)]
    if found.changes:
        lines += ["", "| change | scenario | variant | what |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {noun(change.kind)} | {_cell(change.scenario)} | {_cell(change.variant)} "
        f"| {_cell(change.says[0])} |"
        for change in found.changes[:_MOST_ROWS]
    ]
    if len(found.changes) > _MOST_ROWS:
        lines += ["", f"{len(found.changes) - _MOST_ROWS} more changes are not shown."]
    besides = [f"- {_cell(what)}" for what in _besides(found)]
    return "\n".join([*lines, *([""] if besides else []), *besides]) + "\n"


def junit(found: Regression) -> str:
    """For a CI server: a suite for each variant, a case for each scenario."""
    from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

    changes = {(change.scenario, change.variant): change for change in found.changes}
    suites: dict[str, TestSuite] = {}
    for scenario, variant in found.cells:
        suite = suites.setdefault(variant, TestSuite(variant))
        case = TestCase(visible(scenario), visible(variant))
        change = changes.get((scenario, variant))
        if change is not None:
            says = visible("\n".join(change.says))
            results = {"error": Error, "regression": Failure}
            if change.kind in results:
                result = results[change.kind](visible(change.says[0]), change.kind)
                result.text = says
                case.result = [result]
            else:
                case.system_out = f"{change.kind}: {says}"
        suite.add_testcase(case)
    for of in found.removals:
        case = TestCase("interface", visible(of.variant))
        lost = "; ".join(f"{item.what}: {item.detail}" for item in of.removals)
        case.result = [Failure(visible(lost), "abi-removal")]
        suites.setdefault(of.variant, TestSuite(of.variant)).add_testcase(case)
    root = JUnitXml("zonediff regress")
    for suite in suites.values():
        root.add_testsuite(suite)
    written: bytes = root.tostring()  # type: ignore[no-untyped-call]
    return written.decode() + "\n"


def _besides(found: Regression) -> Iterator[str]:
    """What there is to say besides changed outcomes."""
    for of in found.removals:
        for item in of.removals:
            yield f"{of.variant} takes away {item.what}: {item.detail}"
    for novelty in found.novelties:
        yield f"{novelty.what} {novelty.name} is {'new' if novelty.added else 'gone'}"


def _cell(content: str) -> str:
    """Text for a cell of a Markdown table: on one line, and nothing in it is markup."""
    plain = visible(one_line(content))
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>()#|~!" else char for char in plain)
