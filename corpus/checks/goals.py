"""Mistakes in goals: words that a predicate cannot use, and names that the scenario lacks."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from typing import Final

from zonediff.corpus.checks import time
from zonediff.corpus.checks.values import (
    MISSPELT,
    is_one_line,
    node_mistakes,
    selection_mistakes,
)
from zonediff.corpus.problems import Mistake, closest, unknown
from zonediff.corpus.scenario import (
    BlocksGoal,
    Goal,
    KnobGoal,
    NodesGoal,
    ProcessGoal,
    ScenarioStep,
    StepGoal,
)
from zonediff.engine.machine import Machine

_ZONES: Final = ("DMA", "DMA32", "Normal", "Movable", "none")
_STATES: Final = ("online", "offline", "going-offline")
_RESULTS: Final = ("ok", "fails", "REFUSED", "SIGKILL", *sorted(errno.errorcode.values()))
_KNOB: Final = ("exists", "absent", "online", "offline", "online_kernel", "online_movable")


def goal_mistakes(
    goal: Goal,
    machine: Machine | None,
    devices: set[str] | None,
    steps: Sequence[ScenarioStep] | None,
) -> Iterator[Mistake]:
    """Check a goal; None stands for parts of the scenario that are not known."""
    if not is_one_line(goal.want):
        yield Mistake(("want",), "expected one line that says what the user wanted")
    if goal.given is not None:
        premise = Goal("the premise", goal.given)
        slips = goal_mistakes(premise, machine, devices, steps)
        yield from (slip.below("given") for slip in slips)
    match goal.check:
        case BlocksGoal() as blocks:
            yield from _blocks_mistakes(blocks, machine, devices)
        case StepGoal(result=result) if result not in _RESULTS:
            yield Mistake(("result",), unknown("result", result, _RESULTS))
        case KnobGoal(knob=text) if text not in _KNOB and closest(text, _KNOB, MISSPELT):
            yield Mistake(("knob",), unknown("content", text, _KNOB))
    if steps is not None:
        yield from _step_mistakes(goal, steps)
        yield from _process_mistakes(goal, steps)


def _blocks_mistakes(
    goal: BlocksGoal, machine: Machine | None, devices: set[str] | None
) -> Iterator[Mistake]:
    if devices is not None:
        yield from selection_mistakes(goal.blocks, devices)
    properties = (goal.state, goal.zone, goal.valid_zones, goal.node)
    if goal.present and properties == (None,) * 4:
        yield Mistake(
            (), "expected what the blocks have: state, zone, valid_zones or node; or present: false"
        )
    if not goal.present and properties != (None,) * 4:
        yield Mistake(("present",), "blocks that are not there have no state, zone or node")
    if goal.state is not None and goal.state not in _STATES:
        yield Mistake(("state",), unknown("state", goal.state, _STATES))
    if goal.zone is not None and goal.zone not in _ZONES:
        yield Mistake(("zone",), unknown("zone", goal.zone, _ZONES))
    for zone in (goal.valid_zones or "").split():
        if zone not in _ZONES:
            yield Mistake(("valid_zones",), unknown("zone", zone, _ZONES))
    if goal.node is not None and machine is not None:
        yield from node_mistakes(goal.node, machine)


def _process_mistakes(goal: Goal, steps: Sequence[ScenarioStep]) -> Iterator[Mistake]:
    """Check that a step starts the process that the goal names."""
    if isinstance(goal.check, ProcessGoal):
        known = [*time.processes([step.do for step in steps]), time.EVERY]
        if goal.check.process not in known:
            yield Mistake(("process",), unknown("process", goal.check.process, known))


def _step_mistakes(goal: Goal, steps: Sequence[ScenarioStep]) -> Iterator[Mistake]:
    """Check that the scenario has the step that the goal names."""
    named: str | int | None
    match goal.check:
        case StepGoal(step=step):
            key, named = "step", step
        case (
            BlocksGoal(after=after)
            | KnobGoal(after=after)
            | NodesGoal(after=after)
            | ProcessGoal(after=after)
        ):
            key, named = "after", after
        case _:
            return
    names = [step.name for step in steps if step.name is not None]
    if isinstance(named, int) and not 1 <= named <= len(steps):
        yield Mistake((key,), f"no step {named}: the scenario has {len(steps)}, counted from 1")
    elif isinstance(named, str) and named not in names:
        yield Mistake((key,), unknown("step", named, names))
