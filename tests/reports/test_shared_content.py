"""What a page says once: notes, pictures, scenarios that fare the same, variants that are alike."""

from __future__ import annotations

from dataclasses import replace

from zonediff.engine.steps import HypervAdd
from zonediff.engine.trace import Reason
from zonediff.engine.units import GIB, Bytes
from zonediff.reports.page.evidence import unrecorded_acts
from zonediff.reports.page.index import Index
from zonediff.reports.page.report import build_report
from zonediff.reports.page.row_filters import row_filters, style_rules
from zonediff.reports.page.same_behaviour import variant_groups
from zonediff.reports.page.scenario_groups import group_scenarios
from zonediff.reports.page.shared_content import Note, SharedContent
from zonediff.reports.page.step_table import SpanningCell, merge_equal
from zonediff.result.result import Result


def lines(said: SharedContent, id: str) -> list[str]:
    (note,) = [note for note, other in said.notes.items() if other == id]
    return [text for text, _ in note.lines]


def test_equal_notes_are_one() -> None:
    said = SharedContent()
    first = said.reasons([Reason("a.x", "a", "first"), Reason("b", "b", "other")])
    second = said.reasons([Reason("a.x", "a", "first")])
    assert [chip.function for chip in first] == ["a", "b"]
    assert second[0] == first[0]
    assert list(said.notes) == [Note("a", (("first", "a.x"),)), Note("b", (("other", ""),))]


def test_of_many_reasons_that_differ_in_numbers_the_ends_are_told() -> None:
    said = SharedContent()
    reasons = [Reason("a", "a", f"block {n} is taken") for n in range(32, 40)]
    (chip,) = said.reasons([Reason("a", "a", "begun"), *reasons])
    assert lines(said, chip.id) == [
        "begun",
        "block 32 is taken",
        "… 6 similar lines, then",
        "block 39 is taken",
    ]


def test_events_that_go_round_are_told_by_their_ends() -> None:
    said = SharedContent()
    events = [f"{what} memory{n}" for n in range(32, 40) for what in ("add", "online")]
    assert lines(said, said.lines(["changed"], events)) == [
        "changed",
        "uevents:",
        "add memory32",
        "online memory32",
        "… 12 similar lines, then",
        "add memory39",
        "online memory39",
    ]


def test_neighbours_that_say_the_same_are_one_cell() -> None:
    assert merge_equal("aabca") == (
        SpanningCell("a", 0, 2),
        SpanningCell("b", 2, 1),
        SpanningCell("c", 3, 1),
        SpanningCell("a", 4, 1),
    )


def family(result: Result, *ids: str) -> Result:
    """The result with its first scenario again under other names of its family."""
    first = result.scenarios[0]
    more = [replace(first, id=id) for id in ids]
    runs = [run for run in result.runs if run.scenario == first.id]
    judged = [item for item in result.judgements if item.scenario == first.id]
    return replace(
        result,
        scenarios=[*result.scenarios, *more],
        runs=[*result.runs, *(replace(run, scenario=id) for id in ids for run in runs)],
        judgements=[
            *result.judgements,
            *(replace(item, scenario=id) for id in ids for item in judged),
        ],
    )


def test_members_of_a_family_that_fare_the_same_are_shown_once(result: Result) -> None:
    first = result.scenarios[0].id
    grown = family(result, f"{first}[size=1G]", f"{first}[size=2G]")
    shown = group_scenarios(build_report(grown).scenarios)
    assert [len(item.members) for item in shown] == [3, 1, 1, 1, 1, 1]
    assert {names for names, _ in shown[0].reproduction} == {""}
    other = [replace(run, goals=[]) if "2G" in run.scenario else run for run in grown.runs]
    apart = group_scenarios(build_report(replace(grown, runs=other)).scenarios)
    assert [len(item.members) for item in apart] == [2, 1, 1, 1, 1, 1, 1]


def test_variants_that_are_alike_are_one_group_and_others_have_a_witness(result: Result) -> None:
    groups = variant_groups(Index(result))
    names = [[link.name for link in group.members] for group in groups]
    assert names[0] == ["upstream", "michal-split/1"]
    everyone = sorted(variant.name for variant in result.variants)
    assert sorted(name for group in names for name in group) == everyone
    assert [len(group.apart) for group in groups] == list(range(len(groups)))
    assert all(link for group in groups for link in group.apart)
    assert [group.baseline for group in groups] == [True] + [False] * (len(groups) - 1)


def test_acts_of_which_there_is_no_recording_are_told(result: Result) -> None:
    assert unrecorded_acts(Index(result)) == ()
    runs = []
    for run in result.runs:
        if run.trace is not None and run.scenario == "knob/kvm":
            (step, *others) = run.trace.steps
            act = replace(step.acts[0], do=HypervAdd("hot1", Bytes(GIB)))
            trace = replace(run.trace, steps=(replace(step, acts=(act,)), *others))
            runs.append(replace(run, trace=trace))
        else:
            runs.append(run)
    (item,) = unrecorded_acts(Index(replace(result, runs=runs)))
    assert item.example == "hyperv adds hot1 1G"
    assert [link.name for link in item.scenarios] == ["knob/kvm"]


def test_a_count_has_a_place_and_a_rule(result: Result) -> None:
    places = row_filters(build_report(result))
    assert len({place.anchor for place in places}) == len(places)
    rules = list(style_rules(places))
    shown = ".scroll .s:not(:has(td:nth-child(3).fix))"
    assert f'.filter[hidden] ~ [id="fix:1"]:target ~ {shown} {{ display: none; }}' in rules
    assert '[id="abi-removal:3"]:target ~ .lost li:not(.v3) { display: none; }' in rules
