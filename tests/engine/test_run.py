"""Running steps and writing down what happened."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import BootLab
from zonediff.engine.machine import Machine
from zonediff.engine.observation import Change
from zonediff.engine.rules import Because, Rule
from zonediff.engine.run import joined_events, joined_reasons, run
from zonediff.engine.steps import (
    Blocks,
    Boot,
    Daemon,
    Online,
    Plug,
    Read,
    Udev,
    Unplug,
    Write,
)
from zonediff.engine.trace import StepTrace
from zonediff.engine.units import parse_size
from zonediff.engine.userspace import acts
from zonediff.variants.upstream import Upstream

RULE = Rule("f", "f", "block {block} of {zone}", "f.c")
OTHER = Rule("g", "g", "nothing", "g.c")
PLUG = Plug("dimm0", parse_size("384M"))


def why(block: int | None, zone: str = "Normal", rule: Rule = RULE) -> Because:
    return rule.because(zone=zone) if block is None else rule.because(block=block, zone=zone)


@pytest.mark.parametrize(
    ("given", "joined"),
    [
        ([], []),
        ([why(32)], ["block 32 of Normal"]),
        ([why(32), why(33), why(34)], ["block 32-34 of Normal"]),
        ([why(32), why(34)], ["block 32 of Normal", "block 34 of Normal"]),
        ([why(33), why(32)], ["block 33 of Normal", "block 32 of Normal"]),
        ([why(32), why(32)], ["block 32 of Normal", "block 32 of Normal"]),
        ([why(32), why(33, "Movable")], ["block 32 of Normal", "block 33 of Movable"]),
        (
            [why(32), why(None, rule=OTHER), why(33)],
            ["block 32 of Normal", "nothing", "block 33 of Normal"],
        ),
        ([why(32), why(33, rule=OTHER)], ["block 32 of Normal", "nothing"]),
        ([why(None, rule=OTHER), why(None, rule=OTHER)], ["nothing", "nothing"]),
    ],
)
def test_a_reason_that_holds_for_consecutive_blocks_is_told_once(
    given: list[Because], joined: list[str]
) -> None:
    assert [reason.text for reason in joined_reasons(given)] == joined


def test_a_reason_carries_its_rule_and_numbers() -> None:
    [reason] = joined_reasons([why(32), why(33)])
    assert (reason.rule, reason.function) == ("f", "f")
    assert reason.numbers == {"block": "32-33", "zone": "Normal"}
    assert str(reason) == "f: block 32-33 of Normal"
    [reason] = joined_reasons([why(32)])
    assert reason.numbers == {"block": 32, "zone": "Normal"}


@pytest.mark.parametrize(
    ("given", "joined"),
    [
        ([], ()),
        ([("add", 32)], ("add memory32",)),
        ([("add", 32), ("add", 33), ("add", 35)], ("add memory32-33", "add memory35")),
        ([("add", 33), ("add", 32)], ("add memory33", "add memory32")),
        ([("add", 32), ("online", 33)], ("add memory32", "online memory33")),
        ([("add", 32), ("add node", 1)], ("add memory32", "add node1")),
        ([("remove node", 1), ("remove node", 3)], ("remove node1", "remove node3")),
    ],
)
def test_events_of_consecutive_blocks_are_told_as_one(
    given: list[tuple[str, int]], joined: tuple[str, ...]
) -> None:
    assert joined_events(given) == joined


def test_a_trace_holds_each_step_with_its_acts() -> None:
    steps = [PLUG, Online(Blocks("dimm0"), "online_movable"), Read("memory34/state")]
    trace = run(Upstream(), Machine(), steps)
    assert trace.subject == "upstream"
    assert trace.end == "ran"
    assert [step.do for step in trace.steps] == steps
    assert [step.result for step in trace.steps] == [None, "EINVAL", None]
    assert [(index, number, str(act.do)) for index, number, act in trace.acts()] == [
        (0, 0, "plug dimm0 384M node 0"),
        (1, 0, "echo online_movable > memory32/state"),
        (1, 1, "echo online_movable > memory33/state"),
        (1, 2, "echo online_movable > memory34/state"),
        (2, 0, "cat memory34/state"),
    ]
    assert trace.steps[2].acts[0].output == "online"
    assert trace.devices == {"dimm0": (32, 34)}
    assert trace.steps[0].acts[0].uevents == ("add memory32-34",)
    assert [str(item) for item in trace.steps[1].acts[2].changed.blocks] == [
        "memory33 offline [Normal Movable]",
        "memory34 online [Movable Normal]",
    ]
    assert trace.steps[1].acts[0].changed == Change()


def test_observations_follow_from_the_changes() -> None:
    trace = run(Upstream(), Machine(), [PLUG, Write("memory34/state", "online"), Unplug("dimm0")])
    boot, plugged, onlined, gone = trace.observations()
    assert boot == gone == trace.last()
    view = onlined.block(34)
    assert view is not None
    assert (view.state, view.online) == ("online", "1")
    assert plugged.zones["0/Normal"].present == 0
    assert onlined.zones["0/Normal"].present == 32768
    assert "0/Normal" not in gone.zones


def test_nothing_runs_after_the_kernels_death() -> None:
    steps = [Write("auto_online_blocks", "online"), PLUG, Unplug("dimm0"), PLUG]
    trace = run(Upstream(), Machine(), steps)
    assert trace.end == "BUG"
    assert len(trace.steps) == 3
    assert trace.steps[2].result == "BUG"
    assert trace.steps[2].acts[0].reasons[0].rule == "check_memblock_offlined_cb"
    assert trace.steps[2].acts[0].changed == Change()


def test_a_composite_step_ends_with_the_kernel() -> None:
    hang = Machine(cmdline="memhp_default_state=online")
    trace = run(Upstream(), hang, [PLUG, Boot(), Udev()])
    assert trace.end == "hang"
    assert [step.do for step in trace.steps] == [PLUG, Boot()]


def test_a_kernel_that_dies_at_boot_has_a_reason_and_no_steps() -> None:
    from zonediff.engine.machine import Dimm

    dimms = (Dimm("dimm0", parse_size("128M")),)
    trace = run(Upstream(), Machine(dimms=dimms, cmdline="memhp_default_state=online"), [PLUG])
    assert (trace.end, trace.steps) == ("hang", ())
    assert [reason.rule for reason in trace.boot_reasons] == [
        "setup_memhp_default_state",
        "add_memory_resource.at-boot",
    ]


def test_a_step_without_acts_succeeded() -> None:
    assert StepTrace(Udev()).result is None


def test_only_the_right_kind_of_step_is_carried_out(boot: BootLab) -> None:
    lab = boot()
    with pytest.raises(TypeError, match="udev is no primitive step"):
        lab.guest.do(Udev())
    with pytest.raises(TypeError, match="plug is no composite step"):
        list(acts(PLUG, lab.runner))


def test_a_copy_goes_its_own_way(boot: BootLab) -> None:
    lab = boot()
    lab.do(PLUG)
    guest = lab.guest
    before = guest.key()
    twin = guest.copy()
    assert twin.key() == before
    twin.do(Write("memory34/state", "online_movable"))
    twin.do(Write("auto_online_blocks", "online"))
    twin.do(Plug("dimm1", parse_size("128M")))
    twin.do(Unplug("dimm0"))
    assert guest.key() == before
    assert twin.key() != before
    assert hash(before) == hash(guest.copy().key())
    assert guest.blocks("dimm1") == []


@pytest.mark.parametrize(
    "step",
    [
        Write("memory34/state", "online"),
        Write("memory34/state", "online_movable"),
        Write("auto_online_blocks", "online"),
        Plug("dimm1", parse_size("128M")),
        Unplug("dimm0"),
        Write("memory1/state", "online_movable"),  # only the pending type
    ],
)
def test_states_that_differ_have_different_keys(boot: BootLab, step: Any) -> None:
    lab = boot()
    lab.do(PLUG)
    before = lab.guest.key()
    lab.guest.do(step)
    assert lab.guest.key() != before


def test_going_back_gives_the_same_key(boot: BootLab) -> None:
    lab = boot()
    lab.do(PLUG)
    lab.do(Daemon("online_movable"))
    before = lab.guest.key()
    assert lab.write(33, "offline") is None
    assert lab.write(33, "online") is None
    assert lab.guest.key() == before
