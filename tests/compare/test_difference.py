from __future__ import annotations

from typing import Any

import pytest

from tests.compare.conftest import Make
from zonediff.compare.difference import first_difference
from zonediff.engine.observation import BlockView, Observation, run_length
from zonediff.engine.steps import Blocks, Boot, Daemon, Online, Plug, Read, Unplug, Write
from zonediff.engine.trace import Reason, Trace
from zonediff.engine.units import parse_size
from zonediff.result.partings import partings

PLUG = Plug("dimm1", parse_size("512M"))
FRESH = {32: "offline Normal", 33: "offline Normal", 34: "offline Normal Movable"}
MOVABLE = {32: "offline Movable Normal", 33: "offline Movable", 34: "offline Movable"}


def facts(difference: Any) -> tuple[int, int, str, str, str, int]:
    assert difference is not None
    return (
        difference.step,
        difference.act,
        difference.what,
        difference.baseline,
        difference.candidate,
        difference.later,
    )


def write(block: int, value: str = "online_movable") -> Write:
    return Write(f"memory{block}/state", value)


def test_equal_traces_do_not_differ(make: Make) -> None:
    trace = make.trace_of(make.observation({})).did(PLUG, None, make.observation(FRESH)).trace()
    assert first_difference(trace, trace) is None


def test_other_reasons_are_no_difference(make: Make) -> None:
    baseline = make.trace_of(make.observation({})).did(PLUG, why="zone_for_memory").trace()
    candidate = (
        make.trace_of(make.observation({})).did(PLUG, why="zone_for_memory_resource").trace()
    )
    assert first_difference(baseline, candidate) is None


def test_results_come_first_with_the_reasons_of_both(make: Make) -> None:
    baseline = (
        make.trace_of(make.observation(FRESH))
        .did(write(32), "EINVAL", why="not-at-zone-end")
        .trace()
    )
    online = make.observation({**FRESH, 32: "online Movable"})
    candidate = (
        make.trace_of(make.observation(FRESH)).did(write(32), None, online, why="stays").trace()
    )
    difference = first_difference(baseline, candidate)
    assert facts(difference) == (0, 0, "result", "EINVAL", "ok", 0)
    assert difference is not None
    assert difference.do == "echo online_movable > memory32/state"
    assert [reason.rule for reason in difference.baseline_reasons] == ["not-at-zone-end"]
    assert [reason.rule for reason in difference.candidate_reasons] == ["stays"]


def test_the_blocks_that_differ_in_words(make: Make) -> None:
    baseline = make.trace_of(make.observation({})).did(PLUG, None, make.observation(FRESH)).trace()
    candidate = (
        make.trace_of(make.observation({})).did(PLUG, None, make.observation(MOVABLE)).trace()
    )
    assert facts(first_difference(baseline, candidate)) == (
        0,
        0,
        "blocks",
        "memory32-33 offline [Normal], memory34 offline [Normal Movable]",
        "memory32 offline [Movable Normal], memory33-34 offline [Movable]",
        0,
    )


def test_many_ranges_are_counted_not_listed(make: Make) -> None:
    baseline = make.trace_of(make.observation({})).did(
        PLUG, None, make.observation(dict.fromkeys(range(32, 42), "offline Normal"))
    )
    candidate = make.trace_of(make.observation({})).did(
        PLUG,
        None,
        make.observation({n: "offline " + ("Normal", "Movable")[n % 2] for n in range(32, 42)}),
    )
    difference = first_difference(baseline.trace(), candidate.trace())
    assert difference is not None
    assert difference.baseline == (
        "memory33 offline [Normal], memory35 offline [Normal], memory37 offline [Normal] and 2 more"
    )


def test_blocks_that_only_one_side_has(make: Make) -> None:
    baseline = (
        make.trace_of(make.observation(FRESH))
        .did(Unplug("dimm1"), None, make.observation({}))
        .trace()
    )
    candidate = make.trace_of(make.observation(FRESH)).did(Unplug("dimm1")).trace()
    assert facts(first_difference(baseline, candidate))[3:5] == (
        "memory32-34 not there",
        "memory32-33 offline [Normal], memory34 offline [Normal Movable]",
    )


def test_a_file_outside_the_usual_words_is_named(make: Make) -> None:
    def plugged(online: str) -> Trace:
        view = BlockView("online", "Normal", "1", online, 0)
        now = Observation(run_length([(32, view)]), auto_online_blocks="online")
        return make.trace_of(Observation()).did(PLUG, None, now).trace()

    assert facts(first_difference(plugged("0"), plugged("1")))[3:5] == (
        "memory32 online [Normal] online=0",
        "memory32 online [Normal] online=1",
    )


def test_zones_without_present_pages_are_not_seen(make: Make) -> None:
    span, other = {"0/Normal": (1048576, 98304, 0)}, {"0/Movable": (1048576, 98304, 0)}
    baseline = (
        make.trace_of(make.observation({}, span))
        .did(PLUG, None, make.observation(FRESH, span))
        .trace()
    )
    candidate = (
        make.trace_of(make.observation({})).did(PLUG, None, make.observation(FRESH, other)).trace()
    )
    assert first_difference(baseline, candidate) is None


def test_spans_of_populated_zones_are_seen(make: Make) -> None:
    baseline = make.trace_of(make.observation({})).did(
        PLUG, None, make.observation({}, {"0/Normal": (1048576, 98304, 32768)})
    )
    candidate = make.trace_of(make.observation({})).did(
        PLUG, None, make.observation({}, {"0/Normal": (1048576, 32768, 32768)})
    )
    assert facts(first_difference(baseline.trace(), candidate.trace()))[2:5] == (
        "zones",
        "0/Normal pfn 1048576..1146880 (384M), 128M present",
        "0/Normal pfn 1048576..1081344 (128M), 128M present",
    )


def test_a_zone_that_goes_away_on_one_side(make: Make) -> None:
    full = {"0/Normal": (1048576, 32768, 32768)}
    baseline = (
        make.trace_of(make.observation({}, full))
        .did(Unplug("dimm1"), None, make.observation({}))
        .trace()
    )
    candidate = make.trace_of(make.observation({}, full)).did(Unplug("dimm1")).trace()
    assert facts(first_difference(baseline, candidate))[2:4] == ("zones", "0/Normal not there")


def test_node_masks(make: Make) -> None:
    baseline = (
        make.trace_of(make.observation({}))
        .did(PLUG, None, make.observation({}, online="0-1"))
        .trace()
    )
    candidate = (
        make.trace_of(make.observation({}))
        .did(PLUG, None, make.observation({}, online="0"))
        .trace()
    )
    assert facts(first_difference(baseline, candidate))[2:5] == (
        "nodes",
        "online '0-1'",
        "online '0'",
    )


def test_the_absence_of_the_knob_alone_is_no_difference(make: Make) -> None:
    baseline = make.trace_of(make.observation({}, knob="online")).did(
        PLUG, None, make.observation(FRESH, knob="online")
    )
    candidate = make.trace_of(make.observation({}, knob=None)).did(
        PLUG, None, make.observation(FRESH, knob=None)
    )
    assert first_difference(baseline.trace(), candidate.trace()) is None


def test_the_knobs_text_is_compared_where_both_have_it(make: Make) -> None:
    baseline = make.trace_of(make.observation({}, knob="online")).did(PLUG).trace()
    candidate = make.trace_of(make.observation({}, knob="offline")).did(PLUG).trace()
    assert facts(first_difference(baseline, candidate)) == (
        -1,
        0,
        "knob",
        "auto_online_blocks online",
        "auto_online_blocks offline",
        0,
    )


def test_a_write_that_one_kernel_ignores(make: Make) -> None:
    do = Write("auto_online_blocks", "online_movable")
    baseline = (
        make.trace_of(make.observation({}))
        .did(do, None, make.observation({}, knob="online_movable"))
        .trace()
    )
    candidate = make.trace_of(make.observation({})).did(do).trace()
    assert facts(first_difference(baseline, candidate))[2:4] == (
        "knob",
        "auto_online_blocks online_movable",
    )


def test_output(make: Make) -> None:
    do = Read("memory32/valid_zones")
    baseline = make.trace_of(make.observation({})).did(do, output="Normal").trace()
    candidate = make.trace_of(make.observation({})).did(do, output="Movable Normal").trace()
    assert facts(first_difference(baseline, candidate))[2:5] == (
        "output",
        "'Normal'",
        "'Movable Normal'",
    )


def test_uevents_from_the_first_that_differs(make: Make) -> None:
    baseline = (
        make.trace_of(make.observation({}))
        .did(PLUG, uevents=["add memory32", "add memory33"])
        .trace()
    )
    candidate = make.trace_of(make.observation({})).did(
        PLUG, uevents=["add memory32", "add memory33", "online memory32", "online memory33"]
    )
    assert facts(first_difference(baseline, candidate.trace()))[2:5] == (
        "uevents",
        "no more events",
        "online memory32, online memory33",
    )


def test_nobody_hears_the_events_of_a_boot(make: Make) -> None:
    baseline = make.trace_of(make.observation({})).did(Boot(), uevents=["add memory32"]).trace()
    candidate = make.trace_of(make.observation({})).did(
        Boot(), uevents=["add memory32", "online memory32"]
    )
    assert first_difference(baseline, candidate.trace()) is None


def test_boots_that_differ_tell_only_reasons_that_differ(make: Make) -> None:
    shared, mine, yours = (Reason(name, name, name) for name in ("shared", "mine", "yours"))
    baseline = make.trace_of(make.observation(FRESH)).trace("one", [shared, mine])
    candidate = make.trace_of(make.observation(MOVABLE)).trace("two", [shared, yours])
    difference = first_difference(baseline, candidate)
    assert difference is not None
    assert (difference.step, difference.do, difference.what) == (-1, "boot", "blocks")
    assert difference.baseline_reasons == [mine]
    assert difference.candidate_reasons == [yours]


def test_death_outweighs_and_what_follows_counts(make: Make) -> None:
    baseline = (
        make.trace_of(make.observation(FRESH))
        .did(Unplug("dimm1"), None, make.observation({}))
        .did(PLUG)
        .did(PLUG)
    )
    candidate = make.trace_of(make.observation(FRESH)).did(Unplug("dimm1"), "BUG")
    assert facts(first_difference(baseline.trace(), candidate.trace())) == (
        0,
        0,
        "end",
        "ok",
        "the kernel died (BUG)",
        2,
    )


def test_death_while_booting(make: Make) -> None:
    baseline = make.trace_of(make.observation(FRESH)).did(PLUG).trace()
    candidate = Trace("two", Observation(), (), "hang")
    assert facts(first_difference(baseline, candidate)) == (
        -1,
        0,
        "end",
        "booted",
        "the kernel died (hang) while booting",
        1,
    )


def test_two_kinds_of_death_differ(make: Make) -> None:
    baseline = make.trace_of(make.observation({})).did(PLUG, "BUG").trace()
    candidate = make.trace_of(make.observation({})).did(PLUG, "panic").trace()
    assert facts(first_difference(baseline, candidate))[2:5] == (
        "end",
        "the kernel died (BUG)",
        "the kernel died (panic)",
    )
    assert first_difference(baseline, baseline) is None


def test_user_space_that_acts_otherwise(make: Make) -> None:
    def daemon(*blocks: int) -> Trace:
        trace = make.trace_of(make.observation(FRESH))
        trace.several(Daemon(), *(trace.act(write(block)) for block in blocks))
        return trace.trace()

    assert facts(first_difference(daemon(34, 33), daemon(34, 33, 32))) == (
        0,
        2,
        "acts",
        "nothing more",
        "echo online_movable > memory32/state",
        0,
    )
    assert facts(first_difference(daemon(32, 34), daemon(34, 32)))[:5] == (
        0,
        0,
        "acts",
        "echo online_movable > memory32/state",
        "echo online_movable > memory34/state",
    )


def test_acts_after_an_insertion_are_matched_by_what_they_do(make: Make) -> None:
    def daemon(*acts: tuple[int, str | None]) -> Trace:
        trace = make.trace_of(make.observation(FRESH))
        trace.several(Daemon(), *(trace.act(write(block), result) for block, result in acts))
        return trace.trace()

    baseline = daemon((34, None), (32, None), (33, "EINVAL"))
    candidate = daemon((34, None), (31, None), (32, None), (33, None))
    assert list(partings(baseline, candidate)) == [(0, 1, "acts"), (0, 2, "result")]


def test_acts_that_a_dead_kernel_never_saw(make: Make) -> None:
    baseline, candidate = (
        make.trace_of(make.observation(FRESH)),
        make.trace_of(make.observation(FRESH)),
    )
    online = Online(Blocks("dimm1"))
    baseline.several(online, *(baseline.act(write(block)) for block in (32, 33, 34)))
    candidate.several(online, candidate.act(write(32)), candidate.act(write(33), "panic"))
    assert list(partings(baseline.trace(), candidate.trace())) == [(0, 1, "end"), (0, 2, "end")]


def test_an_early_difference_does_not_make_every_later_act_one(make: Make) -> None:
    baseline, candidate = (
        make.trace_of(make.observation(FRESH)),
        make.trace_of(make.observation(MOVABLE)),
    )
    for trace in (baseline, candidate):
        trace.did(write(32), "EINVAL").did(write(33), "EINVAL")
    assert facts(first_difference(baseline.trace(), candidate.trace()))[5] == 0


@pytest.mark.parametrize("left", [0, 1])
def test_differences_have_two_sides(make: Make, left: int) -> None:
    traces = [
        make.trace_of(make.observation(FRESH)).did(write(32), result).trace()
        for result in ("EINVAL", None)
    ]
    difference = first_difference(traces[left], traces[1 - left])
    assert difference is not None
    assert [difference.baseline, difference.candidate][left] == "EINVAL"
