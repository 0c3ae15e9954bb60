"""Writing a witness as a scenario file, for `zonediff run` and the corpus."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

import yaml

from zonediff.corpus.forms import goal_to_json, machine_to_json, step_to_json
from zonediff.corpus.scenario import (
    AllStepsGoal,
    BlocksGoal,
    Goal,
    KnobGoal,
    NodesGoal,
    Predicate,
    ScenarioStep,
    StepGoal,
)
from zonediff.engine.machine import Machine
from zonediff.engine.observation import Observation
from zonediff.engine.policy import Policy
from zonediff.engine.run import run
from zonediff.engine.steps import Blocks, Step
from zonediff.engine.trace import Trace
from zonediff.explore.arena import Arena
from zonediff.explore.explain import describe, steps_of
from zonediff.explore.kinds import RESULT, Witness


def file_name(number: int, left: str, right: str, arena: Arena) -> str:
    """Return the file name of a witness: `one-dimm-upstream-igor-movable-01.yaml`."""
    name = re.sub(r"[^A-Za-z0-9.]+", "-", f"{arena.name}-{left}-{right}")
    return f"{name}-{number:02}.yaml"


def scenario_text(witness: Witness, arena: Arena, baseline: Policy, candidate: Policy) -> str:
    """Return the scenario of a witness; its goal is the baseline's result."""
    steps = steps_of(witness, arena)
    trace = run(baseline, arena.machine, steps)
    title = describe(witness, arena, baseline.name, candidate.name)
    want, predicate = _goal(witness, trace)
    as_there = f", as on {baseline.name}" if trace.end == "ran" else ""
    goal = Goal(want + as_there, predicate)
    return text_of(title, (baseline.name, candidate.name), arena, steps, goal)


def text_of(
    title: str, names: tuple[str, str], arena: Arena, steps: Sequence[Step], goal: Goal
) -> str:
    """Return the text of a scenario in which two subjects differ. names: those of the two."""
    body: dict[str, Any] = {
        "title": title,
        "why": (
            f"A shortest sequence in which {names[0]} and {names[1]} differ in this "
            f"way, found by exploring all sequences in {arena.name}."
        ),
        "machine": _without_defaults(machine_to_json(arena.machine)),
        "steps": [step_to_json(ScenarioStep(step))["do"] for step in steps],
        "goals": [goal_to_json(goal)],
    }
    return yaml.safe_dump(body, sort_keys=False, width=90)


def _without_defaults(machine: Mapping[str, Any]) -> dict[str, Any]:
    defaults = machine_to_json(Machine())
    return {
        key: value for key, value in machine.items() if key == "nodes" or value != defaults[key]
    }


def _goal(witness: Witness, trace: Trace) -> tuple[str, Predicate]:
    """Return the baseline's behaviour as a goal; if its kernel died, that every step succeeds."""
    kind, number = witness.kind, len(witness.actions)
    if trace.end != "ran":
        return ("every step succeeds", AllStepsGoal("ok"))
    if kind.what == RESULT:
        result = trace.steps[-1].result or "ok"
        return f"step {number} gives {result}", StepGoal(number, result)
    last = trace.last()
    if witness.part.startswith("memory"):
        return block_goal(witness.part, last)
    if witness.part == "nodes":
        mask = cast(Literal["online", "has_memory", "has_normal_memory"], kind.what)
        return f"{mask} reads {last.nodes[mask]!r}", NodesGoal(mask, last.nodes[mask])
    knob = last.auto_online_blocks or "absent"
    return f"auto_online_blocks is {knob}", KnobGoal(knob)


def block_goal(name: str, last: Observation) -> tuple[str, Predicate]:
    """Return what a block shows, in words and as a goal. name: `memory32`."""
    number = int(name.removeprefix("memory"))
    views = [item.view for item in last.blocks if item.first <= number <= item.last]
    blocks = Blocks(str(number))
    if not views or views[0] is None:
        return f"{name} is not there", BlocksGoal(blocks, present=False)
    view = views[0]
    goal = BlocksGoal(blocks, state=view.state, valid_zones=view.valid_zones)
    return f"{name} is {view.state} [{view.valid_zones}]", goal
