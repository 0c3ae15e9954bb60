"""Suites of tests as JUnit XML, for CI servers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from zonediff.reports.forms import suites
from zonediff.reports.forms.cases import Case, Suite
from zonediff.reports.text.plain import visible
from zonediff.result.changes import Regression
from zonediff.result.result import Result

_HEAD: Final = '<?xml version="1.0" encoding="utf-8"?>'

_NOT_XML: Final = re.compile("[\ufffe\uffff]")
"""Characters that are visible but that XML does not allow."""


def render(result: Result) -> str:
    """A suite for each candidate, judged against the baseline."""
    return _render(suites.suites_of_result(result))


def changes(regression: Regression) -> str:
    """A suite for each variant, compared with the older result."""
    return _render(suites.suites_of_changes(regression))


def _render(suites: Sequence[Suite]) -> str:
    root = JUnitXml("zonediff")
    for suite in suites:
        element = TestSuite(_text(suite.name))
        for case in suite.cases:
            element.add_testcase(_case(suite.name, case))
        root.add_testsuite(element)
    # Indented, so that each case has a line and two files can be compared.
    tree = ElementTree.fromstring(root.tostring())  # type: ignore[no-untyped-call]
    for item in tree.iter():
        if item.get("time") == "0":
            del item.attrib["time"]  # junitparser adds it where nothing was measured
    ElementTree.indent(tree)
    return f"{_HEAD}\n{ElementTree.tostring(tree, encoding='unicode')}\n"


def _case(variant: str, case: Case) -> TestCase:
    element = TestCase(_text(case.name), _text(variant))
    if case.microseconds is not None:
        element.time = case.microseconds / 1_000_000
    says = _text("\n".join(case.says))
    first = _text(case.says[0]) if case.says else ""
    kinds = {"failed": Failure, "error": Error, "skipped": Skipped, "known": Skipped}
    if case.state in kinds:
        known = "known " if case.state == "known" else ""
        outcome = kinds[case.state](f"{known}{case.what}: {first}" if known else first, case.what)
        outcome.text = says
        element.result = [outcome]
    elif case.what:
        element.system_out = f"{case.what}: {says}"
    return element


def _text(text: str) -> str:
    """The text with characters that XML does not allow as escapes."""
    return _NOT_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", visible(text))
