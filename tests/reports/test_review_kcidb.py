"""KCIDB's JSON: valid by KernelCI's own library, and true."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reports.review_results import TINY_PROBLEM, dax_review, result_of, tiny_review
from tests.reports.test_review_mail import Stranger
from zonediff.reports.formats import render
from zonediff.result.result import Result
from zonediff.result.reviews import Review


def document(*reviews: Review) -> dict[str, list[dict[str, Any]]]:
    body: dict[str, Any] = json.loads(render(result_of(*reviews), "kcidb"))
    schema = pytest.importorskip("kcidb_io.schema")
    assert body.pop("version") == {"major": schema.LATEST.major, "minor": schema.LATEST.minor}
    return body


def test_the_document_is_valid() -> None:
    schema = pytest.importorskip("kcidb_io.schema")
    for result in (result_of(dax_review("v4"), tiny_review()), result_of(dax_review("v7"))):
        assert schema.LATEST.is_valid_exactly(json.loads(render(result, "kcidb")))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_whatever_a_stranger_writes_is_valid(seed: int) -> None:
    schema = pytest.importorskip("kcidb_io.schema")
    result = result_of(Stranger(seed).review())
    assert schema.LATEST.is_valid_exactly(json.loads(render(result, "kcidb")))


def test_every_stage_is_a_checkout_and_every_build_a_build() -> None:
    body = document(tiny_review())
    assert [item["misc"]["stage"] for item in body["checkouts"]] == [
        "base", "1/5", "2/5", "3/5", "4/5", "5/5",
    ]  # fmt: skip
    assert all(item["valid"] for item in body["checkouts"])
    assert [item["status"] for item in body["builds"]] == ["PASS", "PASS", "PASS", "PASS", "FAIL"]
    assert body["builds"][4]["log_excerpt"] == TINY_PROBLEM
    assert [item["git_commit_name"] for item in body["checkouts"]] == ["v6.12"] * 6


def test_a_patch_that_does_not_apply_has_no_build() -> None:
    review = tiny_review()
    stages = [replace(s, outcome="does-not-apply") if s.name == "4/5" else s for s in review.stages]
    body = document(replace(review, stages=stages))
    assert [item["valid"] for item in body["checkouts"]] == [True, True, True, True, False, True]
    assert body["checkouts"][4]["log_excerpt"] == TINY_PROBLEM
    assert len(body["builds"]) == 4


def test_only_regressions_fail() -> None:
    tests = document(tiny_review())["tests"]
    assert [(item["path"], item["status"]) for item in tests] == [
        ("zonediff.explore.dimm", "FAIL"),
        ("zonediff.explore.dimm.refused", "FAIL"),
        ("zonediff.explore.dimm", "PASS"),
        ("zonediff.explore.dimm.refused", "DONE"),
        ("zonediff.explore.dimm", "PASS"),
        ("zonediff.explore.dimm.refused", "DONE"),
        ("zonediff.claim.odd-blocks", "DONE"),
        ("zonediff.claim.odd-blocks", "DONE"),
        ("zonediff.claim.odd-blocks", "DONE"),
        ("zonediff.claim.odd-blocks", "SKIP"),
    ]
    assert tests[1]["log_excerpt"].splitlines() == [
        "echo online_movable > /sys/devices/system/memory/memory32/state",
        "# base: ok, 1/5: EINVAL",
        "--- base",
        "+++ 1/5",
        "@@ /sys/devices/system/memory/memory32/state",
        "-online",
        "+offline",
        "@@ console",
        "+[    2.10] memory hotplug: refused",
    ]


def test_ids_belong_together_and_are_the_same_each_time() -> None:
    body = document(dax_review("v4"), tiny_review(), tiny_review())
    builds = {item["id"] for item in body["builds"]}
    checkouts = {item["id"] for item in body["checkouts"]}
    ids = [item["id"] for part in body.values() for item in part]
    assert len(ids) == len(set(ids))
    assert {item["checkout_id"] for item in body["builds"]} <= checkouts
    assert {item["build_id"] for item in body["tests"]} <= builds
    assert document(dax_review("v4"), tiny_review(), tiny_review()) == body


def test_a_result_without_reviews_has_no_content(result: Result) -> None:
    body = json.loads(render(result, "kcidb"))
    assert (body["checkouts"], body["builds"], body["tests"]) == ([], [], [])
