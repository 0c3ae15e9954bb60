"""What running a scenario on every variant shows to be wrong with it.

Members of a family are looked at together: what one of them shows, the others need not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from zonediff.corpus.loader import locate
from zonediff.corpus.problems import Mistake, Problem
from zonediff.corpus.scenario import Scenario
from zonediff.engine.trace import StepTrace, Trace
from zonediff.result.judgements import Run
from zonediff.result.partings import Parting, partings

Runs = Mapping[tuple[str, str], Run]
"""Runs by scenario and variant."""


def lint_scenarios(scenarios: Sequence[Scenario], runs: Runs) -> list[Problem]:
    """What is wrong with scenarios, by file and line.

    scenarios: sorted by id, as the loader gives them. runs: of each of them on every variant; those
    that failed are left out. Where a variant does not model the scenario, nobody knows whether it
    would fail a goal, so goals that the others meet are no mistake.
    """
    found = []
    for _, group in groupby(scenarios, key=lambda scenario: scenario.path):
        family = [*group]
        ids = {member.id for member in family}
        traced = [
            [run for (id, _), run in runs.items() if id == member.id and run.trace is not None]
            for member in family
        ]
        gap = any(run.status == "not-modelled" for (id, _), run in runs.items() if id in ids)
        found += locate(family[0], _lint(family[0], traced, gap=gap))
    return sorted(found)


def unjudged(scenarios: Sequence[Scenario], runs: Runs) -> list[str]:
    """A sentence for each scenario and cause for which variants have no rules."""
    causes: dict[tuple[str, str], list[str]] = {}
    for scenario in scenarios:
        for (id, variant), run in runs.items():
            if id == scenario.id and run.status == "not-modelled":
                causes.setdefault((id, run.error or ""), []).append(variant)
    return [
        f"{id} could not be judged on {', '.join(variants)}, because {why}"
        for (id, why), variants in causes.items()
    ]


def _lint(one: Scenario, family: Sequence[Sequence[Run]], *, gap: bool) -> Iterator[Mistake]:
    """Mistakes of a family; one: any of its members. family: the runs of each member.

    gap: some variant does not model the scenario.
    """
    runs = [run for member in family for run in member]
    if not runs:
        return
    for index in range(len(one.steps)):
        steps = [step for run in runs if (step := _step(run.trace, index)) is not None]
        if not steps:
            yield Mistake(("steps", index), "is never reached: every variant dies before it")
        elif not any(step.acts for step in steps):
            yield Mistake(
                ("steps", index), "does nothing on any variant: there is no block or event for it"
            )
    if gap:
        return
    for index, goal in enumerate(one.goals):
        if not goal.control and all(run.goals[index].met for run in runs):
            yield Mistake(
                ("goals", index),
                f"no variant ever fails {goal.want!r}: ask for more, or say `control: true` if "
                "every kernel is expected to meet it",
            )
    if not all(goal.control for goal in one.goals) and not any(
        _apart(runs) for runs in family if runs
    ):
        yield Mistake(
            (),
            "tells no two variants apart: all do the same in every step; let the steps differ, or "
            "say `control: true` of every goal",
        )


def _step(trace: Trace | None, index: int) -> StepTrace | None:
    return trace.steps[index] if trace is not None and index < len(trace.steps) else None


def _apart(runs: Sequence[Run]) -> bool:
    """Whether any two of these runs differ in a goal or a step; being alike is transitive.

    What a boot looks like does not count: kernels of different years differ in it everywhere.
    """
    first, *others = runs
    return any(
        [goal.met for goal in first.goals] != [goal.met for goal in run.goals]
        or any(at.step >= 0 for at in _partings(first, run))
        for run in others
    )


def _partings(one: Run, two: Run) -> Iterator[Parting]:
    if one.trace is not None and two.trace is not None:
        yield from partings(one.trace, two.trace)
