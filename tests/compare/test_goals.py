from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.compare.conftest import Make
from zonediff.compare.goals import evaluate
from zonediff.corpus.scenario import (
    AllStepsGoal,
    BlocksGoal,
    KnobGoal,
    NodesGoal,
    Predicate,
    StepGoal,
)
from zonediff.engine.observation import BlockRange, BlockView, Observation
from zonediff.engine.steps import Blocks, Online, Plug, Unplug, Write
from zonediff.engine.trace import Trace
from zonediff.engine.units import parse_size

PLUG = Plug("dimm1", parse_size("512M"))
MOVABLE = Write("memory35/state", "online_movable")
BOOT = {1: "online DMA32"}
ADDED = {**BOOT, 32: "offline Normal", 33: "offline Normal", 34: "offline Normal Movable"}
ONLINE = {**ADDED, 33: "offline Normal Movable", 34: "online Movable Normal"}


def blocks(selection: str, **asked: Any) -> BlocksGoal:
    return BlocksGoal(Blocks(selection), **asked)


def decide(make: Make, trace: Trace, check: Predicate, **names: Any) -> tuple[bool, str]:
    outcome, _ = evaluate(make.scenario(trace, check, **names), trace)
    return outcome.met, outcome.detail


@pytest.fixture(scope="module")
def lived(make: Make) -> Trace:
    """Plug a DIMM, online its last block, fail with another one."""
    builder = make.trace_of(make.observation(BOOT, online="0"), dimm1=(32, 34))
    builder.did(PLUG, None, make.observation(ADDED, online="0"))
    builder.did(
        MOVABLE, None, make.observation(ONLINE, knob="online", online="0", has_memory="0-1")
    )
    builder.did(Write("memory32/state", "online_movable"), "EINVAL")
    return builder.trace()


@pytest.fixture(scope="module")
def died(make: Make) -> Trace:
    builder = make.trace_of(make.observation(BOOT), dimm1=(32, 34))
    builder.did(PLUG, None, make.observation(ADDED)).did(Unplug("dimm1"), "BUG")
    return builder.trace()


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (
            blocks("dimm1", state="online"),
            (False, "memory32 offline [Normal], memory33 offline [Normal Movable]"),
        ),
        (blocks("34", state="online", zone="Movable"), (True, "memory34 online [Movable Normal]")),
        (blocks("34", zone="Normal"), (False, "memory34 online [Movable Normal]")),
        (blocks("32-34", zone="Normal", after=1), (True, "memory32-33 offline [Normal], memory34 "
         "offline [Normal Movable]")),
        (blocks("32", valid_zones="Normal"), (True, "memory32 offline [Normal]")),
        (blocks("33", valid_zones="Normal"), (False, "memory33 offline [Normal Movable]")),
        (blocks("34,33-34", node=0), (True, "memory33 offline [Normal Movable] on node 0, memory34 "
         "online [Movable Normal] on node 0")),
        (blocks("34", node=1), (False, "memory34 online [Movable Normal] on node 0")),
        (blocks("30-32", state="offline"), (False, "memory30-31 not there")),
        (blocks("dimm1", present=False), (False, "memory32 offline [Normal], memory33 offline "
         "[Normal Movable], memory34 online [Movable Normal]")),
        (blocks("40-41", present=False), (True, "memory40-41 not there")),
        (blocks("dimm2", state="online"), (False, "dimm2 never appeared")),
        (blocks("dimm2", present=False), (True, "dimm2 never appeared")),
        (blocks("added", after=1), (True, "memory32-33 offline [Normal], memory34 offline "
         "[Normal Movable]")),
        (StepGoal(1, "ok"), (True, "step 1: ok")),
        (StepGoal(3, "EINVAL"), (True, "step 3: EINVAL")),
        (StepGoal(3, "EBUSY"), (False, "step 3: EINVAL")),
        (StepGoal(3, "fails"), (True, "step 3: EINVAL")),
        (StepGoal(3, "ok"), (False, "step 3: EINVAL")),
        (StepGoal(1, "fails"), (False, "step 1: ok")),
        (AllStepsGoal("ok"), (False, "step 3: EINVAL")),
        (KnobGoal("exists"), (True, "auto_online_blocks reads online")),
        (KnobGoal("online"), (True, "auto_online_blocks reads online")),
        (KnobGoal("online", after=1), (False, "auto_online_blocks reads offline")),
        (KnobGoal("absent"), (False, "auto_online_blocks reads online")),
        (NodesGoal("has_memory", "0-1"), (True, "has_memory reads '0-1'")),
        (NodesGoal("online", "1"), (False, "online reads '0'")),
        (NodesGoal("has_normal_memory", "0"), (False, "there is no has_normal_memory")),
    ],
    ids=str,
)  # fmt: skip
def test_what_decides_a_goal(
    make: Make, lived: Trace, check: Predicate, expected: tuple[bool, str]
) -> None:
    assert decide(make, lived, check) == expected


def test_absent_knob(make: Make) -> None:
    trace = make.trace_of(make.observation(BOOT, knob=None)).trace()
    assert decide(make, trace, KnobGoal("absent")) == (True, "there is no auto_online_blocks")
    assert decide(make, trace, KnobGoal("exists")) == (False, "there is no auto_online_blocks")
    assert decide(make, trace, KnobGoal("online"))[0] is False


def test_nothing_added_fails_unless_nothing_was_wanted(make: Make) -> None:
    trace = make.trace_of(make.observation(BOOT)).trace()
    assert decide(make, trace, blocks("added", state="online")) == (False, "no block was added")
    assert decide(make, trace, blocks("added", present=False)) == (True, "no block was added")


def test_added_counts_devices_there_at_boot_but_not_what_left(make: Make) -> None:
    builder = make.trace_of(
        make.observation({**BOOT, 32: "offline Normal"}), dimm1=(32, 32), dimm2=(40, 40)
    )
    builder.did(PLUG, None, make.observation({**BOOT, 32: "offline Normal", 40: "offline Normal"}))
    builder.did(Unplug("dimm2"), None, make.observation({**BOOT, 32: "offline Normal"}))
    check = blocks("added", state="online")
    assert decide(make, builder.trace(), check) == (False, "memory32 offline [Normal]")


def test_steps_by_name(make: Make, lived: Trace) -> None:
    names = {1: "add", 3: "refused"}
    assert decide(make, lived, StepGoal("refused", "EINVAL"), names=names)[0]
    check = blocks("dimm1", state="offline", after="add")
    assert decide(make, lived, check, names=names)[0]


def test_composite_step_names_the_act_that_failed(make: Make) -> None:
    builder = make.trace_of(make.observation(ADDED))
    writes = [Write(f"memory{number}/state", "online_movable") for number in (32, 33, 34)]
    results = ("EINVAL", "EBUSY", None)
    acts = [builder.act(write, result) for write, result in zip(writes, results, strict=True)]
    builder.several(Online(Blocks("dimm1"), "online_movable"), *acts)
    detail = "step 1: echo online_movable > memory32/state: EINVAL (2 of 3 failed)"
    assert decide(make, builder.trace(), AllStepsGoal("ok")) == (False, detail)
    assert decide(make, builder.trace(), StepGoal(1, "EINVAL")) == (True, detail)


def test_goals_about_the_end_of_a_dead_kernel_fail(make: Make, died: Trace) -> None:
    death = (False, "the kernel died (BUG) in step 2: unplug dimm1")
    for check in (
        blocks("dimm1", present=False),
        blocks("dimm1", present=False, after=2),
        AllStepsGoal("ok"),
        KnobGoal("exists"),
        StepGoal(2, "ok"),
        StepGoal(2, "fails"),
    ):
        assert decide(make, died, check) == death
    assert evaluate(make.scenario(died), died)[-1].detail == death[1]


def test_goals_before_the_death_are_decided(make: Make, died: Trace) -> None:
    assert decide(make, died, StepGoal(1, "ok")) == (True, "step 1: ok")
    assert decide(make, died, blocks("dimm1", state="offline", after=1))[0]


def test_death_can_be_expected(make: Make, died: Trace) -> None:
    assert decide(make, died, StepGoal(2, "BUG"))[0]


def test_steps_that_never_began(make: Make, lived: Trace, died: Trace) -> None:
    scenario = make.scenario(lived, StepGoal(3, "fails"))
    cut = Trace("cut", lived.boot, (), "panic")
    assert [outcome.detail for outcome in evaluate(scenario, cut)] == [
        "the kernel died (panic) while booting",
        "the kernel died (panic) while booting",
    ]


@pytest.mark.parametrize("fault", ["short", "long", "other", "end"])
def test_a_trace_of_something_else_is_refused(make: Make, lived: Trace, fault: str) -> None:
    scenario = make.scenario(lived)
    steps, end = {
        "short": (lived.steps[:-1], "ran"),
        "long": ((*lived.steps, lived.steps[0]), "ran"),
        "other": (lived.steps[::-1], "ran"),
        "end": (lived.steps[:2], "hang"),
    }[fault]
    with pytest.raises(ValueError, match="trace"):
        evaluate(scenario, Trace("broken", lived.boot, steps, end))  # type: ignore[arg-type]


def test_a_million_blocks_take_no_time(make: Make) -> None:
    view = BlockView("online", "Movable", "1", "1", 0)
    boot = Observation((BlockRange(32, 1_000_031, view),))
    trace = Trace("big", boot, devices={"dimm1": (32, 1_000_031)})
    assert decide(make, trace, blocks("dimm1", state="online")) == (
        True,
        "memory32-1000031 online [Movable]",
    )


def test_a_goal_without_its_premise_is_met_for_nothing(make: Make) -> None:
    """What was never onlined leaves well, and that fixes nothing; a death is never excused."""
    online = BlocksGoal(Blocks("32"), state="online", after=1)
    gone = BlocksGoal(Blocks("32"), present=False)
    plug, unplug = Plug("dimm1", parse_size("128M")), Unplug("dimm1")

    def outcomes(state: str, end: str | None, left: dict[int, str]) -> list[tuple[bool, bool]]:
        trace = make.trace_of(make.observation({})).did(
            plug, None, make.observation({32: f"{state} Normal"})
        )
        trace.did(unplug, end, make.observation(left))
        scenario = make.scenario(trace, gone)
        first, *others = scenario.goals
        goals = (replace(first, given=online), *others)
        done = make.ran(replace(scenario, goals=goals), trace.trace())
        return [(item.met, item.moot) for item in done.goals]

    assert outcomes("online", None, {}) == [(True, False), (True, False)]
    assert outcomes("offline", None, {}) == [(True, True), (True, True)]
    assert outcomes("offline", "BUG", {}) == [(False, False), (False, False)]
    assert outcomes("online", "EBUSY", {32: "online Normal"}) == [(False, False), (True, False)]
