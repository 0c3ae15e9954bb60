"""The JSON form of a scenario's parts, as results and recordings hold them, and its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final, TypeVar

from zonediff.corpus.scenario import Goal, Predicate, ScenarioStep
from zonediff.engine.machine import BootMemory, Config, Dimm, Machine
from zonediff.engine.managed_devices import Dax, VirtioMem
from zonediff.engine.units import format_address, format_size, parse_size

Device = TypeVar("Device", Dax, VirtioMem)


def machine_to_json(machine: Machine) -> dict[str, Any]:
    """Return a machine as JSON values, as in results."""
    return {
        "nodes": [format_size(size) for size in machine.nodes],
        "cmdline": machine.cmdline,
        "dimms": [_dimm_to_json(dimm) for dimm in machine.dimms],
        "config": _config_to_json(machine.config),
        "platform": machine.platform,
        "physical_bits": machine.physical_bits,
        **_free_layout_to_json(machine),
    }


def _free_layout_to_json(machine: Machine) -> dict[str, Any]:
    """Return what only some machines have; left out otherwise, so that hashes stay as they are."""
    parts: dict[str, Any] = {}
    if machine.memory:
        parts["memory"] = [
            {"addr": format_address(part.addr), "size": format_size(part.size), "node": part.node}
            for part in machine.memory
        ]
    if machine.cpus:
        parts["cpus"] = list(machine.cpus)
    if machine.free_memory is not None:
        parts["free_memory"] = format_size(machine.free_memory)
    return {**parts, **managed_devices_to_json(machine)}


def managed_devices_to_json(machine: Machine) -> dict[str, Any]:
    """Return a machine's dax and virtio-mem devices as recordings hold them; empty for none."""
    devices: dict[str, Sequence[Dax | VirtioMem]] = {
        "dax": machine.dax,
        "virtio_mem": machine.virtio_mem,
    }
    return {key: [_written(item) for item in items] for key, items in devices.items() if items}


_FIRST_OPTIONS: Final = ("MOVABLE_NODE", "MEMORY_HOTPLUG_DEFAULT_ONLINE")
"""Options that are always written; a later option is written only if it differs from its default.

So a new option changes no hash of a scenario, and older results stay comparable.
"""


def _config_to_json(config: Config) -> dict[str, bool]:
    return {
        item.name: getattr(config, item.name)
        for item in fields(config)
        if item.name in _FIRST_OPTIONS or getattr(config, item.name) != item.default
    }


def machine_from_json(body: Mapping[str, Any], config: Mapping[str, bool] | None = None) -> Machine:
    """Read the machine of a result or a recording.

    config: the build options, for a recording, which keeps them beside the machine.
    Raises KeyError, TypeError or ValueError if `body` is not the JSON form of a machine.
    """
    return Machine(
        nodes=tuple(parse_size(size) for size in body["nodes"]),
        dimms=tuple(_dimm_from_json(dimm) for dimm in body["dimms"]),
        cmdline=body["cmdline"],
        config=Config(**(config if config is not None else body.get("config", {}))),
        platform=body.get("platform", "kvm"),
        physical_bits=body.get("physical_bits", 40),
        memory=tuple(
            BootMemory(parse_size(part["addr"]), parse_size(part["size"]), part["node"])
            for part in body.get("memory", ())
        ),
        cpus=tuple(body.get("cpus", ())),
        free_memory=parse_size(body["free_memory"]) if "free_memory" in body else None,
        dax=tuple(_device(Dax, part) for part in body.get("dax", ())),
        virtio_mem=tuple(_device(VirtioMem, part) for part in body.get("virtio_mem", ())),
    )


def step_to_json(step: ScenarioStep) -> dict[str, Any]:
    """Return a step as `{"do": {verb: ...}}`, with its `name` if it has one."""
    named = {} if step.name is None else {"name": step.name}
    return {"do": step.do.to_json(), **named}


def goal_to_json(goal: Goal) -> dict[str, Any]:
    """Return a goal as in scenario files: `want`, and its predicate's fields without defaults."""
    given = {} if goal.given is None else {"given": _check_to_json(goal.given)}
    return {"want": goal.want, **_check_to_json(goal.check), **given}


def _check_to_json(check: Predicate) -> dict[str, Any]:
    first, *optional = fields(check)
    form = {first.name: getattr(check, first.name)}
    for item in optional:
        value = getattr(check, item.name)
        if value != item.default:
            form[item.name] = value
    return form


def content_hash(machine: Machine, steps: Sequence[ScenarioStep], goals: Sequence[Goal]) -> str:
    """Return the SHA-256 over machine, steps and goals; wording and layout do not change it."""
    meaning = {
        "machine": machine_to_json(machine),
        "steps": [step_to_json(step) for step in steps],
        "goals": [goal_to_json(goal) for goal in goals],
    }
    text = json.dumps(meaning, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _dimm_to_json(dimm: Dimm) -> dict[str, Any]:
    form: dict[str, Any] = {"id": dimm.id, "size": format_size(dimm.size), "node": dimm.node}
    if dimm.addr is not None:
        form["addr"] = format_address(dimm.addr)
    return form


def _dimm_from_json(body: Mapping[str, Any]) -> Dimm:
    addr = body.get("addr")
    return Dimm(
        id=body["id"],
        size=parse_size(body["size"]),
        node=body["node"],
        addr=None if addr is None else parse_size(addr),
    )


_SIZES: Final = ("size", "block", "requested")
"""The keys of a device that are sizes; `addr` is an address."""


def _written(device: Dax | VirtioMem) -> dict[str, Any]:
    """Return a device as a mapping, without what is as by default."""
    form: dict[str, Any] = {}
    for item in fields(device):
        value = getattr(device, item.name)
        if value == item.default:
            continue
        if item.name == "addr":
            value = format_address(value)
        form[item.name] = format_size(value) if item.name in _SIZES else value
    return form


def _device(shape: type[Device], body: Mapping[str, Any]) -> Device:
    """Undo _written(). Raises KeyError, TypeError or ValueError."""
    sizes = {key: parse_size(body[key]) for key in (*_SIZES, "addr") if key in body}
    return shape(**{**body, **sizes})
