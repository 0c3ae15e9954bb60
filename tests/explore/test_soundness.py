"""The explorer against brute force: same states, same transitions, same looks, same verdicts."""

from __future__ import annotations

from collections import deque
from math import inf

import numpy as np
import pytest

from tests.explore import brute
from tests.explore.arenas import TINY, VARIANTS, policy
from tests.explore.conftest import Explore
from zonediff.engine.policy import Policy
from zonediff.engine.run import run
from zonediff.explore.arena import Arena
from zonediff.explore.bisimulation import classes
from zonediff.explore.build import build
from zonediff.explore.explain import steps_of
from zonediff.explore.kinds import Witness
from zonediff.explore.system import Numberings, System
from zonediff.explore.views import LEVELS, Level
from zonediff.result.partings import partings

DISTINCT = ["upstream", "igor-movable", "v4.12", "v4.13", "v4.14-stable", "v6.1"]
"""Variants each with rules of its own."""

CASES = [(variant, "two-blocks") for variant in VARIANTS] + [
    (variant, name) for variant in DISTINCT for name in TINY if name != "two-blocks"
]
"""Every variant somewhere, and those with rules of their own everywhere."""

FEWER = [case for case in CASES if case[1] not in ("everything", "kernelcore", "movable-first")]

PAIRS = [
    ("upstream", "igor-movable"),
    ("upstream", "michal-split/3"),
    ("upstream", "v4.12"),
    ("v4.12", "v4.13"),
    ("v4.13", "v4.14"),
    ("v4.14", "v4.14-stable"),
    ("v4.14", "v6.1"),
    ("michal-split/3", "hyperv-xen-only"),
]


def views(system: System, state: int) -> tuple[object, ...]:
    return tuple(system.numberings.views.values[number] for number in system.views[state])


def walk_beside(kernel: Policy, arena: Arena, system: System, most: float = inf) -> set[int]:
    """Walk the brute-force state graph and a system that looks at spans side by side.

    Every edge is compared, until so many pairs of states were met. The system's states among them.
    """
    start = brute.boot(kernel, arena)
    met = {(start.key, 0)}
    queue = deque([(start, 0)])
    while queue and len(met) < most:
        state, number = queue.popleft()
        assert brute.look(state, arena, "spans") == views(system, number)
        for action, step in enumerate(arena.actions):
            result, after = brute.do(state, step)
            outcome = system.numberings.outcomes.values[system.outcome[number, action]]
            assert outcome.result == result, (number, step)
            following = int(system.successor[number, action])
            if (after.key, following) not in met:
                met.add((after.key, following))
                queue.append((after, following))
    return {number for _, number in met}


@pytest.mark.parametrize(("variant", "name"), CASES)
def test_every_transition_is_the_engines(variant: str, name: str) -> None:
    system = build(policy(variant), TINY[name], level="spans")
    met = walk_beside(policy(variant), TINY[name], system)
    assert met == set(range(system.states))


@pytest.mark.parametrize(("variant", "name"), FEWER)
def test_full_states_are_as_many_as_brute_force_finds(variant: str, name: str) -> None:
    arena = TINY[name]
    full = build(policy(variant), arena, keep_all=True)
    ways = brute.reachable(policy(variant), arena)
    assert full.states == len(ways)
    longest = max(len(way) for way in ways.values())
    assert max(len(full.path(state)) for state in range(full.states)) == longest


@pytest.mark.parametrize(("variant", "name"), FEWER)
def test_leaving_out_what_nothing_looks_at_changes_nothing(variant: str, name: str) -> None:
    arena = TINY[name]
    numberings = Numberings()
    reduced, full = (
        build(policy(variant), arena, level="spans", numberings=numberings, keep_all=keep_all)
        for keep_all in (False, True)
    )
    assert reduced.states <= full.states
    mine, theirs = classes(reduced, full)
    assert mine[0] == theirs[0]
    assert set(mine) == set(theirs)


@pytest.mark.parametrize(
    ("name", "level"),
    [
        *(("two-blocks", level) for level in LEVELS),
        ("no-movable-node", "sysfs"),
        ("onlined-at-boot", "sysfs"),
        ("everything", "results"),
        ("everything", "sysfs"),
    ],
)
def test_verdict_and_shortest_witness_are_those_of_brute_force(
    name: str, level: Level, explore: Explore
) -> None:
    for left, right in PAIRS:
        first, second, actual = explore(left, right, TINY[name], level)
        expected = brute.first_difference(policy(left), policy(right), TINY[name], level)
        assert (actual.verdict == "equivalent") == (expected is None), (left, right)
        shortest = min((len(witness.actions) for witness in actual.witnesses), default=None)
        assert shortest == (None if expected is None else len(expected)), (left, right)
        mine, theirs = classes(first, second)
        assert (mine[0] == theirs[0]) == (actual.verdict == "equivalent"), (left, right)


@pytest.mark.parametrize("name", TINY)
def test_witnesses_show_their_difference_when_they_are_run(name: str, explore: Explore) -> None:
    for left, right in PAIRS:
        for witness in explore(left, right, TINY[name])[2].witnesses:
            see_it_shown(witness, left, right, TINY[name])


def see_it_shown(witness: Witness, left: str, right: str, arena: Arena) -> None:
    """See that a witness, run outside the explorer, shows its difference with its last step."""
    steps = steps_of(witness, arena)
    first, second = (run(policy(variant), arena.machine, steps) for variant in (left, right))
    shown = {parting.step for parting in partings(first, second)}
    if witness.kind.what == "auto_online_blocks":
        # Of a file that only one side has, every scenario would show it: it is not counted.
        knobs = {trace.last().auto_online_blocks for trace in (first, second)}
        assert len(knobs) == 2
    else:
        assert len(steps) - 1 in shown, (left, right, witness)
    if witness.kind.what == "result":
        assert first.steps[-1].result == witness.kind.left
        assert second.steps[-1].result == witness.kind.right


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_is_equivalent_to_itself(variant: str, explore: Explore) -> None:
    _, _, actual = explore(variant, variant, TINY["everything"], "spans")
    assert actual.verdict == "equivalent"
    assert actual.refines
    assert actual.refined
    assert not actual.witnesses


def test_a_system_is_the_same_each_time() -> None:
    first, second = (build(policy("v4.14"), TINY["everything"]) for _ in range(2))
    for column in ("successor", "outcome", "views", "label", "parent", "parent_action"):
        assert np.array_equal(getattr(first, column), getattr(second, column))


@pytest.mark.parametrize("variant", ["upstream", "v6.1"])
def test_parents_lead_to_every_state_by_a_shortest_way(variant: str) -> None:
    system = build(policy(variant), TINY["two-blocks"])
    depth = {0: 0}
    for state in range(system.states):
        for following in system.successor[state].tolist():
            depth.setdefault(following, depth[state] + 1)
    for state in range(system.states):
        at, path = 0, system.path(state)
        for action in path:
            at = int(system.successor[at, action])
        assert at == state
        assert len(path) == depth[state]
