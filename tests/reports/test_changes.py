"""What changed from one result to another, in every form."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from zonediff.compare.regress.changes import compare
from zonediff.reports import formats
from zonediff.result.changes import Regression
from zonediff.result.result import Result

Golden = Callable[[str, str], None]

FILES = {
    "text": "changes.txt",
    "html": "changes.html",
    "mail": "changes-mail.txt",
    "markdown": "changes.md",
    "ktap": "changes.ktap",
    "junit": "changes.xml",
    "github": "changes-github.txt",
}


@pytest.fixture(scope="module")
def found(result: Result) -> Regression:
    """From a day on which igor-movable was as upstream, and of what is new and gone since."""
    runs = {(run.scenario, run.variant): run for run in result.runs}
    before = [
        replace(runs[run.scenario, "upstream"], variant=run.variant)
        if run.variant == "igor-movable"
        else run
        for run in result.runs
        if run.variant != "michal-split/1" and run.scenario != "knob/kvm"
    ]
    before = [
        replace(run, hash="f" * 64) if run.scenario == "zones/three-blocks" else run
        for run in before
    ]
    old = replace(
        result,
        runs=before,
        variants=[
            replace(info, interface=result.variants[0].interface)
            for info in result.variants
            if info.name != "michal-split/1"
        ],
        scenarios=[item for item in result.scenarios if item.id != "knob/kvm"],
        version="0.0.9",
    )
    return compare(old, result, ("yesterday.json", "today.json"))


def test_every_form_is_tried() -> None:
    assert tuple(FILES) == formats.OF_CHANGES


@pytest.mark.parametrize("name", FILES)
def test_forms(found: Regression, golden: Golden, name: str) -> None:
    golden(FILES[name], formats.render_changes(found, name))


def test_a_form_that_has_no_changes(found: Regression) -> None:
    with pytest.raises(KeyError):
        formats.render_changes(found, "csv")


def test_the_mail_fits(found: Regression) -> None:
    text = formats.render_changes(found, "mail")
    assert text.isascii()
    assert all(len(line) <= 72 for line in text.splitlines())


def test_the_page_shows_hostile_text_and_runs_nothing(found: Regression) -> None:
    first = replace(found.changes[0], says=("<script>alert(1)</script>\u202e",))
    page = formats.render_changes(replace(found, changes=(first,)), "html")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\u202e" in page
    assert "<script" not in page
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src &#39;sha256-{digest}&#39;" in page
