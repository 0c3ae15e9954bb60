"""How much a regression hurts, and which removal it follows from."""

from __future__ import annotations

from collections import Counter

import pytest

from zonediff.compare.run import run
from zonediff.corpus.loader import load
from zonediff.result.converter import from_json, to_json
from zonediff.result.files import dumps, loads
from zonediff.result.judgements import (
    HARMS,
    SEVERITIES,
    Judgement,
    Severity,
    by_harm,
)
from zonediff.result.result import Result


@pytest.mark.parametrize(
    ("scenario", "variant", "severity", "follows_from", "only"),
    [
        ("pressure/many-dimms[knob=online]", "michal-split", "death", "auto_online_blocks", False),
        ("drivers/probe-knob[knob=online]", "michal-split", "memory", "auto_online_blocks", False),
        ("drivers/probe-knob[knob=offline]", "michal-split", "refused", "auto_online_blocks", True),
        ("knob/untouched", "michal-split", "text", "auto_online_blocks", True),
        ("drivers/hyperv-wanted-movable", "michal-split", "zone", None, False),
        ("userspace/nobody", "michal-split", "memory", None, False),
        ("ordering/change-of-mind", "v4.13", "memory", None, False),
        ("removal/cold-plugged", "v4.13", "refused", None, False),
    ],
)
def test_the_worst_that_a_regression_comes_to(
    scenario: str, variant: str, severity: Severity, follows_from: str | None, only: bool
) -> None:
    [judgement] = run(load([scenario]), [variant]).judgements
    assert "regression" in judgement.kinds
    assert judgement.severity == severity
    source = judgement.follows_from
    assert (source.what if source else None) == follows_from
    assert judgement.only_removal == (source if only else None)


def test_a_kernel_that_dies_on_both_sides_is_no_death() -> None:
    result = run(load(["pressure/more-than-fits"]), ["v4.12"])
    assert {item.status for item in result.runs} == {"died"}
    assert {item.severity for item in result.judgements} == {None}


def test_nothing_regressed_nothing_hurts() -> None:
    [judgement] = run(load(["ordering/movable[order=first-to-last]"]), ["igor-movable"]).judgements
    assert "fix" in judgement.kinds
    assert (judgement.severity, judgement.follows_from) == (None, None)


def test_killed_processes_by_the_goal_about_them() -> None:
    [judgement] = run(load(["pressure/many-dimms-udev[rule=online]"]), ["igor-movable"]).judgements
    assert judgement.severity == "death"  # it takes udev with it, which weighs less


def test_the_order_and_the_words_are_complete() -> None:
    assert list(HARMS) == list(SEVERITIES)
    order = [Judgement("s", "v", "regression", ["regression"], severity=s) for s in SEVERITIES]
    unknown = Judgement("s", "v", "regression", ["regression"])
    assert sorted([unknown, *reversed(order)], key=by_harm) == [*order, unknown]


def test_it_is_in_the_file_and_may_be_missing_there() -> None:
    result = run(load(["knob/untouched"]), ["michal-split"])
    body = to_json(result)
    [judgement] = body["judgements"]
    assert judgement["severity"] == "text"
    assert judgement["follows_from"] == {
        "what": "auto_online_blocks",
        "detail": "the sysfs file is gone",
    }
    assert from_json(body, Result).judgements == result.judgements
    del judgement["severity"], judgement["follows_from"]
    assert from_json(body, Result).judgements[0].severity is None


def test_the_split_takes_the_knob_and_what_follows() -> None:
    """A patch that drops the knob: 4 deaths, memory lost, and what only follows from the drop."""
    result = run(load(["knob", "drivers", "pressure", "userspace"]), ["hyperv-xen-only"])
    regressed = [item for item in result.judgements if "regression" in item.kinds]
    counts = Counter(
        "follows" if item.only_removal is not None else item.severity for item in regressed
    )
    assert counts == {"death": 4, "memory": 13, "zone": 1, "follows": 16}


def test_memory_that_was_never_onlined_leaves_well_and_fixes_nothing() -> None:
    """On v4.10 a DIMM that the kernel onlined crashes it; without the knob nothing is onlined."""
    result = run(load(["removal/auto-onlined"]), ["hyperv-xen-only", "v4.12"])
    kinds = {item.variant: item.kinds for item in result.judgements}
    assert kinds["hyperv-xen-only"] == ["abi-removal", "behaviour-change"]
    [moot] = [item for item in result.runs if item.variant == "hyperv-xen-only"]
    assert [(goal.met, goal.moot) for goal in moot.goals] == [(True, True)] * 3
    assert moot.goals[0].detail == (
        "step 3: ok; moot: memory32-34 offline [Normal], memory35 offline [Normal Movable]"
    )
    assert loads(dumps(result), "here") == result
