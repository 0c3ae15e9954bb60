"""The chance in a recording: what it decided there is an input to a model.

A page of the kernel cannot be migrated, and lies where it happened to be allocated. It keeps a
block online, or a part of a virtio-mem device plugged. And a kernel without free memory survives
until a process needs a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from zonediff.compare.comparable import BUSY, same_zone
from zonediff.corpus.recording import RecordedStep
from zonediff.engine.devices import VirtioMemDevice
from zonediff.engine.guest import Guest
from zonediff.engine.machine import strtobool
from zonediff.engine.managed_devices import plugged_size
from zonediff.engine.memory import PINNED, Memory
from zonediff.engine.observe import observe
from zonediff.engine.processes import can_kill
from zonediff.engine.run import Runner
from zonediff.engine.steps import Plug, Probe, Resize, Step, Unplug, Write
from zonediff.engine.sysfs import block_of
from zonediff.engine.units import format_size
from zonediff.engine.virtio_mem import device_of
from zonediff.engine.zones import Zone


def give_inputs(runner: Runner, step: RecordedStep, number: int) -> Iterator[str]:
    """Give the model what was chance on the kernel; say what the model would not expect."""
    kernel = runner.guest.kernel
    memory = kernel.tables
    match step.do:
        case Plug() | Probe():
            kernel.memory_is_needed = step.result != "ENOMEM"
            if not kernel.memory_is_needed and not can_kill(kernel):
                yield f"step {number}: no process needs memory after the add that failed"
        case Write(file, _) if (block := block_of(file)) is not None:
            if step.result in BUSY:
                yield from _pin(memory, block, number)
            elif memory.has(block):
                memory.status[block] &= ~PINNED
        case Unplug(id) if id in runner.guest.devices:
            device_blocks = runner.guest.blocks(id)
            online = [
                block for block in device_blocks if memory.has(block) and memory.is_online(block)
            ]
            for block in online:
                memory.status[block] &= ~PINNED
            # It is partly chance whether an eject that does not drain fails: take it from the
            # kernel.
            kernel.ejects_drain = True
            if step.result != "REFUSED":
                return
            stayed = [
                b
                for b in online
                if same_zone(step.observation.block(b), runner.observation.block(b))
            ]
            # Movable blocks are the cause only if no others are online.
            not_movable = [block for block in stayed if memory.zone(block) is not Zone.MOVABLE]
            for block in not_movable or stayed:
                yield from _pin(memory, block, number)
        case Resize(id) if isinstance(runner.guest.devices.get(id), VirtioMemDevice):
            yield from _keep_busy_parts(runner.guest, step, id, number)


def _keep_busy_parts(guest: Guest, step: RecordedStep, id: str, number: int) -> Iterator[str]:
    """Give the model how much of the blocks of a virtio-mem device the kernel could not give back.

    A kernel shows which blocks stay, and how much stays plugged of all of them.
    """
    size = guest.block_size
    tables = guest.kernel.tables
    device = device_of(guest.kernel, id)
    online = [block for block in guest.blocks(id) if tables.has(block) and tables.is_online(block)]
    for block in online:
        tables.status[block] &= ~PINNED
    before = observe(guest.kernel)
    kept = [
        device.unit_of(block, size)
        for block in online
        if same_zone(step.observation.block(block), before.block(block))
    ]
    predicted = _resized(guest, step.do, id)
    busy = [0] * len(device.plugged)
    for unit in kept:
        busy[unit] = int(not predicted.plugged[unit])
    guest.devices[id] = replace(device, busy=tuple(busy))
    predicted = _resized(guest, step.do, id)
    plugged = plugged_size(step.observation.devices.get(id, ""))
    excess = (plugged - predicted.plugged_size) // device.granule
    for unit in kept:
        count = predicted.plugged[unit].bit_count()
        more = min(excess, device.plugged[unit].bit_count() - count)
        if more > 0:
            busy[unit] = count + more
            excess -= more
    guest.devices[id] = replace(device, busy=tuple(busy))
    for unit, count in enumerate(busy):
        if count:
            block, held = device.unit_start(unit) // size, format_size(count * device.granule)
            yield f"step {number}: {held} of block {block} cannot be unplugged"


def _resized(guest: Guest, step: Step, id: str) -> VirtioMemDevice:
    """The device after the step, which a copy of the guest does."""
    twin = guest.copy()
    twin.do(step)
    return device_of(twin.kernel, id)


def hangs_by_chance(runner: Runner, step: RecordedStep) -> bool:
    """Whether a kernel hangs in offlining kernel memory, where that was seen to happen."""
    guest, memory = runner.guest, runner.guest.kernel.tables
    if step.result != "hang" or not guest.policy.offlining_may_hang:
        return False
    return any(
        memory.has(block) and memory.is_online(block) and memory.zone(block) is not Zone.MOVABLE
        for block in _offlined(guest, step.do)
    )


def _offlined(guest: Guest, step: Step) -> Sequence[int]:
    """The blocks that a step is to take offline."""
    match step:
        case Unplug(id) if id in guest.devices:
            return guest.blocks(id)
        case Write(file, value) if (block := block_of(file)) is not None:
            name = file.rpartition("/")[2]
            off = {
                "state": value.rstrip("\n") == "offline",
                "online": strtobool(value, guest.policy.switch_letters) is False,
            }
            return [block] if off.get(name) else []
    return ()


def _pin(memory: Memory, block: int, number: int) -> Iterator[str]:
    if memory.has(block) and memory.is_online(block):
        memory.status[block] |= PINNED
        yield f"step {number}: block {block} holds unmovable pages"
