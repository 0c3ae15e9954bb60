"""Reviews as text, Markdown, KTAP, JUnit, CSV and annotations, in their own words."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from tests.reports.review_results import TINY_PROBLEM, dax_review, result_of, tiny_review
from zonediff.reports.formats import FORMATS, render
from zonediff.reports.forms.trend import Dated, trend
from zonediff.result.result import Result


@pytest.mark.parametrize("revision", ["v4", "v7"])
@pytest.mark.parametrize("form", FORMATS)
def test_every_form_takes_a_result_of_reviews_alone(form: str, revision: str) -> None:
    text = render(result_of(dax_review(revision)), form)
    assert text.strip() or (form, revision) == ("github", "v7")  # nothing to annotate


@pytest.mark.parametrize("form", [name for name in FORMATS if name != "json"])
def test_no_form_says_that_nothing_was_run(form: str) -> None:
    text = render(result_of(dax_review("v6")), form)
    assert "0 scenarios" not in text
    assert "no kernel was run" not in text


def test_a_review_and_scenarios_stand_in_one_result(result: Result) -> None:
    both = replace(result, reviews=[dax_review("v6")])
    for form in FORMATS:
        text = render(both, form)
        assert "atomic whole-device hotplug" in text or form == "github"
        assert "igor-movable" in text or form == "kcidb"
    assert len(render(both, "mail").splitlines()) <= 100


def test_ktap_has_a_test_for_each_stage_comparison_and_claim() -> None:
    lines = render(result_of(tiny_review()), "ktap").splitlines()
    assert "1..8" in lines
    assert f"  not ok 5 4/5 mm/memory_hotplug: use a helper # ERROR {TINY_PROBLEM}" in lines
    assert "  ok 6 5/5 mm/memory_hotplug: use it again # SKIP not built" in lines
    assert "not ok 2 mm/memory_hotplug: be strict on dimm: base -> 1/5" in lines
    assert "ok 4 mm/memory_hotplug: be strict on dimm: base -> 3/5" in lines
    (sometimes,) = (line for line in lines if "# difference that comes sometimes" in line)
    assert sometimes.startswith("  ok 1 ")
    assert "  ok 1 odd-blocks # SKIP memory32 cannot go online in zone Movable" in lines


def test_junit_has_a_failure_for_each_regression() -> None:
    root = ElementTree.fromstring(render(result_of(dax_review("v4")), "junit"))
    suites = {suite.get("name"): suite for suite in root.iter("testsuite")}
    suite = suites["dax/kmem: atomic whole-device hotplug via sysfs (v4) on dax: base -> v4"]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("5", "3", "0")
    first = next(suite.iter("failure"))
    assert first.get("type") == "regression"
    assert first.get("message") == "a block or a resource is not given back"
    assert "echo dax0.0 > /sys/bus/dax/drivers/kmem/bind  # base: ok, v4: EBUSY" in str(first.text)


def test_csv_has_a_row_for_each_stage_and_cause() -> None:
    rows = list(csv.DictReader(io.StringIO(render(result_of(tiny_review()), "csv"))))
    assert [(row["variant"], row["status"], row["judgement"]) for row in rows] == [
        ("base", "ready", ""),
        ("1/5", "ready", ""),
        ("2/5", "ready", ""),
        ("3/5", "same-code", ""),
        ("4/5", "does-not-build", ""),
        ("5/5", "not-built", ""),
        ("1/5", "ran", "regression"),
        ("2/5", "ran", "fix"),
        ("3/5", "ran", "sometimes"),
    ]
    assert rows[4]["reason"] == TINY_PROBLEM
    assert rows[6]["variant does"] == "EINVAL; offline; [ 2.10] memory hotplug: refused"


def test_annotations_are_errors_for_regressions_and_builds() -> None:
    lines = render(result_of(tiny_review()), "github").splitlines()
    assert [line.split(" ", 1)[0] for line in lines] == ["::error", "::error"]
    assert lines[1].endswith("::regression: a step is refused that was allowed")


def test_markdown_has_a_folded_part_for_each_cause() -> None:
    text = render(result_of(dax_review("v4")), "markdown")
    assert text.startswith("### dax/kmem: atomic whole-device hotplug via sysfs (v4): 3 regr")
    assert text.count("<details><summary><b>Regression: ") == 3
    assert "-  40000000-4fffffff : dax0.0\n" in text


def test_the_trend_has_a_row_for_each_review() -> None:
    dated = [Dated(f"{name}.json", result_of(dax_review(name))) for name in ("v4", "v6", "v7")]
    lines = trend(dated).splitlines()
    assert lines[0] == "reviews on dax:"
    assert [line.split() for line in lines[1:]] == [
        ["result", "failed", "regressions", "removals", "fixes", "changes", "sometimes"],
        ["-" * len(part) for part in lines[2].split()],
        ["v4.json", "0", "3", "0", "0", "1", "0"],
        ["v6.json", "0", "1", "0", "0", "0", "0"],
        ["v7.json", "0", "0", "0", "0", "0", "0"],
    ]
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("form", ["text", "html", "mail", "markdown"])
def test_an_interrupted_review_says_so(form: str) -> None:
    text = render(replace(result_of(dax_review("v6")), complete=False), form)
    assert "(v6): interrupted, 1 regression" in " ".join(text.replace(" on dax", "").split())
    assert "0 cells" not in text
