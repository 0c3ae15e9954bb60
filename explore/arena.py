"""Arenas: a small machine, and the alphabet of steps that an exploration tries in every state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from zonediff.engine.errors import ZonediffError
from zonediff.engine.machine import Dimm, Machine, first_free
from zonediff.engine.managed_devices import Dax, VirtioMem, whole_blocks
from zonediff.engine.steps import (
    Bind,
    Fill,
    HypervAdd,
    Plug,
    Probe,
    Resize,
    Step,
    Unbind,
    Unplug,
    Write,
    XenAdd,
    block_numbers,
    is_ranges,
)
from zonediff.engine.units import GIB, MIB, SECTION, Bytes, format_size

AlphabetPart = Literal["state", "online", "unplug", "plug", "driver", "knob"]
"""A part of an alphabet: writes of all four values to each block's `state`; writes of 1 and 0 to
its `online`; ejecting each DIMM; plugging it; unbinding each dax device from kmem and binding it,
and resizing each virtio-mem device by quarters; writes of the same four values to the knob."""

ALPHABET_PARTS: Final[tuple[AlphabetPart, ...]] = get_args(AlphabetPart)
_BLOCK_FILE: Final = re.compile("memory([0-9]+)/")

STATE_VALUES: Final = ("online", "online_kernel", "online_movable", "offline")


@dataclass(frozen=True, slots=True)
class Arena:
    """A machine and the steps that are tried in every state.

    dimms: the DIMMs that `plug` may add to those of the machine; their addresses may overlap.
    boot_blocks: the blocks of boot memory that steps may name, too.
    steps: further steps, after those of the alphabet.
    symmetry: the nodes that are interchangeable, with their DIMMs; empty for no symmetry.
    """

    name: str
    machine: Machine
    dimms: tuple[Dimm, ...] = ()
    alphabet: tuple[AlphabetPart, ...] = ("state", "unplug")
    boot_blocks: tuple[int, ...] = ()
    steps: tuple[Step, ...] = ()
    symmetry: tuple[int, ...] = ()

    @property
    def all_dimms(self) -> tuple[Dimm, ...]:
        """Every DIMM that the machine may have, with its address."""
        added = {
            step.id: step for step in self.steps if isinstance(step, Plug | HypervAdd | XenAdd)
        }
        from_steps = [
            Dimm(id, step.size, step.node, getattr(step, "addr", None))
            for id, step in added.items()
        ]
        regions = tuple(map(_range_of, self.machine.virtio_mem))
        dimms = (*self.machine.dimms, *self.dimms, *from_steps)
        return placed(self.machine, (*regions, *dimms))[len(regions) :]

    def dimms_of(self, node: int) -> list[Dimm]:
        """Return every DIMM that a node may have, by address."""
        return sorted(
            (dimm for dimm in self.all_dimms if dimm.node == node), key=lambda dimm: dimm.addr or 0
        )

    @property
    def managed(self) -> tuple[Dimm, ...]:
        """The place of every dax and virtio-mem device of the machine."""
        virtio_mem, dimms, dax = self.machine.virtio_mem, self.machine.dimms, self.machine.dax
        devices: list[Dimm | Dax | VirtioMem] = [*virtio_mem, *dimms, *dax]
        places = placed(self.machine, tuple(map(_range_of, devices)))
        return (*places[: len(virtio_mem)], *places[len(virtio_mem) + len(dimms) :])

    @property
    def managed_ids(self) -> tuple[str, ...]:
        """The ids of the dax and virtio-mem devices of the machine."""
        return tuple(place.id for place in self.managed)

    @property
    def about(self) -> str:
        """The machine and its steps, as a sentence for reports."""
        boot = ", ".join(
            f"node {node} with {format_size(size)}" for node, size in enumerate(self.machine.nodes)
        )
        at_boot = {dimm.id for dimm in self.machine.dimms}
        dimms = [
            f"{dimm.id} of {format_size(dimm.size)} on node {dimm.node}"
            + ("" if dimm.id in at_boot else ", to be plugged")
            for dimm in self.all_dimms
        ]
        kinds = {device.id: "dax device" for device in self.machine.dax}
        dimms += [
            f"{kinds.get(place.id, 'virtio-mem device')} {place.id} of {format_size(place.size)} "
            f"on node {place.node}"
            for place in self.managed
        ]
        cmdline = (f" ({self.machine.cmdline})" if self.machine.cmdline else "") + "; "
        steps = ["steps: " + ", ".join(self.alphabet)]
        if self.symmetry:
            steps.append(f"interchangeable: nodes {and_list(self.symmetry)}")
        return boot + cmdline + "; ".join([*dimms, *steps])

    @property
    def blocks(self) -> tuple[int, ...]:
        """The memory blocks of all devices, and those of boot memory, ascending."""
        blocks = {
            block
            for dimm in self.all_dimms
            if dimm.addr is not None
            for block in range(dimm.addr // SECTION, (dimm.addr + dimm.size) // SECTION)
        }
        for place in self.managed:
            blocks.update(whole_blocks(place.addr or 0, place.size, SECTION))
        blocks.update(self.boot_blocks, *map(_named, self.steps))
        return tuple(sorted(blocks))

    @property
    def actions(self) -> tuple[Step, ...]:
        """The steps in a fixed order; of several shortest sequences the first in it is chosen."""
        steps: list[Step] = []
        for part in ALPHABET_PARTS:
            if part in self.alphabet:
                steps += self._steps(part)
        return (*steps, *self.steps)

    def _steps(self, part: AlphabetPart) -> list[Step]:
        if part == "state":
            return [Write(f"memory{b}/state", v) for b in self.blocks for v in STATE_VALUES]
        if part == "online":
            return [Write(f"memory{b}/online", v) for b in self.blocks for v in ("1", "0")]
        if part == "unplug":
            return [Unplug(dimm.id) for dimm in self.all_dimms]
        if part == "plug":
            return [Plug(d.id, d.size, d.node, d.addr) for d in self.all_dimms]
        if part == "driver":
            dax = [verb(device.id) for device in self.machine.dax for verb in (Unbind, Bind)]
            return [*dax, *_resizes(self.machine)]
        return [Write("auto_online_blocks", value) for value in STATE_VALUES]


def _resizes(machine: Machine) -> list[Resize]:
    """Resizing each virtio-mem device to nothing and by quarters up to its whole region."""
    return [
        Resize(device.id, Bytes(device.size * quarters // 4 // device.block * device.block))
        for device in machine.virtio_mem
        for quarters in range(5)
    ]


class ArenaError(ZonediffError):
    """An arena cannot be explored; the message says why."""


def _named(step: Step) -> Iterable[int]:
    """Return the blocks that a step names by number."""
    if isinstance(step, Write) and (match := _BLOCK_FILE.match(step.file)):
        return (int(match[1]),)
    if isinstance(step, Fill) and is_ranges(step.blocks):
        return block_numbers(step.blocks)
    return (step.addr // SECTION,) if isinstance(step, Probe) else ()


def and_list(nodes: Sequence[int]) -> str:
    """Return numbers as in a sentence: `1, 2 and 3`."""
    *most, last = map(str, nodes)
    return f"{', '.join(most)} and {last}" if most else last


def placed(machine: Machine, dimms: tuple[Dimm, ...]) -> tuple[Dimm, ...]:
    """Return the DIMMs with the addresses that they get when plugged in this order."""
    ranges: list[tuple[int, int]] = []
    with_addresses = []
    for dimm in dimms:
        address = dimm.addr
        if address is None:
            address = Bytes(first_free(machine.hotplug_base, dimm.size, ranges))
        ranges.append((address, address + dimm.size))
        with_addresses.append(Dimm(dimm.id, dimm.size, dimm.node, address))
    return tuple(with_addresses)


def _range_of(device: Dimm | Dax | VirtioMem) -> Dimm:
    """A DIMM that takes the same addresses as a device."""
    return Dimm(device.id, device.size, device.node, device.addr)


def _guest(*nodes: int) -> tuple[Bytes, ...]:
    return tuple(Bytes(size) for size in nodes)


def _dimm(id: str, blocks: int, node: int = 0) -> Dimm:
    return Dimm(id, Bytes(blocks * SECTION), node)


STANDARD: Final[dict[str, Arena]] = {
    arena.name: arena
    for arena in (
        Arena("two-blocks", Machine(_guest(GIB), (_dimm("dimm1", 2),)), alphabet=("state",)),
        Arena("one-dimm", Machine(_guest(GIB), (_dimm("dimm1", 4),))),
        Arena(
            "one-dimm-online-file",
            Machine(_guest(GIB), (_dimm("dimm1", 3),)),
            alphabet=("state", "online", "unplug"),
        ),
        Arena("two-dimms", Machine(_guest(GIB), (_dimm("dimm1", 2), _dimm("dimm2", 2)))),
        Arena(
            "two-nodes",
            Machine(_guest(512 * MIB, 512 * MIB), (_dimm("dimm1", 2), _dimm("dimm2", 2, 1))),
        ),
        Arena(
            "hotplug",
            Machine(_guest(GIB)),
            (_dimm("dimm1", 2), _dimm("dimm2", 1)),
            ("state", "unplug", "plug", "knob"),
        ),
        Arena("eight-blocks", Machine(_guest(GIB), (_dimm("dimm1", 8),)), alphabet=("state",)),
        Arena(
            "dax",
            Machine(_guest(1536 * MIB), dax=(Dax("dax0.0", Bytes(2 * SECTION), addr=Bytes(GIB)),)),
            alphabet=("state", "driver", "knob"),
        ),
        Arena(
            "virtio-mem",
            Machine(_guest(GIB), virtio_mem=(VirtioMem("vmem0", Bytes(2 * SECTION)),)),
            alphabet=("state", "driver", "knob"),
        ),
    )
}
"""The standard arenas, by name."""
