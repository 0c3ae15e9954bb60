"""Runs on kernels as recordings: what is written is read again as what happened."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zonediff.compare.validate import replay
from zonediff.corpus.recording import read
from zonediff.engine.machine import Config, Dimm, Machine
from zonediff.engine.steps import Blocks, Online, Plug, Probe, Unplug, Write
from zonediff.engine.units import GIB, MIB, Bytes
from zonediff.live.guest_spec import Script, fixed_script
from zonediff.live.random_steps import MACHINE_KINDS, random_script
from zonediff.live.recording import to_json, to_recording, with_id
from zonediff.live.run import LiveRun
from zonediff.variants.registry import Registry

Modelled = Callable[[str, Machine, Script], LiveRun]

DIMM = Dimm("dimm1", Bytes(512 * MIB))


@pytest.mark.parametrize("variant", ["upstream", "v4.13", "v6.1", "v7.2"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(MACHINE_KINDS.keys() - {"virtio-mem"})), st.integers(0, 1000))
def test_what_is_written_is_read_again(
    modelled: Modelled, tmp_path: Path, variant: str, kind: str, seed: int
) -> None:
    machine, script = random_script(kind, Random(seed), 14)
    variant = "v7.2" if machine.dax else variant  # older models have no such devices
    live = modelled(variant, machine, script)
    path = tmp_path / "made.jsonl"
    path.write_text(json.dumps(with_id(to_json(live), "made.1", variant)) + "\n")
    (recording,) = read(path)
    assert recording == to_recording("made.1", variant, live)
    assert replay(recording, Registry().model(variant).policy).agrees


def test_only_what_changed_is_written(modelled: Modelled) -> None:
    steps = [Write("memory32/state", "bogus"), Write("memory35/state", "online_movable")]
    body = to_json(modelled("upstream", Machine(dimms=(DIMM,)), fixed_script(steps)))
    assert body["machine"] == {
        "nodes": ["1G"],
        "cmdline": "",
        "dimms": [{"id": "dimm1", "size": "512M", "node": 0}],
    }
    assert body["config"] == {
        "MOVABLE_NODE": True,
        "MEMORY_HOTPLUG_DEFAULT_ONLINE": False,
        "ARCH_MEMORY_PROBE": True,
    }
    nothing, online = body["steps"]
    assert nothing == {
        "do": {"write": {"file": "memory32/state", "value": "bogus"}},
        "result": "EINVAL",
        "changed": {},
    }
    assert sorted(online["changed"]["blocks"]) == ["34", "35"]
    assert sorted(online["changed"]["zones"]) == ["0/Movable", "0/Normal"]
    assert "nodes" not in online["changed"]


def test_what_went_away_is_written_as_null(modelled: Modelled) -> None:
    live = modelled("upstream", Machine(dimms=(DIMM,)), fixed_script([Unplug("dimm1")]))
    (unplug,) = to_json(live)["steps"]
    assert unplug["changed"]["blocks"] == {"32": None, "33": None, "34": None, "35": None}


def test_a_composite_step_is_written_as_what_it_comes_down_to(modelled: Modelled) -> None:
    live = modelled(
        "v6.1", Machine(dimms=(DIMM,)), fixed_script([Online(Blocks("dimm1"), "online_movable")])
    )
    body = to_json(live)
    assert [step["do"]["write"]["file"] for step in body["steps"]] == [
        f"memory{block}/state" for block in (32, 33, 34, 35)
    ]


def test_a_kernel_without_a_probe_file_shows_it(modelled: Modelled) -> None:
    steps = fixed_script([Probe(Bytes(4 * GIB))])
    built_without = Machine(dimms=(DIMM,), config=Config(ARCH_MEMORY_PROBE=False))
    for machine, has_probe in ((built_without, False), (Machine(dimms=(DIMM,)), True)):
        live = replace(modelled("v6.1", machine, steps), built_probe=None)
        assert to_json(live)["config"]["ARCH_MEMORY_PROBE"] is has_probe


def test_a_death_is_the_last_result_and_changes_nothing(modelled: Modelled) -> None:
    machine = Machine(cmdline="memhp_default_state=online")
    live = modelled("upstream", machine, fixed_script([Plug("dimm1", Bytes(GIB)), Unplug("dimm1")]))
    *_, last = to_json(live)["steps"]
    assert (last["result"], last["changed"]) == ("BUG", {})


def test_options_are_those_that_the_kernel_shows(modelled: Modelled) -> None:
    config = Config(MOVABLE_NODE=False, MEMORY_HOTPLUG_DEFAULT_ONLINE=True)
    live = modelled("upstream", Machine(config=config), fixed_script([]))
    assert to_recording("made.1", "upstream", live).machine.config == config
