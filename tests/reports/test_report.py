"""What reports are made of: verdicts, findings by cause, columns of equal behaviour."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zonediff.reports.page.findings import causes, removal_views
from zonediff.reports.page.index import Index
from zonediff.reports.page.report import build_report
from zonediff.reports.page.scenario_view import ScenarioView, scenario_view
from zonediff.reports.page.verdicts import verdicts
from zonediff.result.result import Result


def shown(result: Result, scenario: str) -> ScenarioView:
    index = Index(result)
    (info,) = [item for item in result.scenarios if item.id == scenario]
    return scenario_view(index, info)


def names(scenario: ScenarioView) -> list[list[str]]:
    return [[member.link.name for member in column.members] for column in scenario.columns]


def test_a_verdict_counts_everything(result: Result) -> None:
    sentences = [verdict.sentence for verdict in verdicts(result)]
    assert sentences[0] == (
        "igor-movable: 1 regression, 0 ABI removals, 2 fixes, 2 behaviour changes, "
        "1 intended difference"
    )
    assert sentences[3] == (
        "hyperv-xen-only: 1 error, 1 regression, 3 ABI removals, 1 fix, 0 behaviour changes, "
        "3 unchanged"
    )


def test_what_a_verdict_counts_is_listed_where_it_says(result: Result) -> None:
    report = build_report(result)
    for verdict in report.verdicts:
        for section in report.sections:
            listed = sum(
                verdict.link.name in [link.name for link in finding.variants]
                for cause in section.causes
                for finding in cause.findings
            )
            assert verdict.number(section.kind) == listed


def test_variants_that_nothing_tells_apart_are_told(result: Result) -> None:
    remarks = {verdict.link.name: verdict.remarks for verdict in verdicts(result)}
    assert "Behaves like upstream in every scenario here." in remarks["michal-split/1"]
    assert not any("Nothing" in text for text in remarks["michal-split/3"])
    whole = replace(
        result,
        runs=[run for run in result.runs if run.scenario != "ordering/ascending"],
        scenarios=[item for item in result.scenarios if item.id != "ordering/ascending"],
        judgements=[item for item in result.judgements if item.scenario != "ordering/ascending"],
    )
    remarks = {verdict.link.name: verdict.remarks for verdict in verdicts(whole)}
    assert "Behaves like hyperv-xen-only in every scenario here." in remarks["michal-split/3"]


def test_a_death_in_a_regression_is_in_the_verdict(result: Result) -> None:
    (knob,) = [s for s in result.scenarios if s.id == "knob/kvm"]
    dead = [
        replace(run, status="died")
        if (run.scenario, run.variant) == (knob.id, "michal-split/3")
        else run
        for run in result.runs
    ]
    worse = verdicts(replace(result, runs=dead))[2]
    assert "1 regression (the kernel dies in 1)" in worse.sentence


def test_findings_are_grouped_by_cause_the_commonest_first(result: Result) -> None:
    counts = [
        (cause.function, len(cause.findings)) for cause in causes(Index(result), "regression")
    ]
    assert counts == [("acpi_memory_enable_device", 1), ("memory_root_attrs", 1)]
    changes = causes(Index(result), "behaviour-change")
    assert [len(cause.findings) for cause in changes] == [2]


def test_variants_that_show_the_same_are_one_finding(result: Result) -> None:
    (finding,) = causes(Index(result), "regression")[1].findings
    assert [link.name for link in finding.variants] == ["michal-split/3", "hyperv-xen-only"]
    assert finding.place == "step 1, echo online > auto_online_blocks"
    assert [reason.function for reason in finding.new] == ["memory_root_attrs"]
    assert [reason.function for reason in finding.old] == ["store_auto_online_blocks"]


def test_an_intended_difference_is_not_counted_as_what_it_would_be(result: Result) -> None:
    index = Index(result)
    assert not [
        finding
        for cause in causes(index, "behaviour-change")
        for finding in cause.findings
        if finding.link.name == "zones/three-blocks"
    ]
    ((finding,),) = [cause.findings for cause in causes(index, "intended")]
    assert finding.intent == "removable memory is meant to start in Movable"
    assert finding.nouns == ("behaviour change",)


def test_an_error_is_named_after_what_was_raised(result: Result) -> None:
    (cause,) = causes(Index(result), "error")
    assert cause.function == "RuntimeError: <no> 'zone'"


def test_removals_are_listed_with_who_uses_them(result: Result) -> None:
    first, *others = removal_views(Index(result))
    assert first.removal.what == "auto_online_blocks"
    assert [link.name for link in first.scenarios] == ["knob/kvm", "unplug/auto-onlined"]
    assert all(item.scenarios == () for item in others)


def test_variants_that_behave_alike_share_a_column(result: Result) -> None:
    assert names(shown(result, "ordering/reproducer")) == [
        ["upstream", "michal-split/1", "michal-split/3", "hyperv-xen-only"],
        ["igor-movable"],
    ]
    assert names(shown(result, "ordering/ascending"))[-1] == ["hyperv-xen-only"]


def test_goals_that_differ_keep_columns_apart_though_traces_are_equal(result: Result) -> None:
    runs = [
        replace(run, goals=[replace(goal, met=not goal.met) for goal in run.goals])
        if run.variant == "michal-split/1"
        else run
        for run in result.runs
    ]
    columns = names(shown(replace(result, runs=runs), "ordering/reproducer"))
    assert ["michal-split/1"] in columns


def test_the_first_difference_is_marked_and_what_follows(result: Result) -> None:
    rows = shown(result, "knob/kvm").rows
    assert [(row.label, [cell.mark for cell in row.cells]) for row in rows] == [
        ("boot", ["baseline", "same", "same"]),
        ("1", ["baseline", "same", "first"]),
        ("2", ["baseline", "first", "later"]),
        ("end", ["baseline", "later", "later"]),
    ]
    assert [row.same for row in rows] == [True, False, False, False]


def test_acts_of_a_composite_step_are_folded_where_no_column_changes(result: Result) -> None:
    rows = shown(result, "ordering/ascending").rows
    assert [row.label for row in rows] == ["boot", "1", "2", "2.1-2.7", "2.8", "end"]
    heading, folded = rows[2], rows[3]
    assert heading.cells == ()
    assert [cell.result for cell in folded.cells] == ["EINVAL (Invalid argument)", "ok", "no trace"]
    assert folded.cells[1].changes[0] == ("memory32: offline → online [Movable Normal]")


def test_a_dead_kernel_does_nothing_more(result: Result) -> None:
    runs = []
    for run in result.runs:
        if run.scenario == "knob/kvm" and run.variant == "igor-movable":
            assert run.trace is not None
            (first, _) = run.trace.steps
            act = replace(first.acts[0], result="panic")
            trace = replace(run.trace, steps=(replace(first, acts=(act,)),), end="panic")
            runs.append(replace(run, trace=trace, status="died"))
        else:
            runs.append(run)
    view_ = shown(replace(result, runs=runs), "knob/kvm")
    column = names(view_).index(["igor-movable"])
    assert view_.columns[column].outcome == "the kernel died (panic)"
    assert view_.rows[2].cells[column].result == "the kernel is dead"


def test_a_scenario_whose_baseline_failed_has_no_marks(result: Result) -> None:
    runs = [
        replace(run, trace=None, status="error", error="boom", goals=[])
        if run.variant == "upstream"
        else run
        for run in result.runs
    ]
    for info in result.scenarios:
        rows = shown(replace(result, runs=runs), info.id).rows
        marks = {cell.mark for row in rows for cell in row.cells}
        assert marks <= {"baseline", "absent"}


@pytest.mark.parametrize(
    ("id", "anchor"),
    [
        ("ordering/plain", "ordering/plain"),
        ("knob/kvm[knob=online]", "knob/kvm.knob=online"),
        ("verdict", "verdict.2"),
        ("<script>", "script"),
        ("", "item"),
        ("x" * 1000, "x" * 100),
    ],
)
def test_anchors_survive_a_mail(result: Result, id: str, anchor: str) -> None:
    single = replace(result, scenarios=[replace(result.scenarios[0], id=id)], claims=[])
    assert Index(single).scenario(id).anchor == anchor


def test_anchors_are_unique(result: Result) -> None:
    first = result.scenarios[0]
    ids = ["a", "a/upstream", "a b", "a.b", "a  b"]
    index = Index(replace(result, scenarios=[replace(first, id=id) for id in ids]))
    anchors = [index.scenario(id).anchor for id in ids]
    anchors += [index.cell(id, v.name).anchor for id in ids for v in result.variants]
    assert len(anchors) == len(set(anchors))


def test_claims_are_gathered_by_verdict_in_a_fixed_order(result: Result) -> None:
    first, second = build_report(result).claims
    assert [
        (group.verdict.verdict, [link.name for link in group.variants]) for group in first.judged
    ] == [
        ("supported", ["upstream", "michal-split/1"]),
        ("refuted", ["igor-movable"]),
        ("moot", ["michal-split/3"]),
    ]
    supported = first.judged[0]
    assert [link and link.name for link in supported.scenarios] == ["ordering/reproducer", None]
    assert second.judged == ()


def test_what_could_not_be_run_here_says_why(result: Result) -> None:
    runs = [
        replace(run, trace=None, status="not-run", error="not on this machine: no KVM", goals=[])
        if run.variant == "michal-split/3"
        else run
        for run in result.runs
    ]
    part = replace(
        result,
        runs=runs,
        judgements=[item for item in result.judgements if item.variant != "michal-split/3"],
    )
    assert "6 runs could not be done here: michal-split/3." in build_report(part).notes
    column = shown(part, "knob/kvm").columns[-2]
    assert (column.outcome, column.error) == ("not run", "not on this machine: no KVM")
    assert verdicts(part)[2].number("not-run") == 6
