"""Run a scenario with many seeds, and count how often each goal is met."""

from __future__ import annotations

from zonediff.compare.goals import evaluate
from zonediff.compare.simulate.chance import Chance
from zonediff.compare.simulate.simulation import simulate_with
from zonediff.corpus.scenario import Scenario
from zonediff.engine.policy import Policy
from zonediff.result.counts import GoalCount


def sample(scenario: Scenario, policy: Policy, seed: int = 0, seeds: int = 1000) -> list[GoalCount]:
    """For each goal, the number of runs that met it, with `seeds` seeds from `seed` on.

    If nothing depends on chance, one run stands for all.
    """
    times_met = [0] * len(scenario.goals)
    unmet: list[tuple[int, str] | None] = [None] * len(scenario.goals)
    for current in range(seed, seed + seeds):
        chance = Chance(current)
        outcomes = evaluate(scenario, simulate_with(scenario, policy, chance, brief=True))
        times = 1 if chance.used else seed + seeds - current
        for index, outcome in enumerate(outcomes):
            if outcome.met:
                times_met[index] += times
            elif unmet[index] is None:
                unmet[index] = current, outcome.detail
        if not chance.used:
            break
    return [
        GoalCount(goal.want, times_met[index], seeds, *(unmet[index] or (None, "")))
        for index, goal in enumerate(scenario.goals)
    ]
