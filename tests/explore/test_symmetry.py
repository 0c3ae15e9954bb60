"""Interchangeable nodes: what is explored with them is all that there is, or they are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.explore.arenas import VARIANTS, dimm, machine, policy
from tests.explore.conftest import Explore
from tests.explore.test_properties import MADE_UP
from tests.explore.test_soundness import DISTINCT, PAIRS, see_it_shown, walk_beside
from zonediff.engine.kernel import Kernel
from zonediff.engine.memory import HAS_MEMORY
from zonediff.engine.policy import Policy
from zonediff.engine.rules import Decision
from zonediff.engine.state import KernelState
from zonediff.engine.steps import Blocks, Fill
from zonediff.engine.units import GIB, MIB
from zonediff.engine.zones import OnlineType, Zone
from zonediff.explore.arena import STANDARD, Arena, ArenaError
from zonediff.explore.arrays import Numbers
from zonediff.explore.bisimulation import classes
from zonediff.explore.build import build
from zonediff.explore.compare import Comparison
from zonediff.explore.pair_search import PairSearch
from zonediff.explore.system import Numberings
from zonediff.variants.v4_14 import V4_14

# The last node with boot memory lacks some pages: it is like no other one.
FOUR = (GIB, 128 * MIB, 128 * MIB, 128 * MIB)

ARENAS = {
    arena.name: arena
    for arena in (
        Arena(
            "everything",
            machine(dimm("d1", 1, 1), dimm("d2", 1, 2), nodes=FOUR),
            alphabet=("state", "online", "unplug", "plug", "knob"),
            symmetry=(1, 2),
        ),
        Arena(
            "no-boot-memory",
            machine(dimm("d1", 1, 1), dimm("d2", 1, 2), nodes=(GIB, 0, 0)),
            symmetry=(1, 2),
        ),
        Arena(
            "two-blocks",
            machine(
                dimm("d1", 2, 1), dimm("d2", 2, 2), nodes=(GIB, 256 * MIB, 256 * MIB, 256 * MIB)
            ),
            alphabet=("state",),
            symmetry=(1, 2),
        ),
        Arena(
            "to-plug",
            machine(nodes=FOUR),
            (dimm("d1", 1, 1), dimm("d2", 1, 2)),
            ("state", "unplug", "plug"),
            symmetry=(2, 1),
        ),
        Arena(
            "movable",
            machine(dimm("d1", 1, 1), dimm("d2", 1, 2), nodes=FOUR, cmdline="movable_node"),
            symmetry=(1, 2),
        ),
        Arena(
            "three",
            machine(dimm("d1", 1, 1), dimm("d2", 1, 2), dimm("d3", 1, 3), nodes=(*FOUR, 128 * MIB)),
            alphabet=("state",),
            symmetry=(1, 2, 3),
        ),
    )
}

CASES = [(variant, "everything") for variant in VARIANTS] + [
    (variant, name)
    for variant in DISTINCT
    for name in ARENAS
    if name != "everything" and (variant, name) != ("v6.1", "no-boot-memory")
]


def whole(arena: Arena) -> Arena:
    return replace(arena, symmetry=())


@pytest.mark.parametrize(("variant", "name"), CASES)
def test_the_states_are_those_of_full_exploring(variant: str, name: str) -> None:
    numberings = Numberings()
    reduced, full = (
        build(policy(variant), arena, level="spans", numberings=numberings)
        for arena in (ARENAS[name], whole(ARENAS[name]))
    )
    assert reduced.states == full.states == full.explored > reduced.explored
    assert (reduced.transitions, reduced.depth) == (full.transitions, full.depth)
    mine, theirs = classes(reduced, full)
    assert mine[0] == theirs[0]
    assert sorted(mine) == sorted(theirs)
    ways = [len(full.path(state)) for state in range(full.states)]
    assert sorted(len(reduced.path(state)) for state in range(reduced.states)) == sorted(ways)


@pytest.mark.parametrize(
    ("variant", "name"), [case for case in CASES if case[1] in ("movable", "three")]
)
def test_every_transition_is_the_engines(variant: str, name: str) -> None:
    system = build(policy(variant), ARENAS[name], level="spans")
    walk_beside(policy(variant), ARENAS[name], system, most=150)


@pytest.mark.parametrize(("variant", "name"), [case for case in CASES if case[0] in DISTINCT])
def test_paths_lead_where_they_say_and_images_do_the_image(variant: str, name: str) -> None:
    system = build(policy(variant), ARENAS[name])
    assert system.group is not None
    assert system.images is not None
    for state in range(0, system.states, 1 + system.states // 300):
        at = 0
        for action in system.path(state):
            at = int(system.successor[at, action])
        assert at == state
    for number, image in enumerate(system.images):
        assert image[0] == 0
        assert sorted(image) == list(range(system.states))
        actions = system.group.actions[number]
        assert (system.successor[image][:, actions] == image[system.successor]).all()
        assert (system.outcome[image][:, actions] == system.outcome).all()


def summary(found: Comparison) -> list[str]:
    """Kinds, how long their witnesses are, how many transitions show them."""
    return sorted(f"{item.kind} {len(item.actions)} {item.count}" for item in found.witnesses)


@pytest.mark.parametrize(
    ("name", "level"), [*((name, "sysfs") for name in ARENAS), ("no-boot-memory", "results")]
)
def test_reduced_and_full_comparisons_agree(name: str, level: str, explore: Explore) -> None:
    arena = ARENAS[name]
    for left, right in PAIRS:
        if name == "no-boot-memory" and "v6.1" in (left, right):
            continue
        reduced = explore(left, right, arena, level)[2]
        full = explore(left, right, whole(arena), level)[2]
        assert (reduced.verdict, reduced.refines, reduced.refined, reduced.depth) == (
            *(full.verdict, full.refines, full.refined, full.depth),
        ), (left, right)
        assert summary(reduced) == summary(full), (left, right)
        assert reduced.pairs < full.pairs


@pytest.mark.parametrize("name", ["no-boot-memory", "movable", "three"])
@pytest.mark.parametrize("smallest", [True, False])
def test_witnesses_show_their_difference_whichever_image_stands_for_pairs(
    name: str, smallest: bool, explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    arena = ARENAS[name]
    if not smallest:
        monkeypatch.setattr(PairSearch, "_smallest", largest)
    for left, right in [("upstream", "v4.12"), ("v4.13", "v4.14"), ("v4.12", "v4.13")]:
        actual, full = explore(left, right, arena)[2], explore(left, right, whole(arena))[2]
        assert summary(actual) == summary(full)
        for witness in actual.witnesses:
            see_it_shown(witness, left, right, arena)


def largest(search: PairSearch, a: Numbers, b: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    images = [search._images(number, a, b) for number in range(search.renamings)]
    turn = np.argmax(
        [first * search.right_system.states + second for first, second in images], axis=0
    )
    every = np.arange(len(a))
    first, second = (np.array(side)[turn, every] for side in zip(*images, strict=True))
    return first, second, turn


def test_bounds_hold_with_symmetry(explore: Explore) -> None:
    arena = ARENAS["everything"]
    for depth in (1, 2, 3):
        reduced = explore("v4.12", "v4.14", arena, depth=depth)[2]
        full = explore("v4.12", "v4.14", whole(arena), depth=depth)[2]
        assert reduced.depth == full.depth == depth
        assert summary(reduced) == summary(full)
    few = build(policy("v4.14"), arena, max_states=200)
    assert not few.complete
    assert few.explored == 200 < few.states
    assert np.array_equal((few.successor < 0).any(axis=1), (few.successor < 0).all(axis=1))


# --- where it is not sound


class Made(V4_14):
    """Decides by chance, by what is so of the block's own node and of the other one.

    names: whether also by the node's number.
    """

    name = "made"

    def __init__(self, seed: int, names: bool) -> None:
        self.seed = seed
        self.names = names

    def zone_to_online(
        self, kernel: KernelState, block: int, online_type: OnlineType
    ) -> Decision[Zone | None]:
        memory = cast(Kernel, kernel).tables
        node = memory.node(block)
        other = {1: 2, 2: 1}[node]
        looked: list[object] = [self.seed, int(online_type)]
        looks: list[Callable[[], object]] = [
            lambda: memory.node_is(node, HAS_MEMORY),
            lambda: memory.present_pages(other, Zone.MOVABLE) > 0,
            lambda: memory.span(node, Zone.MOVABLE) == memory.pages(block),
            lambda: memory.span(other, Zone.NORMAL) == (0, 0),
            lambda: memory.link.find(1 + 4 * other + Zone.MOVABLE, 32, 34) >= 0,
        ]
        for look in Random(self.seed).sample(looks, 2):
            looked.append(look())
        if self.names:
            looked.append(node)
        choice = Random(str(looked)).choice([Zone.NORMAL, Zone.MOVABLE, None])
        return Decision(choice, MADE_UP.because())


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.booleans())
def test_policies_made_up_are_explored_rightly_or_refused(seed: int, names: bool) -> None:
    arena, numberings = ARENAS["no-boot-memory"], Numberings()
    full = build(Made(seed, names), whole(arena), numberings=numberings)
    try:
        reduced = build(Made(seed, names), arena, numberings=numberings)
    except ArenaError:
        assert names
        return
    assert (reduced.states, reduced.depth) == (full.states, full.depth)
    mine, theirs = classes(reduced, full)
    assert mine[0] == theirs[0]


class Stubborn(V4_14):
    """Nothing on node 2 goes online movable."""

    name = "stubborn"

    def zone_to_online(
        self, kernel: KernelState, block: int, online_type: OnlineType
    ) -> Decision[Zone | None]:
        if kernel.node(block) == 2 and online_type is OnlineType.MOVABLE:
            return Decision(None, MADE_UP.because())
        return super().zone_to_online(kernel, block, online_type)


class Elsewhere(V4_14):
    """Every block of node 2 goes online in zone Normal."""

    name = "elsewhere"

    def zone_to_online(
        self, kernel: KernelState, block: int, online_type: OnlineType
    ) -> Decision[Zone | None]:
        actual = super().zone_to_online(kernel, block, online_type)
        return Decision(Zone.NORMAL, actual.why) if kernel.node(block) == 2 else actual


class Jealous(V4_14):
    """Nothing goes online while a lower node has movable memory."""

    name = "jealous"

    def zone_to_online(
        self, kernel: KernelState, block: int, online_type: OnlineType
    ) -> Decision[Zone | None]:
        lower = range(kernel.node(block))
        if any(kernel.present_pages(node, Zone.MOVABLE) for node in lower):
            return Decision(None, MADE_UP.because())
        return super().zone_to_online(kernel, block, online_type)


class Mirrored(V4_14):
    """`valid_zones` reads backwards on node 2."""

    name = "mirrored"

    def valid_zones(self, kernel: KernelState, block: int) -> tuple[Zone, ...] | None:
        zones = super().valid_zones(kernel, block)
        backwards = zones is not None and kernel.node(block) == 2
        return zones[::-1] if backwards and zones else zones


class Blank(V4_14):
    """`valid_zones` of node 2 does not say what can be."""

    name = "blank"

    def valid_zones(self, kernel: KernelState, block: int) -> tuple[Zone, ...] | None:
        return None if kernel.node(block) == 2 else super().valid_zones(kernel, block)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (Stubborn, "echo online_movable > memory32/state and echo online_movable > "),
        (Elsewhere, "/state differ in the update grow_zone"),
        (Jealous, "/state come out differently"),
        (Blank, "memory32 and memory33 come out differently"),
    ],
)
@pytest.mark.parametrize("name", ["no-boot-memory", "everything"])
def test_policies_that_tell_nodes_apart_are_refused(
    made: type[Policy], says: str, name: str
) -> None:
    with pytest.raises(ArenaError) as refused:
        build(made(), ARENAS[name])
    assert f"symmetry: on {made.name} nodes 1 and 2 are not interchangeable: " in str(refused.value)
    assert says in str(refused.value)


def test_what_reads_otherwise_but_says_the_same_is_explored_but_not_compared() -> None:
    # Texts may be renamed, as node numbers are; but then alike in both systems.
    arena, numberings = ARENAS["no-boot-memory"], Numberings()
    reduced, full = (
        build(Mirrored(), each, numberings=numberings) for each in (arena, whole(arena))
    )
    mine, theirs = classes(reduced, full)
    assert sorted(mine) == sorted(theirs)
    with pytest.raises(ArenaError, match="come out differently"):
        build(policy("v4.14"), arena, numberings=numberings)


def test_a_node_without_boot_memory_that_the_firmware_does_not_list() -> None:
    # v6.1 goes by the address of a DIMM whose node no table names: its memory is on node 0.
    with pytest.raises(ArenaError, match="after boot they differ in the node that blocks belong"):
        build(policy("v6.1"), ARENAS["no-boot-memory"])


ALIKE = ARENAS["everything"]


@pytest.mark.parametrize(
    ("arena", "says"),
    [
        (replace(ALIKE, symmetry=(1, 7)), "there is no node 7: the machine has nodes 0 to 3"),
        (replace(ALIKE, symmetry=(1,)), "expected two different nodes or more"),
        (replace(ALIKE, symmetry=(1, 1)), "expected two different nodes or more"),
        (replace(ALIKE, symmetry=(1, 3)), "node 3 has no DIMM"),
        (
            Arena(
                "sizes", machine(dimm("d1", 1, 1), dimm("d2", 2, 2), nodes=FOUR), symmetry=(1, 2)
            ),
            "node 1 has a DIMM of 128M, but node 2 a DIMM of 256M",
        ),
        (
            Arena(
                "there",
                machine(dimm("d1", 1, 1), nodes=FOUR),
                (dimm("d2", 1, 2),),
                symmetry=(1, 2),
            ),
            "node 1 has a DIMM of 128M, but node 2 a DIMM of 128M to be plugged",
        ),
        (replace(STANDARD["two-nodes"], symmetry=(0, 1)), "after boot they differ in "),
        (replace(ALIKE, boot_blocks=(8,)), "after boot they differ in the node that blocks belong"),
        (replace(ALIKE, steps=(Fill(Blocks("32"), "kernel-objects"),)), "is not known"),
    ],
)
def test_what_cannot_be_interchanged_is_said(arena: Arena, says: str) -> None:
    with pytest.raises(ArenaError, match="symmetry: ") as refused:
        build(policy("upstream"), arena)
    assert says in str(refused.value)
