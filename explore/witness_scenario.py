"""A witness as a scenario file, for `zonediff run` and for the corpus."""

from __future__ import annotations

import re
from collections.abc import Mapping
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
from zonediff.engine.steps import Blocks
from zonediff.engine.trace import Trace
from zonediff.explore.arena import Arena
from zonediff.explore.explain import describe, steps_of
from zonediff.explore.kinds import RESULT, Witness


def file_name(number: int, left: str, right: str, arena: Arena) -> str:
    """What the file of a witness is called: `one-dimm-upstream-igor-movable-01.yaml`."""
    name = re.sub(r"[^A-Za-z0-9.]+", "-", f"{arena.name}-{left}-{right}")
    return f"{name}-{number:02}.yaml"


def scenario_text(witness: Witness, arena: Arena, baseline: Policy, candidate: Policy) -> str:
    """The scenario of a witness; its goal is what comes out on the baseline."""
    steps = steps_of(witness, arena)
    trace = run(baseline, arena.machine, steps)
    says = describe(witness, arena, baseline.name, candidate.name)
    want, check = _wanted(witness, trace)
    as_there = f", as on {baseline.name}" if trace.end == "ran" else ""
    body: dict[str, Any] = {
        "title": says,
        "why": (
            f"A shortest sequence that tells {baseline.name} and {candidate.name} apart in this "
            f"way, found by exploring all sequences in {arena.name}."
        ),
        "machine": _less_defaults(machine_to_json(arena.machine)),
        "steps": [step_to_json(ScenarioStep(step))["do"] for step in steps],
        "goals": [goal_to_json(Goal(want + as_there, check))],
    }
    return yaml.safe_dump(body, sort_keys=False, width=90)


def _less_defaults(machine: Mapping[str, Any]) -> dict[str, Any]:
    usual = machine_to_json(Machine())
    return {key: value for key, value in machine.items() if key == "nodes" or value != usual[key]}


def _wanted(witness: Witness, trace: Trace) -> tuple[str, Predicate]:
    """What the baseline did, as a wish; of a kernel that died, that it had not."""
    kind, number = witness.kind, len(witness.actions)
    if trace.end != "ran":
        return ("every step succeeds", AllStepsGoal("ok"))
    if kind.what == RESULT:
        result = trace.steps[-1].result or "ok"
        return f"step {number} gives {result}", StepGoal(number, result)
    seen = trace.last()
    if witness.part.startswith("memory"):
        return _block(witness.part, seen)
    if witness.part == "nodes":
        mask = cast(Literal["online", "has_memory", "has_normal_memory"], kind.what)
        return f"{mask} reads {seen.nodes[mask]!r}", NodesGoal(mask, seen.nodes[mask])
    knob = seen.auto_online_blocks or "absent"
    return f"auto_online_blocks is {knob}", KnobGoal(knob)


def _block(name: str, seen: Observation) -> tuple[str, Predicate]:
    number = int(name.removeprefix("memory"))
    views = [item.view for item in seen.blocks if item.first <= number <= item.last]
    blocks = Blocks(str(number))
    if not views or views[0] is None:
        return f"{name} is not there", BlocksGoal(blocks, present=False)
    view = views[0]
    goal = BlocksGoal(blocks, state=view.state, valid_zones=view.valid_zones)
    return f"{name} is {view.state} [{view.valid_zones}]", goal
