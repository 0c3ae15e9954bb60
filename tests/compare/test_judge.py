from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.compare.conftest import Make
from zonediff.compare.describe import variant_info
from zonediff.compare.judge import judge
from zonediff.compare.runs import Cell, attempt
from zonediff.corpus.scenario import (
    SURVIVES,
    AllStepsGoal,
    BlocksGoal,
    Goal,
    KnobGoal,
    Scenario,
    ScenarioStep,
    StepGoal,
)
from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.policy import Intent, Interface
from zonediff.engine.steps import (
    Blocks,
    Daemon,
    HypervAdd,
    Offline,
    Online,
    Plug,
    Step,
    Udev,
    Unplug,
    Write,
    XenAdd,
)
from zonediff.engine.units import GIB, MIB, Bytes
from zonediff.result.judgements import Judgement, Kind, Run
from zonediff.variants.registry import COMPARED, Registry

WRITE = Write("auto_online_blocks", "online")
KNOB = Interface(files={"auto_online_blocks": ("online", "offline")})


def runs(make: Make, one: str | None, two: str | None, *checks: Any) -> tuple[Any, Run, Run]:
    """The runs of a scenario of a single write, with these results."""
    traces = [
        make.trace_of(make.observation({})).did(WRITE, result).trace() for result in (one, two)
    ]
    scenario = make.scenario(traces[0], *checks)
    return scenario, make.ran(scenario, traces[0], "before"), make.ran(scenario, traces[1], "after")


def judged(make: Make, one: str | None, two: str | None, *checks: Any, **infos: Any) -> Judgement:
    before = infos.get("before", make.info("before"))
    after = infos.get("after", make.info("after"))
    return judge(*runs(make, one, two, *checks), before, after)


@pytest.mark.parametrize(
    ("one", "two", "kinds"),
    [
        (None, None, ["unchanged"]),
        ("EINVAL", "EINVAL", ["unchanged"]),
        (None, "EINVAL", ["regression"]),
        ("EINVAL", None, ["fix"]),
        ("EINVAL", "EBUSY", ["behaviour-change"]),
        (None, "BUG", ["regression"]),
        ("BUG", None, ["fix"]),
        ("BUG", "BUG", ["unchanged"]),
        ("BUG", "panic", ["behaviour-change"]),
        ("EINVAL", "hang", ["regression"]),
    ],
)
def test_kinds(make: Make, one: str | None, two: str | None, kinds: list[Kind]) -> None:
    judgement = judged(make, one, two, AllStepsGoal("ok"))
    assert judgement.kinds == kinds
    assert judgement.kind == kinds[0]
    assert (judgement.difference is None) == (one == two)


def test_several_kinds_worst_first(make: Make) -> None:
    judgement = judged(
        make,
        None,
        "ENOENT",
        AllStepsGoal("ok"),
        StepGoal(1, "fails"),
        before=make.info("before", interface=KNOB),
    )
    assert judgement.kinds == ["regression", "abi-removal", "fix"]
    assert [goal.kind for goal in judgement.goals] == ["regression", "fix", "unchanged"]
    assert [removal.what for removal in judgement.removals] == ["auto_online_blocks"]
    assert judgement.goals[0].baseline_detail == "every step succeeded"
    assert judgement.goals[0].candidate_detail == "step 1: ENOENT"


def test_a_removal_counts_even_where_nothing_else_shows(make: Make) -> None:
    judgement = judged(make, None, None, before=make.info("before", interface=KNOB))
    assert judgement.kinds == ["abi-removal"]
    assert judgement.difference is None


def test_an_absent_knob_is_a_difference_only_of_scenarios_that_use_it(make: Make) -> None:
    plug = Plug("dimm1", Bytes(GIB))
    baseline = make.trace_of(make.observation({})).did(plug).trace()
    candidate = make.trace_of(make.observation({}, knob=None)).did(plug).trace()
    infos = make.info("before", interface=KNOB), make.info("after")
    scenario = make.scenario(baseline)
    ignoring = judge(scenario, make.ran(scenario, baseline), make.ran(scenario, candidate), *infos)
    assert ignoring.kinds == ["unchanged"]
    scenario = make.scenario(baseline, KnobGoal("exists"))
    asking = judge(scenario, make.ran(scenario, baseline), make.ran(scenario, candidate), *infos)
    assert asking.kinds == ["regression", "abi-removal"]


@pytest.mark.parametrize(("broken", "kind"), [(0, "not-judged"), (1, "error")])
def test_an_error_is_charged_to_the_side_that_failed(make: Make, broken: int, kind: str) -> None:
    scenario, *both = runs(make, None, "EINVAL")
    both[broken] = Run(scenario.id, "broken", "error", error="Traceback", hash=scenario.hash)
    before, after = both
    judgement = judge(
        scenario, before, after, make.info("before"), make.info("after", Intent("*", "all"))
    )
    assert judgement.kinds == [kind]
    assert judgement.intended is None


def test_intended_differences_keep_their_kind(make: Make) -> None:
    intent = Intent("made/*", "meant")
    after = make.info("after", intent)
    judgement = judged(make, None, "EINVAL", AllStepsGoal("ok"), after=after)
    assert (judgement.kind, judgement.intended) == ("regression", intent)
    assert judged(make, None, None, after=after).intended is None


@pytest.mark.parametrize("old", [0, 1])
def test_runs_of_another_text_are_refused(make: Make, old: int) -> None:
    scenario, *both = runs(make, None, "EINVAL")
    both[old] = replace(both[old], hash="2" * 64)
    before, after = both
    with pytest.raises(ValueError, match=r"hash 222222222222, not made/up with hash 111111111111"):
        judge(scenario, before, after, make.info("before"), make.info("after"))


def test_runs_of_another_scenario_are_refused(make: Make) -> None:
    scenario, baseline, candidate = runs(make, None, None)
    with pytest.raises(ValueError, match="ran other/one"):
        judge(
            scenario,
            baseline,
            replace(candidate, scenario="other/one"),
            make.info("a"),
            make.info("b"),
        )


# --- properties, on the real engine ---------------------------------------------------------------

DIMM = st.sampled_from(["dimm0", "dimm1", "dimm2"])
VALUE = st.sampled_from(["online", "online_kernel", "online_movable"])
SIZE = st.sampled_from([Bytes(128 * MIB), Bytes(384 * MIB)])
STEPS = st.one_of(
    st.builds(
        lambda block, value: Write(f"memory{block}/state", value),
        st.integers(30, 40),
        VALUE | st.just("offline"),
    ),
    st.builds(Write, st.just("auto_online_blocks"), st.sampled_from(["online", "offline", "1"])),
    st.builds(Plug, DIMM, SIZE),
    st.builds(Unplug, DIMM),
    st.builds(Online, st.just(Blocks("added")), VALUE),
    st.builds(Offline, st.just(Blocks("added"))),
    st.builds(Udev, VALUE),
    st.builds(Daemon, VALUE),
    st.builds(HypervAdd, st.just("hv"), SIZE),
    st.builds(XenAdd, st.just("xen"), SIZE),
)
MACHINES = st.builds(
    Machine,
    dimms=st.sampled_from([(), (Dimm("dimm0", Bytes(384 * MIB)),)]),
    cmdline=st.sampled_from(["", "kernelcore=512M", "memhp_default_state=online"]),
)
GOALS = (
    Goal("all online", BlocksGoal(Blocks("added"), state="online")),
    Goal("all movable", BlocksGoal(Blocks("added"), zone="Movable")),
    Goal("all steps", AllStepsGoal("ok")),
    Goal("the knob", KnobGoal("exists")),
    SURVIVES,
)
REGISTRY = Registry()
OPPOSITE: dict[Kind, Kind] = {"regression": "fix", "fix": "regression"}


def scenario_of(machine: Machine, steps: list[Step]) -> Scenario:
    return Scenario(
        "drawn", "drawn", "", machine, tuple(map(ScenarioStep, steps)), GOALS, hash="1" * 64
    )


def versus(scenario: Scenario, one: str, two: str) -> Judgement:
    before, after = (attempt(Cell(scenario, name), REGISTRY) for name in (one, two))
    assert (before.error, after.error) == (None, None)
    baseline, candidate = (variant_info(REGISTRY.resolve(name)) for name in (one, two))
    return judge(scenario, before, after, baseline, candidate)


@given(MACHINES, st.lists(STEPS, max_size=6), st.sampled_from(COMPARED))
def test_a_variant_never_differs_from_itself(
    machine: Machine, steps: list[Step], name: str
) -> None:
    judgement = versus(scenario_of(machine, steps), name, name)
    assert judgement.kinds == ["unchanged"]
    assert judgement.difference is None


@given(MACHINES, st.lists(STEPS, max_size=6), st.sampled_from(COMPARED), st.sampled_from(COMPARED))
def test_swapping_sides_swaps_regressions_and_fixes(
    machine: Machine, steps: list[Step], one: str, two: str
) -> None:
    scenario = scenario_of(machine, steps)
    there, back = versus(scenario, one, two), versus(scenario, two, one)
    for goal, other in zip(there.goals, back.goals, strict=True):
        assert other.kind == OPPOSITE.get(goal.kind, goal.kind)
        assert (goal.baseline_detail, goal.candidate_detail) == (
            other.candidate_detail,
            other.baseline_detail,
        )
    symmetric = set(there.kinds) - {"abi-removal", "unchanged"}
    assert {OPPOSITE.get(kind, kind) for kind in symmetric} == (
        set(back.kinds) - {"abi-removal", "unchanged"}
    )
    assert (there.difference is None) == (back.difference is None)
    if there.difference is not None and back.difference is not None:
        assert there.difference.what == back.difference.what
        assert there.difference.baseline == back.difference.candidate
        assert there.difference.baseline != there.difference.candidate


@given(MACHINES, st.lists(STEPS, max_size=6), st.sampled_from(COMPARED[1:]))
def test_no_difference_means_the_same_goals(machine: Machine, steps: list[Step], name: str) -> None:
    judgement = versus(scenario_of(machine, steps), "upstream", name)
    if judgement.difference is None:
        changed = {goal.want for goal in judgement.goals if goal.kind != "unchanged"}
        assert changed <= {"the knob"}
