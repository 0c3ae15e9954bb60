"""The amount of work in a scenario, in acts: a bound on it keeps every run short.

An act is counted for each memory block of 128M. With larger blocks there are fewer acts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zonediff.corpus.checks import time
from zonediff.corpus.problems import Mistake
from zonediff.corpus.scenario import ScenarioStep
from zonediff.engine.bounds import ACTS, DEVICES
from zonediff.engine.machine import Machine
from zonediff.engine.steps import (
    Bind,
    Daemon,
    Elapse,
    Fill,
    HypervAdd,
    Offline,
    Online,
    Plug,
    Resize,
    Step,
    Udev,
    Unbind,
    Unplug,
    XenAdd,
    is_ranges,
)
from zonediff.engine.units import SECTION


def amounts(machine: Machine, steps: Sequence[ScenarioStep]) -> Iterator[int]:
    """Yield how many acts each step has at most."""
    devices = {dimm.id: _sections(dimm.size) for dimm in machine.dimms}
    devices |= {device.id: _sections(device.size) for device in machine.dax}
    devices |= {device.id: _sections(device.size) for device in machine.virtio_mem}
    for step in steps:
        yield _amount(step.do, devices)


def device_mistakes(machine: Machine, steps: Sequence[ScenarioStep]) -> Iterator[Mistake]:
    """Check that there are not too many devices; later checks compare each with the others."""
    devices = 0
    for key in ("dimms", "dax", "virtio_mem"):
        devices += len(getattr(machine, key))
        if devices > DEVICES:
            yield Mistake(("machine", key), f"expected at most {DEVICES} {key}", True)
            return
    for index, step in enumerate(steps):
        devices += _devices(step.do)
        if devices > DEVICES:
            message = f"adds more devices than a scenario can have: expected at most {DEVICES}"
            yield Mistake(("steps", index, step.do.verb), message)
            return


def amount_mistakes(machine: Machine, steps: Sequence[ScenarioStep]) -> Iterator[Mistake]:
    """Check that the steps do not do too much."""
    total = 0
    for index, (step, amount) in enumerate(zip(steps, amounts(machine, steps), strict=True)):
        total += amount
        if total > ACTS:
            message = (
                f"the steps up to here concern {total} memory blocks, each counted once a step; "
                f"expected at most {ACTS}"
            )
            yield Mistake(("steps", index, step.do.verb), message)
            return


def _amount(step: Step, devices: dict[str, int]) -> int:
    """Return how many acts a step has, and enter the devices that it adds."""
    match step:
        case Plug(id=name, size=size) | HypervAdd(id=name, size=size) | XenAdd(id=name, size=size):
            devices[name] = _sections(size)
            return devices[name]
        case Unplug(id=name) | Bind(id=name) | Unbind(id=name) | Resize(id=name):
            return devices.get(name, 1)
        case Online(blocks=blocks) | Offline(blocks=blocks) | Fill(blocks=blocks):
            return _selected(blocks, devices)
        case Udev() | Daemon():
            return sum(devices.values())
        case Elapse():
            added = 0
            for key, host in time.hosts(step):
                for name, size in time.pieces(key, host):
                    devices[name] = _sections(size)
                    added += devices[name]
            return added + sum(devices.values())
        case _:
            return 1


def _devices(step: Step) -> int:
    match step:
        case Plug() | HypervAdd() | XenAdd():
            return 1
        case Elapse():
            return sum(1 for key, host in time.hosts(step) for _ in time.pieces(key, host))
        case _:
            return 0


def _selected(blocks: str, devices: dict[str, int]) -> int:
    if not is_ranges(blocks):
        return sum(devices.values()) if blocks == "added" else devices.get(blocks, 1)
    ranges = [part.partition("-") for part in blocks.split(",")]
    return sum(int(last or first) - int(first) + 1 for first, _, last in ranges)


def _sections(size: int) -> int:
    return -(-size // SECTION)
