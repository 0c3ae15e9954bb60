"""What counts as a change between two results, and how it is rendered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zonediff.compare.regress.changes import compare
from zonediff.compare.run import run
from zonediff.corpus.loader import SHIPPED, load
from zonediff.reports.forms import changes, junit
from zonediff.result.changes import Change, Regression
from zonediff.result.counts import GoalCount
from zonediff.result.result import Result

SCENARIO = "reproducer/online-movable-first-block"


@pytest.fixture(scope="module")
def result() -> Result:
    return run(load([SCENARIO], SHIPPED), ["igor-movable"])


def changed(before: Result, after: Result) -> list[tuple[str, str]]:
    found = compare(before, after, ("a", "b"))
    return [(change.kind, change.variant) for change in found.changes]


def test_a_result_has_not_changed_from_itself(result: Result) -> None:
    found = compare(result, result, ("a", "b"))
    assert (found.changes, found.novelties, found.removals) == ((), (), ())
    assert len(found.cells) == 2
    assert found.exit_code == 0


def test_the_same_goals_by_another_way_are_a_behaviour_change(result: Result) -> None:
    one, two = result.runs
    swapped = replace(two, trace=one.trace)
    assert changed(result, replace(result, runs=[one, swapped])) == [
        ("behaviour-change", "igor-movable")
    ]


def test_goals_are_told_apart_by_what_is_wanted(result: Result) -> None:
    one, two = result.runs
    fewer = replace(two, goals=two.goals[1:])
    found = compare(result, replace(result, runs=[one, fewer]), ("a", "b"))
    [change] = found.changes
    assert change.kind == "behaviour-change"
    assert change.says == (f"goal gone: {two.goals[0].want}",)
    assert found.exit_code == 0


def test_a_subject_that_fails_and_one_that_runs_again(result: Result) -> None:
    one, two = result.runs
    broken = replace(two, status="error", trace=None, goals=[], error="Traceback\nLookupError: x\n")
    after = replace(result, runs=[one, broken])
    assert changed(result, after) == [("error", "igor-movable")]
    assert changed(after, result) == [("fix", "igor-movable")]
    assert changed(after, after) == []


def test_what_got_worse_stands_first(result: Result) -> None:
    one, two = result.runs
    [accepted, movable, survives] = two.goals
    before = replace(two, goals=[replace(accepted, met=False), movable, survives])
    after = replace(two, goals=[accepted, replace(movable, met=False), survives])
    [change] = compare(
        replace(result, runs=[one, before]), replace(result, runs=[one, after]), ("a", "b")
    ).changes
    assert change.kind == "regression"
    assert [says.split(":")[0] for says in change.says] == ["no longer met", "now met"]


def test_the_rules_behind_a_change_are_those_that_are_new(result: Result) -> None:
    one, two = result.runs
    swapped = replace(one, variant=two.variant)
    [change] = compare(replace(result, runs=[one, swapped]), result, ("a", "b")).changes
    assert [reason.rule for reason in change.reasons] == ["zone_for_memory.removable"]


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (20, 19, []),
        (20, 2, ["regression"]),
        (0, 20, ["fix"]),
        (10, 9, []),
    ],
)
def test_of_goals_that_chance_decides_only_what_is_sure_counts(
    result: Result, before: int, after: int, kinds: list[str]
) -> None:
    def chance(met: int) -> Result:
        one, two = result.runs
        goal = replace(two.goals[0], met=met == 20)
        counted = replace(two, goals=[goal], counts=[GoalCount(goal.want, met, 20)])
        return replace(result, runs=[one, counted])

    found = compare(chance(before), chance(after), ("a", "b"))
    assert [change.kind for change in found.changes] == kinds
    for change in found.changes:
        assert f"{before} of 20 -> {after} of 20" in change.says[0]


def test_what_sets_the_two_apart_is_said(result: Result) -> None:
    one = result.runs[0]
    other = replace(
        result,
        baseline="igor-movable",
        runs=[replace(one, hash="0" * 64)],
        complete=False,
        seeds=20,
        version="0.0.1",
    )
    found = compare(other, result, ("a", "b"))
    assert found.edited == (SCENARIO,)
    assert found.remarks == (
        "a is of a run that was interrupted",
        "1 outcome is in b alone",
        "a is judged against igor-movable, b is judged against upstream",
        f"a is made by zonediff 0.0.1, b is made by zonediff {result.version}",
        "a is run with seeds 0 to 19, b is run with seeds 0 to 0",
    )
    assert found.exit_code == 0
    assert compare(result, result, ("a", "b")).remarks == ()


def test_a_variant_that_is_new(result: Result) -> None:
    before = replace(result, runs=result.runs[:1], variants=result.variants[:1])
    found = compare(before, result, ("a", "b"))
    assert [(item.what, item.name, item.added) for item in found.novelties] == [
        ("variant", "igor-movable", True)
    ]
    assert found.cells == ((SCENARIO, "upstream"),)


def test_markdown_cannot_be_smuggled_in() -> None:
    change = Change("a|b", "<img>", "regression", ("[x](http://y)\n# z",))
    found = Regression("a", "b", (("a|b", "<img>"),), (change,), (), ())
    row = changes.markdown(found).splitlines()[-1]
    assert row == "| regression | a\\|b | \\<img> | \\[x\\](http://<!-- -->y) #<!-- --> z |"


def test_control_characters_do_not_break_the_junit_file() -> None:
    from junitparser import JUnitXml

    change = Change("a", "v", "error", ("boom \x1b[31m\0",))
    found = Regression("a", "b", (("a", "v"),), (change,), (), ())
    [suite] = JUnitXml.fromstring(junit.changes(found))
    [case] = suite
    assert case.result[0].message == "boom \\x1b[31m\\x00"


def test_one_removal_from_the_interface_is_enough(result: Result) -> None:
    less = [replace(info, interface=replace(info.interface, files={})) for info in result.variants]
    found = compare(result, replace(result, variants=less), ("a", "b"))
    assert [of.variant for of in found.removals] == ["upstream", "igor-movable"]
    assert found.exit_code == 1
