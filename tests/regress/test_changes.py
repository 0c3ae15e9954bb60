"""What counts as a change between two results, and how it is rendered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zonediff.compare.regress.changes import compare
from zonediff.compare.run import run
from zonediff.corpus.loader import SHIPPED, load
from zonediff.reports.formats import render_changes
from zonediff.reports.forms import changes, junit
from zonediff.result.changes import Change, Regression
from zonediff.result.counts import GoalCount
from zonediff.result.known import KnownOutcome
from zonediff.result.result import Result

SCENARIO = "reproducer/online-movable-first-block"

HEADS = (
    "regression (memory is lost or cannot be used): drivers/probe-knob[knob=online] on",
    "regression (memory is in another zone): drivers/hyperv-wanted-movable on",
    "regression (only because auto_online_blocks is gone): drivers/",
)


@pytest.fixture(scope="module")
def result() -> Result:
    return run(load([SCENARIO], SHIPPED), ["igor-movable"])


def changed(before: Result, after: Result) -> list[tuple[str, str]]:
    regression = compare(before, after, ("a", "b"))
    return [(change.kind, change.variant) for change in regression.changes]


def test_a_result_has_not_changed_from_itself(result: Result) -> None:
    actual = compare(result, result, ("a", "b"))
    assert (actual.changes, actual.novelties, actual.removals) == ((), (), ())
    assert len(actual.cells) == 2
    assert actual.exit_code == 0


def test_the_same_goals_by_another_way_are_a_behaviour_change(result: Result) -> None:
    baseline, candidate = result.runs
    swapped = replace(candidate, trace=baseline.trace)
    assert changed(result, replace(result, runs=[baseline, swapped])) == [
        ("behaviour-change", "igor-movable")
    ]


def test_goals_are_told_apart_by_what_is_wanted(result: Result) -> None:
    baseline, candidate = result.runs
    fewer = replace(candidate, goals=candidate.goals[1:])
    actual = compare(result, replace(result, runs=[baseline, fewer]), ("a", "b"))
    [change] = actual.changes
    assert change.kind == "behaviour-change"
    assert change.says == (f"goal gone: {candidate.goals[0].want}",)
    assert actual.exit_code == 0


def test_a_subject_that_fails_and_one_that_runs_again(result: Result) -> None:
    baseline, candidate = result.runs
    broken = replace(
        candidate, status="error", trace=None, goals=[], error="Traceback\nLookupError: x\n"
    )
    after = replace(result, runs=[baseline, broken])
    assert changed(result, after) == [("error", "igor-movable")]
    assert changed(after, result) == [("fix", "igor-movable")]
    assert changed(after, after) == []


def test_what_got_worse_stands_first(result: Result) -> None:
    baseline, candidate = result.runs
    [accepted, movable, survives] = candidate.goals
    before = replace(candidate, goals=[replace(accepted, met=False), movable, survives])
    after = replace(candidate, goals=[accepted, replace(movable, met=False), survives])
    [change] = compare(
        replace(result, runs=[baseline, before]),
        replace(result, runs=[baseline, after]),
        ("a", "b"),
    ).changes
    assert change.kind == "regression"
    assert [says.split(":")[0] for says in change.says] == ["no longer met", "now met"]


def test_the_rules_behind_a_change_are_those_that_are_new(result: Result) -> None:
    baseline, candidate = result.runs
    swapped = replace(baseline, variant=candidate.variant)
    [change] = compare(replace(result, runs=[baseline, swapped]), result, ("a", "b")).changes
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
        baseline, candidate = result.runs
        goal = replace(candidate.goals[0], met=met == 20)
        counted = replace(candidate, goals=[goal], counts=[GoalCount(goal.want, met, 20)])
        return replace(result, runs=[baseline, counted])

    actual = compare(chance(before), chance(after), ("a", "b"))
    assert [change.kind for change in actual.changes] == kinds
    for change in actual.changes:
        assert f"{before} of 20 -> {after} of 20" in change.says[0]


@pytest.fixture(scope="module")
def knob_gone() -> tuple[Result, Result]:
    """A day on which hyperv-xen-only was as upstream, and the day after."""
    names = ["drivers/hyperv-wanted-movable", "drivers/probe-knob", "drivers/hyperv-knob"]
    after = run(load(names, SHIPPED), ["hyperv-xen-only"])
    upstream = [item for item in after.runs if item.variant == "upstream"]
    before = [*upstream, *(replace(item, variant="hyperv-xen-only") for item in upstream)]
    variants = [after.variants[0], replace(after.variants[0], name="hyperv-xen-only")]
    return replace(after, runs=before, variants=variants), after


def test_the_worst_regressions_stand_first(knob_gone: tuple[Result, Result]) -> None:
    actual = compare(*knob_gone, ("a", "b"))
    regressions = [item for item in actual.changes if item.kind == "regression"]
    assert [item.severity for item in regressions[:2]] == ["memory", "zone"]
    assert regressions[2:]
    for item in regressions[2:]:
        assert item.only_removal is not None
        assert item.only_removal.what == "auto_online_blocks"
    text = " ".join(changes.text(actual).split())
    places = [text.index(says) for says in HEADS]
    assert places == sorted(places)


def test_a_regression_is_as_severe_as_in_a_run(knob_gone: tuple[Result, Result]) -> None:
    actual = compare(*knob_gone, ("a", "b"))
    severities = {item.scenario: item.severity for item in actual.changes if item.severity}
    assert severities == {
        item.scenario: item.severity for item in knob_gone[1].judgements if item.severity
    }


def test_known_regressions_stand_last(knob_gone: tuple[Result, Result]) -> None:
    before, after = knob_gone
    [worst, second, *_] = compare(before, after, ("a", "b")).changes
    known = [KnownOutcome(worst.scenario, worst.variant, [*worst.unmet])]
    actual = compare(before, replace(after, known=known), ("a", "b"))
    [first, *_, last] = [item for item in actual.changes if item.kind == "regression"]
    assert (first, last) == (second, replace(worst, known=True))


def test_a_scenario_that_its_result_does_not_describe_has_no_severity(result: Result) -> None:
    baseline, candidate = result.runs
    worse = replace(candidate, goals=[replace(goal, met=False) for goal in candidate.goals])
    [info] = result.scenarios
    wants = [goal.want for goal in candidate.goals]
    for other in (
        replace(info, goals=[{"want": want} for want in wants]),
        replace(info, goals=[{"want": want, "blocks": 5} for want in wants]),
        replace(info, goals=[{"want": want, "step": "x", "result": "ok"} for want in wants]),
        replace(info, steps=[{"do": 1}]),
        replace(info, machine={}),
    ):
        after = replace(result, runs=[baseline, worse], scenarios=[other])
        [change] = compare(result, after, ("a", "b")).changes
        assert (change.kind, change.severity) == ("regression", None)
        assert changes.what_kind(change) == "regression"


@pytest.mark.parametrize("form", ["html", "mail", "markdown", "ktap"])
def test_every_form_names_the_harm_and_known_outcomes(
    knob_gone: tuple[Result, Result], form: str
) -> None:
    before, after = knob_gone
    [worst, *_] = compare(before, after, ("a", "b")).changes
    known = [KnownOutcome(worst.scenario, worst.variant, [*worst.unmet])]
    actual = compare(before, replace(after, known=known), ("a", "b"))
    says = " ".join(render_changes(actual, form).lower().split())
    assert "memory is in another zone" in says
    assert "only because auto_online_blocks is gone" in says or form == "markdown"
    assert says.index("memory is in another zone") < says.index("memory is lost or cannot be used")
    assert ("xfail" if form == "ktap" else "known") in says


def test_what_sets_the_two_apart_is_said(result: Result) -> None:
    first_run = result.runs[0]
    other = replace(
        result,
        baseline="igor-movable",
        runs=[replace(first_run, hash="0" * 64)],
        complete=False,
        seeds=20,
        version="0.0.1",
    )
    actual = compare(other, result, ("a", "b"))
    assert actual.edited == (SCENARIO,)
    assert actual.remarks == (
        "a is of a run that was interrupted",
        "1 outcome is in b alone",
        "a is judged against igor-movable, b is judged against upstream",
        f"a is made by zonediff 0.0.1, b is made by zonediff {result.version}",
        "a is run with seeds 0 to 19, b is run with seeds 0 to 0",
    )
    assert actual.exit_code == 0
    assert compare(result, result, ("a", "b")).remarks == ()


def test_a_variant_that_is_new(result: Result) -> None:
    before = replace(result, runs=result.runs[:1], variants=result.variants[:1])
    actual = compare(before, result, ("a", "b"))
    assert [(item.what, item.name, item.added) for item in actual.novelties] == [
        ("variant", "igor-movable", True)
    ]
    assert actual.cells == ((SCENARIO, "upstream"),)


def test_markdown_cannot_be_smuggled_in() -> None:
    change = Change("a|b", "<img>", "regression", ("[x](http://y)\n# z",))
    actual = Regression("a", "b", (("a|b", "<img>"),), (change,), (), ())
    row = changes.markdown(actual).splitlines()[-1]
    assert row == "| regression | a\\|b | \\<img> | \\[x\\](http://<!-- -->y) #<!-- --> z |"


def test_control_characters_do_not_break_the_junit_file() -> None:
    from junitparser import JUnitXml

    change = Change("a", "v", "error", ("boom \x1b[31m\0",))
    actual = Regression("a", "b", (("a", "v"),), (change,), (), ())
    [suite] = JUnitXml.fromstring(junit.changes(actual))
    [case] = suite
    assert case.result[0].message == "boom \\x1b[31m\\x00"


def test_one_removal_from_the_interface_is_enough(result: Result) -> None:
    less = [replace(info, interface=replace(info.interface, files={})) for info in result.variants]
    actual = compare(result, replace(result, variants=less), ("a", "b"))
    assert [of.variant for of in actual.removals] == ["upstream", "igor-movable"]
    assert actual.exit_code == 1
