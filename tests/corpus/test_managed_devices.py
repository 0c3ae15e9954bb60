"""Dax and virtio-mem devices in files: their keys, and the mistakes in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from zonediff.corpus import recording
from zonediff.corpus.forms import machine_from_json, machine_to_json
from zonediff.corpus.recording import read as read_recordings
from zonediff.corpus.scenario import Scenario
from zonediff.engine.machine import Machine
from zonediff.engine.managed_devices import Dax, VirtioMem
from zonediff.engine.units import parse_size

CASE = """\
title: devices
why: because
machine:
  nodes: [1G, 512M]
  dax: [{id: dax0.0, size: 256M, addr: 1G, node: 1}]
  virtio_mem: [{id: vmem0, size: 1G, block: 4M, requested: 8M}]
steps:
  - unbind: {id: dax0.0}
  - resize: {id: vmem0, to: 512M}
goals:
  - {want: it is there, blocks: dax0.0, state: offline}
"""

MIB, GIB = parse_size("1M"), parse_size("1G")


def test_a_file(read: Callable[[str], list[Scenario]]) -> None:
    (scenario,) = read(CASE)
    machine = scenario.machine
    assert machine.dax == (Dax("dax0.0", parse_size("256M"), 1, GIB),)
    assert machine.virtio_mem == (VirtioMem("vmem0", GIB, parse_size("4M"), parse_size("8M")),)
    # The dax device takes its range out of boot memory.
    assert machine.boot_ranges == ((0, 0, GIB), (1, GIB + 256 * MIB, GIB + 512 * MIB))
    form = json.loads(json.dumps(machine_to_json(machine)))
    assert form["dax"] == [{"id": "dax0.0", "size": "256M", "node": 1, "addr": "0x40000000"}]
    assert form["virtio_mem"] == [{"id": "vmem0", "size": "1G", "block": "4M", "requested": "8M"}]
    assert machine_from_json(form) == machine
    assert {"dax", "virtio_mem"}.isdisjoint(machine_to_json(Machine()))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("256M, addr", "255M, addr", "5:28: machine.dax[0].size: 255M: expected a multiple of 2M"),
        ("addr: 1G", "addr: 1025M", "5:40: machine.dax[0].addr: 0x40100000: expected a multiple"
         " of 2M"),
        ("addr: 1G", "addr: 1408M", "5:40: machine.dax[0].addr: lies partly in boot memory at"
         " 0x40000000..0x60000000"),
        ("addr: 1G", "addr: 1280M", "5:40: machine.dax[0].addr: ends at 0x60000000, where the"
         " firmware keeps its ACPI tables"),
        ("1G, node: 1", "1G, node: 0", "5:50: machine.dax[0].node: boot memory at 0x40000000 is of"
         " another node"),
        ("1G, node: 1", "1G, node: 2", "5:50: machine.dax[0].node: no node 2: nodes are 0..1"),
        ("node: 1}", "node: 1, driver: pmem}", "5:61: machine.dax[0].driver: unknown value 'pmem',"
         " did you mean 'kmem'? (known: kmem, device_dax, none)"),
        ("block: 4M", "block: 3M", "6:45: machine.virtio_mem[0].block: 3M: expected a power of two,"
         " 1M or more"),
        ("requested: 8M", "requested: 6M", "6:60: machine.virtio_mem[0].requested: 6M: expected"
         " whole blocks of the device, at most its size"),
        ("id: vmem0, size", "id: dax0.0, size", "5:14: machine.dax[0].id: there is already a"
         " device 'dax0.0'"),
        ("to: 512M", "to: 2G", "9:29: steps[1].resize.to: 2G: expected whole blocks of 4M, at most"
         " 1G"),
        ("- unbind: {id: dax0.0}", "- unbind: {id: dax1.0}", "8:18: steps[0].unbind.id: unknown dax"
         " device 'dax1.0', did you mean 'dax0.0'? (known: dax0.0)"),
        ("- unbind: {id: dax0.0}", "- unplug: {id: dax0.0}", "8:18: steps[0].unplug.id: 'dax0.0' is"
         " no DIMM; only a DIMM can be unplugged"),
    ],
)  # fmt: skip
def test_one_mistake(
    mistakes: Callable[[str], list[str]], old: str, new: str, problem: str
) -> None:
    assert CASE.count(old) == 1
    first = mistakes(CASE.replace(old, new))[0]
    assert first == problem


def test_a_recording(tmp_path: Path) -> None:
    line = (recording.SHIPPED / "v6.12.jsonl").read_text(encoding="utf-8").partition("\n")[0]
    trace = json.loads(line)
    trace["machine"]["nodes"], trace["machine"]["dimms"] = ["1536M"], []
    trace["machine"]["dax"] = [{"id": "dax0.0", "size": "256M", "addr": "1G"}]
    trace["boot"]["devices"] = {"dax0.0": "kmem"}
    trace["steps"] = [
        {
            "do": {"unbind": {"id": "dax0.0"}},
            "result": None,
            "changed": {"devices": {"dax0.0": "none"}},
        }
    ]
    file = tmp_path / "mine.jsonl"
    file.write_text(json.dumps(trace) + "\n")
    (mine,) = read_recordings(file)
    assert mine.machine.dax == (Dax("dax0.0", parse_size("256M"), addr=GIB),)
    assert mine.boot.devices == {"dax0.0": "kmem"}
    assert mine.steps[0].observation.devices == {"dax0.0": "none"}
