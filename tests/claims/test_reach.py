from __future__ import annotations

import pytest

from zonediff.engine.guest import Guest
from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.memory import PINNED
from zonediff.engine.steps import (
    Allocate,
    Blocks,
    Boot,
    Fill,
    HypervAdd,
    Plug,
    Unplug,
    Write,
    XenAdd,
)
from zonediff.engine.units import parse_size
from zonediff.engine.zones import Zone
from zonediff.explore.arena import ArenaError
from zonediff.explore.reach import NotReached, Reached, reach
from zonediff.variants.registry import Registry

THREE_BLOCKS = Machine(dimms=(Dimm("dimm1", parse_size("384M")),))
REGISTRY = Registry()


def writes(*values: str) -> list[Write]:
    return [Write(f"memory{block}/state", value) for block in (32, 33, 34) for value in values]


def movable(*blocks: int) -> object:
    def fits(guest: Guest) -> bool:
        memory = guest.kernel.tables
        return all(memory.is_online(b) and memory.zone(b) is Zone.MOVABLE for b in blocks)

    return fits


def look(variant: str, fits: object, *values: str, most: int = 1000) -> Reached | NotReached:
    policy = REGISTRY.model(variant).policy
    return reach(policy, THREE_BLOCKS, writes(*values), fits, most)  # type: ignore[arg-type]


def done(found: Reached | NotReached) -> list[str]:
    assert isinstance(found, Reached)
    return [str(step.do) for step in found.trace.steps]


def test_a_shortest_way_is_found() -> None:
    actual = look("upstream", movable(32), "online_movable")
    assert done(actual) == [
        "echo online_movable > memory34/state",
        "echo online_movable > memory33/state",
        "echo online_movable > memory32/state",
    ]
    assert isinstance(actual, Reached)
    assert actual.trace.end == "ran"
    assert actual.trace.last().block(32) is not None


def test_of_several_shortest_the_first_in_the_alphabet() -> None:
    actual = look(
        "v4.14", lambda guest: guest.kernel.tables.is_online(33), "online", "online_kernel"
    )
    assert done(actual) == ["echo online > memory33/state"]


def test_nothing_leads_there() -> None:
    actual = look("upstream", movable(32), "online", "online_kernel")
    assert actual == NotReached(actual.states, complete=True)
    assert 8 <= actual.states <= 200


def test_it_holds_from_the_start() -> None:
    actual = look("upstream", lambda guest: True, "online")
    assert (done(actual), actual.states) == ([], 1)


def test_the_search_is_given_up() -> None:
    assert look("upstream", movable(32), "online", "offline", most=5) == NotReached(
        4, complete=False
    )


def test_a_dead_kernel_is_the_end_of_its_way() -> None:
    policy = REGISTRY.model("upstream").policy
    alphabet = [
        Write("auto_online_blocks", "online"),
        Plug("new", parse_size("128M")),
        Unplug("new"),  # of an auto-onlined DIMM: BUG
    ]
    gone = reach(policy, Machine(), alphabet, lambda guest: "new" in guest.places, 100)
    assert done(gone) == ["plug new 128M node 0"]
    actual = reach(policy, Machine(), alphabet, lambda guest: guest.kernel.knob == "gone", 100)
    assert actual == NotReached(actual.states, complete=True)


def test_a_kernel_that_does_not_boot() -> None:
    machine = Machine(cmdline="memhp_default_state=online", dimms=THREE_BLOCKS.dimms)
    policy = REGISTRY.model("upstream").policy
    assert reach(policy, machine, [], lambda guest: True, 100) == NotReached(1, complete=True)


def test_what_cannot_be_explored_is_said() -> None:
    policy = REGISTRY.model("upstream").policy
    for step in (Boot(), Allocate("daemon", parse_size("1G"))):
        with pytest.raises(ArenaError, match="cannot be explored"):
            reach(policy, THREE_BLOCKS, [step], lambda guest: False, 100)
    short = Machine((parse_size("128M"),))
    with pytest.raises(ArenaError, match="more boot memory"):
        reach(policy, short, [Plug("new", parse_size("4G"))], lambda guest: False, 100)


def test_devices_that_no_step_puts_anywhere_in_particular() -> None:
    policy = REGISTRY.model("v6.1").policy
    steps = [
        *(HypervAdd("balloon", parse_size("256M")), XenAdd("more", parse_size("128M"))),
        *(Plug("dimm", parse_size("128M")), Fill(Blocks("added"), "kernel-objects")),
    ]

    def fits(guest: Guest) -> bool:
        memory = guest.kernel.tables
        there = [b for b in range(32, 36) if memory.has(b)]
        return len(there) == 4 and any(memory.status[b] & PINNED for b in there)

    actual = reach(policy, Machine(cmdline="memhp_default_state=online"), steps, fits, 1000)
    assert len(done(actual)) == 4
