"""Comparisons as result data: each witness is replayed, described and given its reasons."""

from __future__ import annotations

from collections.abc import Callable

from zonediff.engine import words
from zonediff.engine.machine import Machine
from zonediff.engine.policy import Policy
from zonediff.engine.run import run
from zonediff.engine.steps import Step
from zonediff.engine.trace import Reason, Trace
from zonediff.explore.arena import Arena
from zonediff.explore.compare import Comparison
from zonediff.explore.kinds import RESULT, Witness
from zonediff.explore.system import System
from zonediff.explore.views import Level
from zonediff.result.explorations import DifferenceWitness, Exploration, WitnessStep
from zonediff.variants.failure import VariantFailed

Run = Callable[[Policy, Machine, tuple[Step, ...]], Trace]
"""Runs steps on a machine with a policy's kernel."""


def exploration(
    arena: Arena,
    level: Level,
    policies: tuple[Policy, Policy],
    systems: tuple[System, System],
    comparison: Comparison,
    run: Run = run,
) -> Exploration:
    """Return a comparison as result data; both policies replay each witness, by `run`."""
    left, right = systems
    return Exploration(
        arena=arena.name,
        about=arena.about,
        level=level,
        baseline=left.name,
        candidate=right.name,
        verdict=comparison.verdict,
        refines=comparison.refines,
        refined=comparison.refined,
        states=(left.states, right.states),
        transitions=(left.transitions, right.transitions),
        pairs=comparison.pairs,
        depth=comparison.depth,
        explored=(left.explored, right.explored) if arena.symmetry else (),
        witnesses=[replay(witness, arena, policies, run) for witness in comparison.witnesses],
    )


def failed_exploration(
    arena: Arena, level: Level, left: str, right: str, error: Exception
) -> Exploration:
    """Return the result data of a pair of which one variant raised an exception."""
    expected = isinstance(error, VariantFailed)
    return Exploration(
        arena=arena.name,
        about=arena.about,
        level=level,
        baseline=left,
        candidate=right,
        verdict="error",
        refines=False,
        refined=False,
        states=(),
        transitions=(),
        pairs=0,
        error=str(error) if expected else f"{type(error).__name__}: {error}",
    )


def steps_of(witness: Witness, arena: Arena) -> tuple[Step, ...]:
    """Return the steps of a witness."""
    actions = arena.actions
    return tuple(actions[number] for number in witness.actions)


def replay(
    witness: Witness, arena: Arena, policies: tuple[Policy, Policy], run: Run = run
) -> DifferenceWitness:
    """Run a witness on both variants, with the engine itself."""
    steps = steps_of(witness, arena)
    left, right = (run(policy, arena.machine, steps) for policy in policies)
    results = [_result(trace, number) for number in range(len(steps)) for trace in (left, right)]
    return DifferenceWitness(
        says=describe(witness, arena, policies[0].name, policies[1].name),
        what=witness.kind.what,
        steps=[
            WitnessStep(str(step), *results[2 * number : 2 * number + 2])
            for number, step in enumerate(steps)
        ],
        transitions=witness.count,
        baseline_reasons=_reasons(left, right, witness.kind.what),
        candidate_reasons=_reasons(right, left, witness.kind.what),
    )


def describe(witness: Witness, arena: Arena, left: str, right: str) -> str:
    """Describe the difference that a witness shows, in one line."""
    kind = witness.kind
    if kind.what == RESULT:
        step = steps_of(witness, arena)[-1]
        left_result, right_result = words.result(kind.left), words.result(kind.right)
        return f"{step}: {left_result} on {left}, {right_result} on {right}"
    file = witness.part if kind.what in (witness.part, "kernel") else f"{witness.part}/{kind.what}"
    if kind.what == "kernel":
        return f"after boot: {kind.left} on {left}, {kind.right} on {right}"
    if not (kind.left or kind.right):
        return f"{file} shows other numbers"
    return f"{file} reads {kind.left!r} on {left}, {kind.right!r} on {right}"


def _result(trace: Trace, number: int) -> str | None:
    """Return the result of a step; for a step after the kernel's death, the way it died."""
    return trace.steps[number].result if number < len(trace.steps) else trace.end


def _reasons(trace: Trace, other: Trace, file: str) -> list[Reason]:
    """Return the reasons of the last step; without steps, those of the boot that only it has.

    file: what reads otherwise; the rule of that file follows if the other trace has another.
    """
    if trace.steps:
        reasons = [reason for act in trace.steps[-1].acts for reason in act.reasons]
    else:
        reasons = [reason for reason in trace.boot_reasons if reason not in other.boot_reasons]
    rules = (reason for reason in trace.file_reasons if reason not in other.file_reasons)
    return [*reasons, *(reason for reason in rules if reason.numbers.get("file") == file)]
