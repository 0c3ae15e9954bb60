"""Suites of tests as JUnit XML, which CI servers show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from zonediff.reports.forms import suites
from zonediff.reports.forms.suites import Case, Suite
from zonediff.reports.text.plain import visible
from zonediff.result.changes import Regression
from zonediff.result.result import Result

_HEAD: Final = '<?xml version="1.0" encoding="utf-8"?>'

_NOT_XML: Final = re.compile("[\ufffe\uffff]")
"""The characters that are visible enough, but not allowed."""


def render(result: Result) -> str:
    """Every candidate against the baseline."""
    return _render(suites.judged(result))


def changes(found: Regression) -> str:
    """Every variant against what it was before."""
    return _render(suites.changed(found))


def _render(suites: Sequence[Suite]) -> str:
    root = JUnitXml("zonediff")
    for suite in suites:
        element = TestSuite(_text(suite.name))
        for case in suite.cases:
            element.add_testcase(_case(suite.name, case))
        root.add_testsuite(element)
    # Read again and indented: a line for each case, so that two files can be compared.
    tree = ElementTree.fromstring(root.tostring())  # type: ignore[no-untyped-call]
    ElementTree.indent(tree)
    return f"{_HEAD}\n{ElementTree.tostring(tree, encoding='unicode')}\n"


def _case(variant: str, case: Case) -> TestCase:
    element = TestCase(_text(case.name), _text(variant))
    says = _text("\n".join(case.says))
    first = _text(case.says[0]) if case.says else ""
    kinds = {"failed": Failure, "error": Error, "skipped": Skipped}
    if case.state in kinds:
        outcome = kinds[case.state](first, case.what)
        outcome.text = says
        element.result = [outcome]
    elif case.what:
        element.system_out = f"{case.what}: {says}"
    return element


def _text(text: str) -> str:
    """Text of characters that XML can hold."""
    return _NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", visible(text))
