"""Random machines and random steps, which reach states that nobody would write a scenario for.

Steps prefer blocks at the edges of zones, where the rules decide. A step that changed nothing is
not tried again until another step has changed something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from random import Random
from typing import Final

from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.managed_devices import Dax, VirtioMem
from zonediff.engine.observation import BlockView, Observation
from zonediff.engine.steps import Bind, Plug, Probe, Resize, Step, Unbind, Unplug, Write
from zonediff.engine.units import GIB, MIB, SECTION, Bytes
from zonediff.engine.userspace import View
from zonediff.live.guest_spec import Script
from zonediff.live.memory_devices import KMEM, device_ids
from zonediff.live.qemu_arguments import Window

_ONE_NODE: Final = (Bytes(GIB),)
_WITH_MEMORYLESS_NODE: Final = (Bytes(GIB), Bytes(0))

_AROUND_DAX: Final = (Bytes(1536 * MIB),)
_DAX_MIB: Final = (128, 256, 320, 384)
_DAX_ADDR_MIB: Final = (768, 832, 1024, 1088)

_VIRTIO_MEM_MIB: Final = (768, 1024, 2048)
_DEVICE_BLOCK_MIB: Final = (2, 2, 2, 8, 128, 256)
_RESIZING: Final = Bytes(64 * MIB)
"""Sizes of virtio-mem are multiples of this, and of the device's block."""

_DEFAULTS: Final = ("", "", "online", "online_kernel", "online_movable")
_POLICIES: Final = ("", "", "memory_hotplug.online_policy=auto-movable")

_ODD_MIB: Final = (320, 448, 500, 512, 576, 700, 1000)
_SWITCHES: Final = ("", "movable_node", "memory_hotplug.auto_movable_numa_aware=0")
_RATIOS: Final = (
    *("", "memory_hotplug.auto_movable_ratio=50", "memory_hotplug.auto_movable_ratio=100"),
    "memory_hotplug.auto_movable_ratio=1000",
)

AS_BUILT: Final = "as-built"
"""The kind of machine whose kernel does what its config says with added memory."""

PROBE: Final = "probe"
"""The kind of machine that tests nothing on a kernel without CONFIG_ARCH_MEMORY_PROBE."""

MACHINE_KINDS: Final[dict[str, Callable[[Random], Machine]]] = {
    "one-node": lambda rng: Machine(_ONE_NODE),
    "one-node-cold": lambda rng: Machine(_ONE_NODE, dimms=_cold(rng, 1)),
    "two-nodes": lambda rng: Machine((Bytes(512 * MIB), Bytes(512 * MIB))),
    "memoryless-node": lambda rng: Machine(_WITH_MEMORYLESS_NODE),
    "movable-node": lambda rng: Machine(_WITH_MEMORYLESS_NODE, cmdline="movable_node"),
    "kernelcore": lambda rng: Machine(_ONE_NODE, cmdline="kernelcore=512M"),
    "big-base": lambda rng: Machine((Bytes(5 * GIB),)),
    "auto-online-boot": lambda rng: Machine(_ONE_NODE, cmdline="memhp_default_state=online"),
    AS_BUILT: lambda rng: Machine(_ONE_NODE),
    "odd-sizes": lambda rng: Machine(_odd_nodes(rng), cmdline=rng.choice(_SWITCHES)),
    "auto-movable": lambda rng: Machine(_ONE_NODE, cmdline=_auto_movable(rng)),
    "auto-movable-nodes": lambda rng: Machine(_odd_nodes(rng), cmdline=_auto_movable(rng)),
    "memmap-on-memory": lambda rng: Machine(_ONE_NODE, cmdline="memory_hotplug.memmap_on_memory=1"),
    PROBE: lambda rng: Machine(_ONE_NODE, dimms=_cold(rng, 2), cmdline="acpi_no_memhotplug"),
    "dax": lambda rng: Machine(_AROUND_DAX, dax=(_dax(rng),), cmdline=_onlining(rng)),
    "virtio-mem": lambda rng: Machine(
        _ONE_NODE, virtio_mem=(_virtio_mem(rng),), cmdline=_onlining(rng)
    ),
}
"""The machines that random steps run on, by the name of their kind."""

_POSITIONS: Final = 64
"""Sections above boot memory at which a DIMM may start."""

WINDOW: Final = Window(slots=64, size=(_POSITIONS + 8) * SECTION)
"""Room for the DIMMs of any random steps."""

_SECTIONS: Final = (1, 2, 3, 3, 4, 5, 6, 8)
"""Sizes of DIMMs, in sections; three is the smallest that has an inner block."""

_VALUES: Final = {
    "offline": ("online", "online_kernel", "online_movable", "online_movable"),
    "online": ("offline", "offline", "offline", "online_kernel", "online_movable", "online"),
}
"""The values to write to `state`, by its content."""

_KNOB: Final = ("online", "offline", "online_kernel", "online_movable", "bogus")

_OFFLINE_FIRST: Final = 0.9
"""The share of unbinds with memory online before which a block goes offline."""

_ADDING: Final = 0.15
_ADDING_BY_DRIVER: Final = 0.4
"""The share of steps that have memory added, when some was added before."""

_TRIES: Final = 50
"""After so many draws of steps that were already tried, the last one is tried again."""


def random_script(kind: str, rng: Random, number: int) -> tuple[Machine, Script]:
    """Return a machine of a kind, and a script of `number` random steps for it."""
    machine = MACHINE_KINDS[kind](rng)
    return machine, partial(_run_random_steps, machine, rng, number)


def _run_random_steps(machine: Machine, rng: Random, number: int, view: View) -> Iterator[Step]:
    return _RandomSteps(machine, rng, view).steps(number)


def _odd_nodes(rng: Random) -> tuple[Bytes, ...]:
    """Nodes of odd sizes: blocks that lie in two of them, or are there in part."""
    return tuple(Bytes(rng.choice(_ODD_MIB) * MIB) for _ in range(rng.randint(1, 3)))


def _auto_movable(rng: Random) -> str:
    """Parameters of the policy auto-movable (kernels before 5.15 ignore them)."""
    words = ["memory_hotplug.online_policy=auto-movable", rng.choice(_RATIOS)]
    return " ".join(filter(None, [*words, rng.choice(_SWITCHES)]))


def _onlining(rng: Random) -> str:
    """Parameters by which the kernel onlines what a driver adds."""
    default = rng.choice(_DEFAULTS)
    words = [default and f"memhp_default_state={default}", rng.choice(_POLICIES)]
    return " ".join(filter(None, words))


def _dax(rng: Random) -> Dax:
    """A dax device in boot memory; blocks at its ends may lie in it in part."""
    size, addr = (Bytes(rng.choice(some) * MIB) for some in (_DAX_MIB, _DAX_ADDR_MIB))
    return Dax("dax0.0", size, addr=addr)


def _virtio_mem(rng: Random) -> VirtioMem:
    block = Bytes(rng.choice(_DEVICE_BLOCK_MIB) * MIB)
    device = VirtioMem("vmem0", Bytes(rng.choice(_VIRTIO_MEM_MIB) * MIB), block)
    return replace(device, requested=rng.choice([Bytes(0), _requested(device, rng)]))


def _requested(device: VirtioMem, rng: Random) -> Bytes:
    """A size that virtio-mem can be asked for."""
    unit = max(device.block, _RESIZING)
    return Bytes(rng.randrange(device.size // unit + 1) * unit)


def _cold(rng: Random, most: int) -> tuple[Dimm, ...]:
    return tuple(Dimm(f"dimm{number}", _size(rng)) for number in range(rng.randint(1, most)))


def _size(rng: Random) -> Bytes:
    return Bytes(rng.choice(_SECTIONS) * SECTION)


class _RandomSteps:
    """Draws steps one at a time, each from the state of the machine at that moment."""

    def __init__(self, machine: Machine, rng: Random, view: View) -> None:
        self.machine = machine
        self.rng = rng
        self.view = view
        self.boot = {number for number, _ in view.look().each()}
        self.boot -= {block for id in device_ids(machine) for block in view.blocks(id)}
        self.plugged = [dimm.id for dimm in machine.dimms]
        self.number = len(machine.dimms)
        self.probes = machine.has_parameter("acpi_no_memhotplug")
        self.tried: set[Step] = set()

    def steps(self, number: int) -> Iterator[Step]:
        """Yield `number` steps; each must be done before the next is taken."""
        observation = self.view.look()
        for _ in range(number):
            step = self._fresh_step()
            yield step
            before, observation = observation, self.view.look()
            if observation != before:
                self.tried.clear()
            self.tried.add(step)
            self._note(step)

    def _note(self, step: Step) -> None:
        """Keep track of the plugged DIMMs."""
        if isinstance(step, Plug):
            self.number += 1
            self.plugged.append(step.id)
        elif isinstance(step, Unplug) and not self._is_present(step.id):
            self.plugged.remove(step.id)

    def _fresh_step(self) -> Step:
        for _ in range(_TRIES):
            step = self._step()
            if step not in self.tried:
                break
        return step

    def _step(self) -> Step:
        observation = self.view.look()
        kind = self.rng.random()
        added = any(number not in self.boot for number, _ in observation.each())
        managed = self.machine.dax or self.machine.virtio_mem
        if kind < ((_ADDING_BY_DRIVER if managed else _ADDING) if added else 0.75):
            return self._add()
        if kind < 0.23 and (removal := self._removal()):
            return removal
        if kind < 0.30:
            other_values = [value for value in _KNOB if value != observation.auto_online_blocks]
            return Write("auto_online_blocks", self.rng.choice(other_values))
        block, view = self.rng.choice(self._candidates(observation))
        if kind < 0.38:
            other = "0" if view.online == "1" else "1"
            return Write(f"memory{block}/online", self.rng.choice([other, other, view.online]))
        return Write(f"memory{block}/state", self.rng.choice(_VALUES[view.state]))

    def _add(self) -> Step:
        """Have memory added, in the way in which this machine gets it."""
        if self.machine.dax:
            return self._bind_or_unbind()
        if self.machine.virtio_mem:
            return self._resize()
        return self._probe() if self.probes else self._plug()

    def _removal(self) -> Step | None:
        """Have memory removed; None where there is none to remove."""
        if self.machine.dax:
            return self._bind_or_unbind()
        if self.machine.virtio_mem:
            return self._resize()
        if self.plugged and not self.probes:
            return Unplug(self.rng.choice(self.plugged))
        return None

    def _resize(self) -> Resize:
        device = self.rng.choice(self.machine.virtio_mem)
        return Resize(device.id, _requested(device, self.rng))

    def _bind_or_unbind(self) -> Step:
        """Give a device to kmem, or take it away; before that, mostly, a block goes offline.

        Memory that is online when it is taken away stays until the next boot.
        """
        id, observation = self.rng.choice(self.machine.dax).id, self.view.look()
        if observation.devices[id] != KMEM:
            return Bind(id)
        views = {block: observation.block(block) for block in self.view.blocks(id)}
        online = [block for block, view in views.items() if view and view.state == "online"]
        if online and self.rng.random() < _OFFLINE_FIRST:
            return Write(f"memory{self.rng.choice(online)}/state", "offline")
        return Unbind(id)

    def _candidates(self, observation: Observation) -> list[tuple[int, BlockView]]:
        """Return the blocks to choose from: any, or at edges, or added, or added and at edges."""
        everywhere = list(observation.each())
        edges = {number for item in observation.blocks for number in (item.first, item.last)}
        at_edges = [item for item in everywhere if item[0] in edges]
        added = [item for item in everywhere if item[0] not in self.boot]
        at_added_edges = [item for item in added if item[0] in edges]
        pools = [everywhere, at_edges, added or at_edges, at_added_edges or at_edges]
        return self.rng.choices(pools, weights=(1, 1, 2, 6))[0]

    def _plug(self) -> Plug:
        """Plug a DIMM into free address space, preferably next to another DIMM."""
        size = _size(self.rng)
        base, count = self.machine.hotplug_base // SECTION, size // SECTION
        taken = {block for id in self.plugged for block in self.view.blocks(id)}
        free = [
            first
            for first in range(base, base + _POSITIONS)
            if taken.isdisjoint(range(first, first + count))
        ]
        beside = [first for first in free if {first - 1, first + count} & (taken | {base - 1})]
        first = self.rng.choice(self.rng.choice([beside, beside, free]) or [base])
        node = self.rng.randrange(len(self.machine.nodes))
        return Plug(f"dimm{self.number}", size, node, Bytes(first * SECTION))

    def _probe(self) -> Probe:
        """Probe a block of a DIMM that the driver does not add."""
        blocks = [block for dimm in self.machine.dimms for block in self.view.blocks(dimm.id)]
        return Probe(Bytes(self.rng.choice(blocks) * SECTION))

    def _is_present(self, id: str) -> bool:
        observation = self.view.look()
        return any(observation.block(block) is not None for block in self.view.blocks(id))
