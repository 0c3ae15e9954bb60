"""The table as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest

from zonediff.reports.forms.spreadsheet import COLUMNS, render
from zonediff.result.result import Result


def rows(result: Result) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(result))))


def test_a_row_for_each_scenario_and_variant(result: Result) -> None:
    by_pair = {(row["scenario"], row["variant"]): row for row in rows(result)}
    assert len(by_pair) == len(result.scenarios) * len(result.variants)
    row = by_pair["zones/kernel-last", "igor-movable"]
    assert {head: row[head] for head in COLUMNS[3:10]} == {
        "status": "ran",
        "judgement": "regression",
        "known": "",
        "goals": "2",
        "goals met": "1",
        "not met": "block 34 is online",
        "no longer met": "block 34 is online",
    }
    assert by_pair["zones/kernel-last", "upstream"]["judgement"] == "baseline"
    assert by_pair["ordering/ascending", "hyperv-xen-only"]["reason"] == "RuntimeError: <no> 'zone'"


def test_known_outcomes_are_marked(with_known: Result) -> None:
    marked = {
        (row["scenario"], row["variant"]): row["known"] for row in rows(with_known) if row["known"]
    }
    assert marked == {
        ("zones/kernel-last", "igor-movable"): "known: declared in the series",
        ("ordering/ascending", "hyperv-xen-only"): "known",
    }


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", '"\n=1', "\r=1"])
def test_nothing_is_a_formula(hostile: Callable[[str], Result], text: str) -> None:
    for row in rows(hostile(text)):
        assert set(row) == set(COLUMNS)
        assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
        assert all("\n" not in cell and "\r" not in cell for cell in row.values())
