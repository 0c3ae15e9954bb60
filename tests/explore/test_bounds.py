"""What is said when not everything is explored, and what cannot be explored at all."""

from __future__ import annotations

import numpy as np
import pytest

from tests.explore.arenas import TINY, dimm, machine, policy
from tests.explore.conftest import Explore
from zonediff.engine.units import GIB, MIB
from zonediff.explore.arena import STANDARD, Arena, ArenaError
from zonediff.explore.build import build
from zonediff.explore.key_table import KeyTable
from zonediff.explore.pair_search import bound

ONE = STANDARD["one-dimm"]


@pytest.mark.parametrize("most", [1, 17, 20, 40, 83, 84, 101, 1000])
def test_no_more_states_than_asked_for(most: int) -> None:
    system = build(policy("upstream"), ONE, max_states=most)
    assert system.states <= max(1, most)
    assert system.complete == (system.states == 84)
    unexpanded = (system.successor < 0).all(axis=1)
    assert system.complete == (not unexpanded.any())
    assert system.successor.max() < system.states


@pytest.mark.parametrize("most", [*range(1, 84, 3), 83])
def test_exploring_goes_as_far_as_there_is_room(most: int) -> None:
    whole = build(policy("upstream"), ONE)
    part = build(policy("upstream"), ONE, max_states=most)
    unexpanded = int((part.successor < 0).all(axis=1).argmax())
    wanted = {int(state) for state in whole.successor[unexpanded] if state >= part.states}
    assert part.states + len(wanted) > most
    assert (part.successor[:unexpanded] == whole.successor[:unexpanded]).all()


def test_states_within_the_depth_said_are_all_expanded() -> None:
    whole = build(policy("v4.14"), ONE)
    for most in (60, 300, 1000):
        part = build(policy("v4.14"), ONE, max_states=most)
        for state in range(part.states):
            assert part.path(state) == whole.path(state)
            if len(part.path(state)) < part.depth:
                assert (part.successor[state] == whole.successor[state]).all()


def test_a_depth_bound_is_kept_and_said(explore: Explore) -> None:
    for depth in (1, 2, 3):
        first, second, actual = explore("upstream", "igor-movable", ONE, "results", depth=depth)
        assert actual.depth == bound(first, second) == depth
        assert max(len(witness.actions) for witness in actual.witnesses) <= depth
    assert explore("upstream", "igor-movable", ONE, "results", depth=50)[2].depth is None


def test_with_a_bound_the_same_witnesses_are_found_up_to_it(explore: Explore) -> None:
    whole = explore("upstream", "v4.14", ONE)[2]
    part = explore("upstream", "v4.14", ONE, depth=3)[2]
    assert {(item.kind, item.actions) for item in part.witnesses} == {
        (item.kind, item.actions) for item in whole.witnesses if len(item.actions) <= 3
    }


def test_kernels_that_die_booting_are_one_state_and_one_difference(explore: Explore) -> None:
    arena = TINY["onlined-at-boot"]
    one, _, actual = explore("upstream", "v4.12", arena)
    assert one.states == 1
    [witness] = actual.witnesses
    assert (witness.kind.what, witness.kind.left, witness.actions) == ("kernel", "dead (hang)", ())
    assert explore("upstream", "igor-movable", arena)[2].verdict == "equivalent"


def test_a_dead_kernel_stays_dead() -> None:
    arena = TINY["everything"]
    system = build(policy("upstream"), arena)
    outcomes = system.numberings.outcomes.values
    deadly = np.argwhere(system.outcome == [o.result for o in outcomes].index("BUG"))
    assert len(deadly)
    for state, action in deadly:
        after = int(system.successor[state, action])
        assert (system.successor[after] == after).all()
        assert {outcomes[number].result for number in system.outcome[after]} == {"dead (BUG)"}


def test_a_machine_that_may_run_short_of_memory_is_refused() -> None:
    small = Arena("small", machine(dimm("d1", 32), nodes=(128 * MIB,)))
    with pytest.raises(ArenaError, match="more boot memory or smaller DIMMs"):
        build(policy("upstream"), small, max_states=10)


def test_a_machine_with_large_blocks_is_refused() -> None:
    large = Arena("large", machine(dimm("d1", 16), nodes=(63 * GIB,)))
    with pytest.raises(ArenaError, match="2G"):
        build(policy("upstream"), large, max_states=10)


def test_keys_are_numbered_as_they_appear() -> None:
    random = np.random.default_rng(1)
    pool = random.integers(0, 2**64, 30_000, np.uint64)
    pool[:2] = 0, 2**64 - 1
    table, known = KeyTable(), dict[int, int]()
    for _ in range(12):
        keys = random.choice(pool, 9000)
        numbers, firsts = table.numbers(keys)
        expected_firsts = []
        for at, key in enumerate(keys.tolist()):
            if key not in known:
                known[key] = len(known)
                expected_firsts.append(at)
        assert numbers.tolist() == [known[key] for key in keys.tolist()]
        assert firsts.tolist() == expected_firsts
    assert table.size == len(known)
