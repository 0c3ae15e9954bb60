"""The JSON form of machines, steps and goals, and the hash over them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from zonediff.corpus.forms import goal_to_json, machine_from_json, machine_to_json, step_to_json
from zonediff.corpus.scenario import Scenario
from zonediff.engine.machine import Config, Dimm, Machine
from zonediff.engine.units import GIB, MIB, Bytes

Read = Callable[[str], list[Scenario]]

MACHINE = Machine(
    nodes=(Bytes(GIB), Bytes(0)),
    dimms=(Dimm("a", Bytes(384 * MIB), 1), Dimm("b", Bytes(GIB), 0, Bytes(8 * GIB))),
    cmdline="movable_node",
    config=Config(MOVABLE_NODE=False),
    platform="xen",
    physical_bits=46,
)


def test_machine() -> None:
    form = machine_to_json(MACHINE)
    assert form == {
        "nodes": ["1G", "0"],
        "cmdline": "movable_node",
        "dimms": [
            {"id": "a", "size": "384M", "node": 1},
            {"id": "b", "size": "1G", "node": 0, "addr": "0x200000000"},
        ],
        "config": {"MOVABLE_NODE": False, "MEMORY_HOTPLUG_DEFAULT_ONLINE": False},
        "platform": "xen",
        "physical_bits": 46,
    }
    assert machine_from_json(json.loads(json.dumps(form))) == MACHINE


def test_machine_of_a_recording() -> None:
    machine = machine_from_json(
        {"nodes": ["1G"], "cmdline": "", "dimms": []},
        {"MOVABLE_NODE": True, "MEMORY_HOTPLUG_DEFAULT_ONLINE": True},
    )
    assert machine == Machine(config=Config(MEMORY_HOTPLUG_DEFAULT_ONLINE=True))


@pytest.mark.parametrize("form", [{}, {"nodes": ["x"], "cmdline": "", "dimms": []}])
def test_no_machine(form: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError)):
        machine_from_json(form)


def test_steps_and_goals(read: Read, valid: str) -> None:
    (scenario,) = read(valid)
    assert [step_to_json(step) for step in scenario.steps[:2]] == [
        {"do": {"write": {"file": "memory39/state", "value": "online_movable"}}, "name": "last"},
        {"do": {"plug": {"id": "dimm2", "size": "256M", "node": 1}}},
    ]
    assert [goal_to_json(goal) for goal in scenario.goals] == [
        {"want": "the write is accepted", "step": "last", "result": "ok"},
        {
            "want": "the block is movable",
            "blocks": "39",
            "state": "online",
            "zone": "Movable",
            "after": 1,
        },
        {"want": "the kernel survives", "kernel": "alive"},
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: a DIMM goes online", "# said better\ntitle: one DIMM is put online"),
        ("why: because it should", "why: >\n  because\n  it must"),
        ("claims: [C01]\n", ""),
        ("{id: dimm2, size: 256M, node: 1}", "{node: 1, size: 0x10000000, 'id': dimm2}"),
    ],
)
def test_hash_stays_with_the_meaning(read: Read, valid: str, old: str, new: str) -> None:
    assert valid.count(old) == 1
    (before,) = read(valid)
    (after,) = read(valid.replace(old, new))
    assert after.hash == before.hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("nodes: [1G, 0]", "nodes: [1G, 1G]"),
        ("value: online_movable", "value: online_kernel"),
        ("order: last-to-first", "order: first-to-last"),
        ("result: ok", "result: EINVAL"),
        ("want: the block is movable", "want: the block is in Movable"),
        ("  - unplug: {id: dimm2}\n", ""),
        ("step: last", "step: 1"),
    ],
)
def test_hash_changes_with_the_meaning(read: Read, valid: str, old: str, new: str) -> None:
    assert valid.count(old) == 1
    (before,) = read(valid)
    (after,) = read(valid.replace(old, new))
    assert after.hash != before.hash
