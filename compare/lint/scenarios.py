"""Find mistakes in scenarios by running them on every variant.

The members of a family are checked together: one member is enough to show a difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from zonediff.corpus.loader import locate
from zonediff.corpus.problems import Mistake, Problem
from zonediff.corpus.scenario import Scenario
from zonediff.engine import words
from zonediff.engine.trace import StepTrace, Trace
from zonediff.result.judgements import Run
from zonediff.result.partings import Parting, partings

Runs = Mapping[tuple[str, str], Run]
"""Runs by scenario and variant."""


def lint_scenarios(scenarios: Sequence[Scenario], runs: Runs) -> list[Problem]:
    """The mistakes of scenarios, by file and line.

    scenarios: sorted by id, as the loader returns them. runs: of each scenario on every variant;
    failed runs are ignored. A variant that does not model the scenario might fail a goal; so goals
    that all others meet are then not reported.
    """
    problems = []
    for _, group in groupby(scenarios, key=lambda scenario: scenario.path):
        family = [*group]
        ids = {member.id for member in family}
        traced = [
            [run for (id, _), run in runs.items() if id == member.id and run.trace is not None]
            for member in family
        ]
        gap = any(run.status == "not-modelled" for (id, _), run in runs.items() if id in ids)
        problems += locate(family[0], _lint(family[0], traced, gap=gap))
    return sorted(problems)


def unjudged(scenarios: Sequence[Scenario], runs: Runs) -> list[str]:
    """A sentence for each cause for which variants have no rules, with the scenarios."""
    causes: dict[tuple[str, str], list[str]] = {}
    for scenario in scenarios:
        for (id, variant), run in runs.items():
            if id == scenario.id and run.status == "not-modelled":
                causes.setdefault((id, run.error or ""), []).append(variant)
    scenarios_of: dict[tuple[str, str], list[str]] = {}
    for (id, why), variants in causes.items():
        scenarios_of.setdefault((why, ", ".join(variants)), []).append(id)
    return [
        f"{words.shorten(ids)} could not be judged on {named}, because {why}"
        for (why, named), ids in scenarios_of.items()
    ]


def _lint(scenario: Scenario, family: Sequence[Sequence[Run]], *, gap: bool) -> Iterator[Mistake]:
    """The mistakes of a family. scenario: any of its members. family: the runs of each member.

    gap: some variant does not model the scenario.
    """
    runs = [run for member in family for run in member]
    if not runs:
        return
    for index in range(len(scenario.steps)):
        steps = [step for run in runs if (step := _step(run.trace, index)) is not None]
        if not steps:
            yield Mistake(("steps", index), "is never reached: every variant dies before it")
        elif not any(step.acts for step in steps):
            yield Mistake(
                ("steps", index), "does nothing on any variant: it has no block or event to work on"
            )
    if gap:
        return
    for index, goal in enumerate(scenario.goals):
        if not goal.control and all(run.goals[index].met for run in runs):
            yield Mistake(
                ("goals", index),
                f"no variant ever fails {goal.want!r}: ask for more, or add `control: true` if "
                "every kernel should meet it",
            )
    if not all(goal.control for goal in scenario.goals) and not any(
        _apart(runs) for runs in family if runs
    ):
        yield Mistake(
            (),
            "has the same outcome on all variants: change the steps, or add `control: true` to "
            "every goal",
        )


def _step(trace: Trace | None, index: int) -> StepTrace | None:
    return trace.steps[index] if trace is not None and index < len(trace.steps) else None


def _apart(runs: Sequence[Run]) -> bool:
    """Whether any two of these runs differ in a goal or a step.

    Differences at boot do not count: kernels of different years always differ there. Comparing
    with the first run is enough, as being alike is transitive.
    """
    first, *later_runs = runs
    return any(
        [goal.met for goal in first.goals] != [goal.met for goal in run.goals]
        or any(parting.step >= 0 for parting in _partings(first, run))
        for run in later_runs
    )


def _partings(left: Run, right: Run) -> Iterator[Parting]:
    if left.trace is not None and right.trace is not None:
        yield from partings(left.trace, right.trace)
