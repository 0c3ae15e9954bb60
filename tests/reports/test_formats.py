"""The registry of forms, and a golden file for each, so that a change of a report is seen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from zonediff.reports import formats
from zonediff.result import files as result_files
from zonediff.result.result import Result

FILES = {
    "text": "summary.txt",
    "mail": "mail.txt",
    "markdown": "report.md",
    "ktap": "report.ktap",
    "junit": "report.xml",
    "github": "github.txt",
    "csv": "report.csv",
    "json": "report.json",
}
"""Without the page, which browser tests look at, and KCIDB, which has reviews alone."""


@pytest.mark.parametrize("name", formats.FORMATS)
def test_every_form_renders_and_says_the_same_again(result: Result, name: str) -> None:
    text = formats.render(result, name)
    assert text.endswith("\n")
    assert formats.render(result_files.loads(result_files.dumps(result), "here"), name) == text


@pytest.mark.parametrize("name", FILES)
def test_golden_files(result: Result, golden: Callable[[str, str], None], name: str) -> None:
    golden(FILES[name], formats.render(result, name))


def test_the_golden_file_of_the_full_mail(
    result: Result, golden: Callable[[str, str], None]
) -> None:
    golden("mail-full.txt", formats.render(result, "mail", full=True))
    assert formats.render(result, "csv", full=True) == formats.render(result, "csv")


def test_every_form_says_what_it_is() -> None:
    assert {*FILES, "html", "kcidb"} == {*formats.FORMATS}
    assert all(item.summary for item in formats.FORMATS.values())


def test_listing_the_forms_imports_no_renderer() -> None:
    check = (
        "import sys, zonediff.reports.formats; "
        "sys.exit(bool({'jinja2', 'tabulate', 'cattrs', 'junitparser'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
