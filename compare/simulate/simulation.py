"""Simulate a scenario in which time passes: a seed gives one trace."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from zonediff.compare.simulate import actors
from zonediff.compare.simulate.chance import Chance
from zonediff.compare.simulate.world import Over, World
from zonediff.corpus.scenario import Scenario
from zonediff.engine.policy import Policy
from zonediff.engine.run import Runner, run
from zonediff.engine.steps import Elapse
from zonediff.engine.trace import Act, Trace


def simulate(scenario: Scenario, policy: Policy, seed: int = 0) -> Trace:
    """Run a scenario with a policy; the same seed gives the same trace.

    Everything that the actors of an `elapse` step do is an act of that step, in order of time.
    """
    return simulate_with(scenario, policy, Chance(seed))


def simulate_with(
    scenario: Scenario, policy: Policy, chance: Chance, *, brief: bool = False
) -> Trace:
    """Simulate with given random choices; chance.used then shows whether anything was random.

    brief: make a trace that is sufficient to decide goals, in a third of the time.
    """

    def pass_time(step: Elapse, runner: Runner) -> Iterable[Act]:
        world = World(runner, chance)
        with suppress(Over):
            actors.start(world, step)
            world.run(step.time)
        return world.acts

    steps = [step.do for step in scenario.steps]
    return run(policy, scenario.machine, steps, pass_time, brief=brief)
