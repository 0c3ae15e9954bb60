"""Tours of real kernels, turned into systems and scenarios like those of models."""

from __future__ import annotations

from collections import deque
from typing import Final, Literal, cast, get_args

import numpy as np

from zonediff.compare.tour import SideMap, TourParting
from zonediff.corpus.scenario import AllStepsGoal, Goal, KnobGoal, NodesGoal, Predicate, StepGoal
from zonediff.engine.observation import BlockView, Observation
from zonediff.engine.trace import End
from zonediff.explore.arena import Arena
from zonediff.explore.system import UNKNOWN, Numberings, Outcome, System, labels_of
from zonediff.explore.views import ABSENT, PartView, dead_view
from zonediff.explore.witness_scenario import block_goal, text_of

_DEATHS: Final = tuple(end for end in get_args(End) if end != "ran")


def learned_system(name: str, arena: Arena, side: SideMap, numberings: Numberings) -> System:
    """Return one side of a tour as a system; numberings: shared by both sides.

    Where the side died, a step leads to one more state, the last. Steps that were not tried, or
    after which the sides were no longer compared, lead nowhere.
    """
    numbers = {state: number for number, state in enumerate(side.states)}
    dead = len(numbers)
    shape = (dead + 1, len(arena.actions))
    successor, outcome = np.full(shape, UNKNOWN, np.int32), np.full(shape, UNKNOWN, np.int32)
    for (state, action), (result, reached) in side.moves.items():
        here = numbers[state]
        outcome[here, action] = numberings.outcomes.number(Outcome(result, ()))
        if result in _DEATHS:
            successor[here, action] = dead
        elif reached is not None:
            successor[here, action] = numbers[reached]
    parts = _parts(arena, side)
    rows = [_views(parts, observation) for observation in side.states.values()]
    rows.append([dead_view("end of the tour")] * len(parts))
    views = np.array([[numberings.views.number(view) for view in row] for row in rows], np.int32)
    parent, parent_action, depth = _first_paths(successor.tolist())
    return System(
        name=name,
        actions=arena.actions,
        parts=parts,
        successor=successor,
        outcome=outcome,
        views=views,
        label=labels_of(views, numberings.labels),
        parent=np.array(parent, np.int32),
        parent_action=np.array(parent_action, np.int32),
        complete=False,
        depth=depth,
        seconds=0.0,
        probe_count=0,
        numberings=numberings,
    )


def _parts(arena: Arena, side: SideMap) -> tuple[str, ...]:
    zones = {name for observation in side.states.values() for name in observation.zones}
    blocks = [f"memory{block}" for block in arena.blocks]
    devices = [f"device {device}" for device in arena.managed_ids]
    names = [*blocks, "nodes", "auto_online_blocks", *devices]
    return (*names, *(f"zone {name}" for name in sorted(zones)))


def _views(parts: tuple[str, ...], observation: Observation) -> list[PartView]:
    return [_view(part, observation) for part in parts]


def _view(part: str, observation: Observation) -> PartView:
    if part == "nodes":
        return tuple(observation.nodes.items())
    if part == "auto_online_blocks":
        return ((part, observation.auto_online_blocks or "no such file"),)
    if part.startswith("device "):
        return (("device", observation.devices.get(part.removeprefix("device "), "")),)
    if part.startswith("zone "):
        zone = observation.zones.get(part.removeprefix("zone "))
        if zone is None or not zone.present:
            return (("zoneinfo", "not listed"),)
        end = zone.start_pfn + zone.spanned
        return (("zoneinfo", f"pfn {zone.start_pfn}..{end}, {zone.present} present"),)
    view: BlockView | None = observation.block(int(part.removeprefix("memory")))
    if view is None:
        return ABSENT
    return (
        ("state", view.state),
        ("valid_zones", view.valid_zones),
        ("online", view.online),
        ("node", str(view.node)),
    )


def _first_paths(successor: list[list[int]]) -> tuple[list[int], list[int], int]:
    """Return for each state the state and action that lead to it first, and the most steps."""
    parent, parent_action = [0] * len(successor), [UNKNOWN] * len(successor)
    distance = {0: 0}
    queue = deque([0])
    while queue:
        state = queue.popleft()
        for action, target in enumerate(successor[state]):
            if target >= 0 and target not in distance:
                distance[target] = distance[state] + 1
                parent[target], parent_action[target] = state, action
                queue.append(target)
    return parent, parent_action, max(distance.values())


def learned_scenario(title: str, parting: TourParting, names: tuple[str, str], arena: Arena) -> str:
    """Return the text of a scenario that shows a parting; its goal is what the baseline did."""
    want, predicate = _goal(parting)
    goal = Goal(f"{want}, as on {names[0]}", predicate)
    return text_of(title, names, arena, parting.steps, goal)


def _goal(parting: TourParting) -> tuple[str, Predicate]:
    left, right = parting.results
    if left in _DEATHS:
        return "every step succeeds", AllStepsGoal("ok")
    result = (
        f"step {len(parting.steps)} gives {left or 'ok'}",
        StepGoal(len(parting.steps), left or "ok"),
    )
    if left != right:
        return result
    place = parting.differences[0][0]
    last, _ = parting.observations
    if place.startswith("memory"):
        return block_goal(place.partition("-")[0], last)
    if place.startswith("nodes "):
        mask = cast(
            Literal["online", "has_memory", "has_normal_memory"], place.removeprefix("nodes ")
        )
        return f"{mask} reads {last.nodes[mask]!r}", NodesGoal(mask, last.nodes[mask])
    if place == "auto_online_blocks":
        knob = last.auto_online_blocks or "absent"
        return f"auto_online_blocks is {knob}", KnobGoal(knob)
    return result  # no goal speaks of the spans of zones
