from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.conftest import BootLab
from zonediff.compare.goals import evaluate
from zonediff.compare.simulate.chance import Chance
from zonediff.compare.simulate.sample import sample
from zonediff.compare.simulate.simulation import simulate, simulate_with
from zonediff.corpus.loader import load
from zonediff.corpus.scenario import SURVIVES, BlocksGoal, Goal, ProcessGoal, Scenario
from zonediff.engine.actors import Additions, Delay, UdevRule, Workload
from zonediff.engine.kernel import NotModelled
from zonediff.engine.run import run
from zonediff.engine.steps import Allocate, Blocks, Boot, Elapse, Fill, Plug, Step
from zonediff.engine.units import parse_duration, parse_size
from zonediff.result.counts import GoalCount
from zonediff.variants.registry import Registry

UPSTREAM = Registry().model("upstream").policy
LUCK = "lognormal 150ms 2s"


def elapse(time: str = "1min", **actors: Any) -> Elapse:
    return Elapse(parse_duration(time), **actors)


def burst(latency: str = LUCK) -> Elapse:
    """A burst of DIMMs that kills a machine of 96M unless udev is quick at the start."""
    dimms = Additions("dimm", parse_size("128M"), 48)
    return elapse(acpi=dimms, udev=UdevRule(latency=Delay(latency)))


def with_goals(case: Scenario, *checks: Any) -> Scenario:
    goals = [Goal(f"goal {number}", check) for number, check in enumerate(checks, 1)]
    return dataclasses.replace(case, goals=(*goals, SURVIVES))


def met(case: Scenario, seed: int = 0) -> list[bool]:
    return [goal.met for goal in evaluate(case, simulate(case, UPSTREAM, seed))]


# --- one run --------------------------------------------------------------------------------------


def test_a_seed_gives_one_trace(case: Any) -> None:
    scenario = case("96M", burst())
    first, second, other = (simulate(scenario, UPSTREAM, seed) for seed in (5, 5, 6))
    assert first == second
    assert first != other


def test_variants_meet_the_same_luck(case: Any) -> None:
    scenario = case("1G", burst())
    traces = [
        simulate(scenario, Registry().model(name).policy, 1) for name in ("upstream", "v4.13")
    ]
    times = [[(act.at, act.do) for _, _, act in trace.acts()] for trace in traces]
    assert times[0] == times[1]


def test_what_happens_is_one_step_with_its_acts_in_time(case: Any) -> None:
    trace = simulate(case("1G", Plug("dimm0", parse_size("128M")), burst("10ms")), UPSTREAM)
    assert [step.do.verb for step in trace.steps] == ["plug", "elapse"]
    times = [act.at for act in trace.steps[1].acts]
    assert times == sorted(time for time in times if time is not None)
    assert {act.by for act in trace.steps[1].acts} == {"acpi", "udev"}
    assert trace.steps[0].acts[0].at is None


def test_each_step_has_a_clock_of_its_own(case: Any) -> None:
    first = elapse(acpi=Additions("a", parse_size("128M")))
    second = elapse(acpi=Additions("b", parse_size("128M")), udev=UdevRule())
    trace = simulate(case("1G", first, second), UPSTREAM)
    acts = [(str(act.do), act.at) for act in trace.steps[1].acts]
    assert acts == [
        ("udev allocates 1M", 0),
        ("plug b1 128M node 0", 0),
        ("echo online > memory32/state", 10_000),
        ("echo online > memory33/state", 21_000),
    ]


def test_a_process_that_is_there_is_not_started_again(case: Any) -> None:
    step = elapse("1s", udev=UdevRule())
    trace = simulate(case("1G", step, step), UPSTREAM)
    assert [len(step.acts) for step in trace.steps] == [1, 0]


def test_after_the_kernels_death_nothing_happens(case: Any) -> None:
    trace = simulate(case("96M", burst("1s"), Plug("more", parse_size("128M"))), UPSTREAM)
    assert (trace.end, len(trace.steps)) == ("panic", 1)
    assert trace.steps[0].acts[-1].result == "panic"
    assert sum(act.result == "panic" for _, _, act in trace.acts()) == 1


@pytest.mark.parametrize(
    "steps",
    [
        (Plug("dimm1", parse_size("1G")), Boot()),
        (Plug("dimm1", parse_size("1G")), Fill(Blocks("32"), "kernel-objects")),
        (Plug("dimm1", parse_size("16G")),),
    ],
)
def test_without_time_the_simulation_is_the_engine(case: Any, steps: tuple[Step, ...]) -> None:
    scenario = case("256M", *steps)
    assert simulate(scenario, UPSTREAM) == run(UPSTREAM, scenario.machine, steps)


def test_the_engine_alone_knows_no_time(case: Any) -> None:
    with pytest.raises(NotModelled, match="time passes only in a simulation"):
        run(UPSTREAM, case("1G").machine, [burst()])


def test_a_brief_trace_decides_goals_alike() -> None:
    for scenario in load(["pressure", "userspace/udev-conditional"]):
        for name in ("upstream", "igor-movable", "michal-split/3"):
            policy = Registry().model(name).policy
            brief = simulate_with(scenario, policy, Chance(2), brief=True)
            assert evaluate(scenario, brief) == evaluate(scenario, simulate(scenario, policy, 2))


# --- processes ------------------------------------------------------------------------------------


def test_goals_about_processes(case: Any) -> None:
    dimm = Plug("dimm1", parse_size("8G"))
    steps = (Allocate("a", parse_size("60M")), Allocate("b", parse_size("1M")), dimm)
    scenario = with_goals(
        case("256M", *steps),
        ProcessGoal("a"),
        ProcessGoal("a", "killed"),
        ProcessGoal("a", "alive", after=2),
        ProcessGoal("b"),
        ProcessGoal("every"),
        ProcessGoal("every", "killed"),
        ProcessGoal("every", "alive", after=2),
    )
    outcomes = evaluate(scenario, simulate(scenario, UPSTREAM))
    assert [goal.met for goal in outcomes] == [False, True, True, True, False, True, True, True]
    assert outcomes[0].detail == "a was killed in step 3: plug dimm1 8G node 0"
    assert outcomes[2].detail == "a was not killed"
    assert outcomes[6].detail == "no process was killed"


def test_a_process_that_is_started_again_is_alive(case: Any) -> None:
    steps = (
        Allocate("a", parse_size("60M")),
        Plug("dimm1", parse_size("8G")),
        Allocate("a", parse_size("1M")),
    )
    assert met(with_goals(case("256M", *steps), ProcessGoal("a"))) == [True, True]


def test_with_the_kernel_no_process_lives(case: Any) -> None:
    scenario = with_goals(case("96M", burst("1s")), ProcessGoal("udev"), ProcessGoal("every"))
    outcomes = evaluate(scenario, simulate(scenario, UPSTREAM))
    assert not any(goal.met for goal in outcomes)
    assert (
        outcomes[0].detail
        == "the kernel died (panic) in step 1 after 0.4 s: plug dimm41 128M node 0"
    )


def test_a_kill_in_time_says_when(case: Any) -> None:
    load = Workload(parse_size("20M"), parse_size("1G"), every=Delay("250ms"))
    scenario = with_goals(case("128M", elapse(workload=load)), ProcessGoal("workload"))
    [outcome, _] = evaluate(scenario, simulate(scenario, UPSTREAM))
    assert outcome.detail == "workload was killed in step 1 after 0.5 s: workload allocates 20M"


def test_processes_are_copied_with_the_kernel(boot: BootLab) -> None:
    lab = boot("256M")
    lab.do(Allocate("a", parse_size("60M")))
    twin = lab.guest.kernel.copy()
    lab.do(Allocate("a", parse_size("1M")))
    assert twin.processes["a"].rss_kib == 60 * 1024
    assert lab.guest.kernel.processes["a"].rss_kib == 61 * 1024


# --- many runs ------------------------------------------------------------------------------------


def lucky(case: Any) -> Scenario:
    return with_goals(case("96M", burst()), BlocksGoal(Blocks("32-79"), state="online"))


def test_a_sample_counts_what_single_runs_give(case: Any) -> None:
    scenario = lucky(case)
    runs = [met(scenario, seed) for seed in range(10, 50)]
    online, survives = sample(scenario, UPSTREAM, seed=10, seeds=40)
    assert (online.met, online.runs) == (sum(one for one, _ in runs), 40)
    assert survives.met == sum(second for _, second in runs)
    assert 0 < online.met < 40
    first = next(seed for seed, run in enumerate(runs, 10) if not run[0])
    assert online.first_unmet == first
    assert online.detail == evaluate(scenario, simulate(scenario, UPSTREAM, first))[0].detail


def test_the_same_seeds_give_the_same_counts(case: Any) -> None:
    scenario = lucky(case)
    assert sample(scenario, UPSTREAM, 3, 20) == sample(scenario, UPSTREAM, 3, 20)


def test_where_nothing_is_left_to_chance_one_run_tells_all(case: Any) -> None:
    scenario = with_goals(
        case("96M", burst("500ms")), ProcessGoal("udev", "killed"), ProcessGoal("udev")
    )
    killed, alive, survives = sample(scenario, UPSTREAM, seed=4, seeds=10**9)
    death = "the kernel died (panic) in step 1 after 0.4 s: plug dimm41 128M node 0"
    assert killed == GoalCount("goal 1", 0, 10**9, 4, death)
    assert alive == GoalCount("goal 2", 0, 10**9, 4, death)
    assert survives == GoalCount("the kernel survives", 0, 10**9, 4, death)
