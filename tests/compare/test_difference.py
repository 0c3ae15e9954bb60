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


def told(difference: Any) -> tuple[int, int, str, str, str, int]:
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
    trace = make.told(make.seen({})).did(PLUG, None, make.seen(FRESH)).trace()
    assert first_difference(trace, trace) is None


def test_other_reasons_are_no_difference(make: Make) -> None:
    one = make.told(make.seen({})).did(PLUG, why="zone_for_memory").trace()
    two = make.told(make.seen({})).did(PLUG, why="zone_for_memory_resource").trace()
    assert first_difference(one, two) is None


def test_results_come_first_with_the_reasons_of_both(make: Make) -> None:
    one = make.told(make.seen(FRESH)).did(write(32), "EINVAL", why="not-at-zone-end").trace()
    online = make.seen({**FRESH, 32: "online Movable"})
    two = make.told(make.seen(FRESH)).did(write(32), None, online, why="stays").trace()
    difference = first_difference(one, two)
    assert told(difference) == (0, 0, "result", "EINVAL", "ok", 0)
    assert difference is not None
    assert difference.do == "echo online_movable > memory32/state"
    assert [reason.rule for reason in difference.baseline_reasons] == ["not-at-zone-end"]
    assert [reason.rule for reason in difference.candidate_reasons] == ["stays"]


def test_the_blocks_that_differ_in_words(make: Make) -> None:
    one = make.told(make.seen({})).did(PLUG, None, make.seen(FRESH)).trace()
    two = make.told(make.seen({})).did(PLUG, None, make.seen(MOVABLE)).trace()
    assert told(first_difference(one, two)) == (
        0,
        0,
        "blocks",
        "memory32-33 offline [Normal], memory34 offline [Normal Movable]",
        "memory32 offline [Movable Normal], memory33-34 offline [Movable]",
        0,
    )


def test_many_ranges_are_counted_not_listed(make: Make) -> None:
    one = make.told(make.seen({})).did(
        PLUG, None, make.seen(dict.fromkeys(range(32, 42), "offline Normal"))
    )
    two = make.told(make.seen({})).did(
        PLUG,
        None,
        make.seen({n: "offline " + ("Normal", "Movable")[n % 2] for n in range(32, 42)}),
    )
    difference = first_difference(one.trace(), two.trace())
    assert difference is not None
    assert difference.baseline == (
        "memory33 offline [Normal], memory35 offline [Normal], memory37 offline [Normal] and 2 more"
    )


def test_blocks_that_only_one_side_has(make: Make) -> None:
    one = make.told(make.seen(FRESH)).did(Unplug("dimm1"), None, make.seen({})).trace()
    two = make.told(make.seen(FRESH)).did(Unplug("dimm1")).trace()
    assert told(first_difference(one, two))[3:5] == (
        "memory32-34 not there",
        "memory32-33 offline [Normal], memory34 offline [Normal Movable]",
    )


def test_a_file_outside_the_usual_words_is_named(make: Make) -> None:
    def plugged(online: str) -> Trace:
        view = BlockView("online", "Normal", "1", online, 0)
        now = Observation(run_length([(32, view)]), auto_online_blocks="online")
        return make.told(Observation()).did(PLUG, None, now).trace()

    assert told(first_difference(plugged("0"), plugged("1")))[3:5] == (
        "memory32 online [Normal] online=0",
        "memory32 online [Normal] online=1",
    )


def test_zones_without_present_pages_are_not_seen(make: Make) -> None:
    span, other = {"0/Normal": (1048576, 98304, 0)}, {"0/Movable": (1048576, 98304, 0)}
    one = make.told(make.seen({}, span)).did(PLUG, None, make.seen(FRESH, span)).trace()
    two = make.told(make.seen({})).did(PLUG, None, make.seen(FRESH, other)).trace()
    assert first_difference(one, two) is None


def test_spans_of_populated_zones_are_seen(make: Make) -> None:
    one = make.told(make.seen({})).did(
        PLUG, None, make.seen({}, {"0/Normal": (1048576, 98304, 32768)})
    )
    two = make.told(make.seen({})).did(
        PLUG, None, make.seen({}, {"0/Normal": (1048576, 32768, 32768)})
    )
    assert told(first_difference(one.trace(), two.trace()))[2:5] == (
        "zones",
        "0/Normal pfn 1048576..1146880 (384M), 128M present",
        "0/Normal pfn 1048576..1081344 (128M), 128M present",
    )


def test_a_zone_that_goes_away_on_one_side(make: Make) -> None:
    full = {"0/Normal": (1048576, 32768, 32768)}
    one = make.told(make.seen({}, full)).did(Unplug("dimm1"), None, make.seen({})).trace()
    two = make.told(make.seen({}, full)).did(Unplug("dimm1")).trace()
    assert told(first_difference(one, two))[2:4] == ("zones", "0/Normal not there")


def test_node_masks(make: Make) -> None:
    one = make.told(make.seen({})).did(PLUG, None, make.seen({}, online="0-1")).trace()
    two = make.told(make.seen({})).did(PLUG, None, make.seen({}, online="0")).trace()
    assert told(first_difference(one, two))[2:5] == ("nodes", "online '0-1'", "online '0'")


def test_the_absence_of_the_knob_alone_is_no_difference(make: Make) -> None:
    one = make.told(make.seen({}, knob="online")).did(PLUG, None, make.seen(FRESH, knob="online"))
    two = make.told(make.seen({}, knob=None)).did(PLUG, None, make.seen(FRESH, knob=None))
    assert first_difference(one.trace(), two.trace()) is None


def test_the_knobs_text_is_compared_where_both_have_it(make: Make) -> None:
    one = make.told(make.seen({}, knob="online")).did(PLUG).trace()
    two = make.told(make.seen({}, knob="offline")).did(PLUG).trace()
    assert told(first_difference(one, two)) == (
        -1,
        0,
        "knob",
        "auto_online_blocks online",
        "auto_online_blocks offline",
        0,
    )


def test_a_write_that_one_kernel_ignores(make: Make) -> None:
    do = Write("auto_online_blocks", "online_movable")
    one = make.told(make.seen({})).did(do, None, make.seen({}, knob="online_movable")).trace()
    two = make.told(make.seen({})).did(do).trace()
    assert told(first_difference(one, two))[2:4] == ("knob", "auto_online_blocks online_movable")


def test_output(make: Make) -> None:
    do = Read("memory32/valid_zones")
    one = make.told(make.seen({})).did(do, output="Normal").trace()
    two = make.told(make.seen({})).did(do, output="Movable Normal").trace()
    assert told(first_difference(one, two))[2:5] == ("output", "'Normal'", "'Movable Normal'")


def test_uevents_from_the_first_that_differs(make: Make) -> None:
    one = make.told(make.seen({})).did(PLUG, uevents=["add memory32", "add memory33"]).trace()
    two = make.told(make.seen({})).did(
        PLUG, uevents=["add memory32", "add memory33", "online memory32", "online memory33"]
    )
    assert told(first_difference(one, two.trace()))[2:5] == (
        "uevents",
        "no more events",
        "online memory32, online memory33",
    )


def test_nobody_hears_the_events_of_a_boot(make: Make) -> None:
    one = make.told(make.seen({})).did(Boot(), uevents=["add memory32"]).trace()
    two = make.told(make.seen({})).did(Boot(), uevents=["add memory32", "online memory32"])
    assert first_difference(one, two.trace()) is None


def test_boots_that_differ_tell_only_reasons_that_differ(make: Make) -> None:
    shared, mine, yours = (Reason(name, name, name) for name in ("shared", "mine", "yours"))
    one = make.told(make.seen(FRESH)).trace("one", [shared, mine])
    two = make.told(make.seen(MOVABLE)).trace("two", [shared, yours])
    difference = first_difference(one, two)
    assert difference is not None
    assert (difference.step, difference.do, difference.what) == (-1, "boot", "blocks")
    assert difference.baseline_reasons == [mine]
    assert difference.candidate_reasons == [yours]


def test_death_outweighs_and_what_follows_counts(make: Make) -> None:
    one = make.told(make.seen(FRESH)).did(Unplug("dimm1"), None, make.seen({})).did(PLUG).did(PLUG)
    two = make.told(make.seen(FRESH)).did(Unplug("dimm1"), "BUG")
    assert told(first_difference(one.trace(), two.trace())) == (
        0,
        0,
        "end",
        "ok",
        "the kernel died (BUG)",
        2,
    )


def test_death_while_booting(make: Make) -> None:
    one = make.told(make.seen(FRESH)).did(PLUG).trace()
    two = Trace("two", Observation(), (), "hang")
    assert told(first_difference(one, two)) == (
        -1,
        0,
        "end",
        "booted",
        "the kernel died (hang) while booting",
        1,
    )


def test_two_kinds_of_death_differ(make: Make) -> None:
    one = make.told(make.seen({})).did(PLUG, "BUG").trace()
    two = make.told(make.seen({})).did(PLUG, "panic").trace()
    assert told(first_difference(one, two))[2:5] == (
        "end",
        "the kernel died (BUG)",
        "the kernel died (panic)",
    )
    assert first_difference(one, one) is None


def test_user_space_that_acts_otherwise(make: Make) -> None:
    def daemon(*blocks: int) -> Trace:
        trace = make.told(make.seen(FRESH))
        trace.several(Daemon(), *(trace.act(write(block)) for block in blocks))
        return trace.trace()

    assert told(first_difference(daemon(34, 33), daemon(34, 33, 32))) == (
        0,
        2,
        "acts",
        "nothing more",
        "echo online_movable > memory32/state",
        0,
    )
    assert told(first_difference(daemon(32, 34), daemon(34, 32)))[:5] == (
        0,
        0,
        "acts",
        "echo online_movable > memory32/state",
        "echo online_movable > memory34/state",
    )


def test_acts_after_an_insertion_are_matched_by_what_they_do(make: Make) -> None:
    def daemon(*acts: tuple[int, str | None]) -> Trace:
        trace = make.told(make.seen(FRESH))
        trace.several(Daemon(), *(trace.act(write(block), result) for block, result in acts))
        return trace.trace()

    one = daemon((34, None), (32, None), (33, "EINVAL"))
    two = daemon((34, None), (31, None), (32, None), (33, None))
    assert list(partings(one, two)) == [(0, 1, "acts"), (0, 2, "result")]


def test_acts_that_a_dead_kernel_never_saw(make: Make) -> None:
    one, two = make.told(make.seen(FRESH)), make.told(make.seen(FRESH))
    online = Online(Blocks("dimm1"))
    one.several(online, *(one.act(write(block)) for block in (32, 33, 34)))
    two.several(online, two.act(write(32)), two.act(write(33), "panic"))
    assert list(partings(one.trace(), two.trace())) == [(0, 1, "end"), (0, 2, "end")]


def test_an_early_difference_does_not_make_every_later_act_one(make: Make) -> None:
    one, two = make.told(make.seen(FRESH)), make.told(make.seen(MOVABLE))
    for trace in (one, two):
        trace.did(write(32), "EINVAL").did(write(33), "EINVAL")
    assert told(first_difference(one.trace(), two.trace()))[5] == 0


@pytest.mark.parametrize("left", [0, 1])
def test_differences_have_two_sides(make: Make, left: int) -> None:
    traces = [
        make.told(make.seen(FRESH)).did(write(32), result).trace() for result in ("EINVAL", None)
    ]
    difference = first_difference(traces[left], traces[1 - left])
    assert difference is not None
    assert [difference.baseline, difference.candidate][left] == "EINVAL"
