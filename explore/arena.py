"""Where variants are explored: a small machine, the steps that may happen to it, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from zonediff.engine.errors import ZonediffError
from zonediff.engine.kernel import Kernel
from zonediff.engine.machine import Dimm, Machine, first_free
from zonediff.engine.pressure import reserve_kib
from zonediff.engine.steps import (
    Allocate,
    Boot,
    Fill,
    HypervAdd,
    Plug,
    Probe,
    Step,
    Unplug,
    Write,
    XenAdd,
    block_numbers,
    is_ranges,
)
from zonediff.engine.units import GIB, KIB, MIB, PAGE, SECTION, Bytes, format_size

Part = Literal["state", "online", "unplug", "plug", "knob"]
"""A part of the alphabet: writes of all four values to each block's `state`; writes of 1 and 0 to
its `online`; ejecting each DIMM; plugging it; writes of the same four values to the knob."""

PARTS: Final[tuple[Part, ...]] = ("state", "online", "unplug", "plug", "knob")
_BLOCK_FILE: Final = re.compile("memory([0-9]+)/")

STATE_VALUES: Final = ("online", "online_kernel", "online_movable", "offline")


@dataclass(frozen=True, slots=True)
class Arena:
    """A machine and the alphabet of steps that are tried in every state.

    dimms: those that `plug` adds, beside those of the machine; they may lie where another one can.
    boot_blocks: blocks of boot memory that steps may name, too.
    steps: further steps, after those of the alphabet.
    symmetry: nodes that are interchangeable, together with their DIMMs (none: no symmetry is used).
    """

    name: str
    machine: Machine
    dimms: tuple[Dimm, ...] = ()
    alphabet: tuple[Part, ...] = ("state", "unplug")
    boot_blocks: tuple[int, ...] = ()
    steps: tuple[Step, ...] = ()
    symmetry: tuple[int, ...] = ()

    @property
    def all_dimms(self) -> tuple[Dimm, ...]:
        """Every DIMM that there can be, placed."""
        added = {
            step.id: step for step in self.steps if isinstance(step, Plug | HypervAdd | XenAdd)
        }
        more = [
            Dimm(id, step.size, step.node, getattr(step, "addr", None))
            for id, step in added.items()
        ]
        return placed(self.machine, (*self.machine.dimms, *self.dimms, *more))

    def dimms_of(self, node: int) -> list[Dimm]:
        """Every DIMM that there can be on a node, ascending."""
        return sorted(
            (dimm for dimm in self.all_dimms if dimm.node == node), key=lambda dimm: dimm.addr or 0
        )

    @property
    def about(self) -> str:
        """The machine and its steps, in words."""
        boot = ", ".join(
            f"node {node} with {format_size(size)}" for node, size in enumerate(self.machine.nodes)
        )
        there = {dimm.id for dimm in self.machine.dimms}
        dimms = [
            f"{dimm.id} of {format_size(dimm.size)} on node {dimm.node}"
            + ("" if dimm.id in there else ", to be plugged")
            for dimm in self.all_dimms
        ]
        said = (f" ({self.machine.cmdline})" if self.machine.cmdline else "") + "; "
        more = ["steps: " + ", ".join(self.alphabet)]
        if self.symmetry:
            more.append(f"interchangeable: nodes {and_list(self.symmetry)}")
        return boot + said + "; ".join([*dimms, *more])

    @property
    def blocks(self) -> tuple[int, ...]:
        """The memory blocks of all DIMMs, and those of boot memory, ascending."""
        found = {
            block
            for dimm in self.all_dimms
            if dimm.addr is not None
            for block in range(dimm.addr // SECTION, (dimm.addr + dimm.size) // SECTION)
        }
        found.update(self.boot_blocks, *map(_named, self.steps))
        return tuple(sorted(found))

    @property
    def actions(self) -> tuple[Step, ...]:
        """The steps, in a fixed order: among sequences of equal length the first is shown."""
        steps: list[Step] = []
        for part in PARTS:
            if part in self.alphabet:
                steps += self._steps(part)
        return (*steps, *self.steps)

    def _steps(self, part: Part) -> list[Step]:
        if part == "state":
            return [Write(f"memory{b}/state", v) for b in self.blocks for v in STATE_VALUES]
        if part == "online":
            return [Write(f"memory{b}/online", v) for b in self.blocks for v in ("1", "0")]
        if part == "unplug":
            return [Unplug(dimm.id) for dimm in self.all_dimms]
        if part == "plug":
            return [Plug(d.id, d.size, d.node, d.addr) for d in self.all_dimms]
        return [Write("auto_online_blocks", value) for value in STATE_VALUES]


class ArenaError(ZonediffError):
    """A machine is not one to explore; the message says why."""


def check_step(step: Step) -> None:
    """See that a step can be explored. Raises ArenaError."""
    if step.composite or isinstance(step, Allocate | Boot):
        raise ArenaError(
            f"{step.verb!r} cannot be explored: steps are to be primitive, and neither reboot nor "
            "take memory for processes"
        )


def _named(step: Step) -> Iterable[int]:
    """The blocks that a step names by number."""
    if isinstance(step, Write) and (match := _BLOCK_FILE.match(step.file)):
        return (int(match[1]),)
    if isinstance(step, Fill) and is_ranges(step.blocks):
        return block_numbers(step.blocks)
    return (step.addr // SECTION,) if isinstance(step, Probe) else ()


def check_block_size(kernel: Kernel) -> None:
    """See that blocks are one section each, as arenas number them. Raises ArenaError."""
    block_size = kernel.tables.block_pages * PAGE
    if block_size != SECTION:
        raise ArenaError(
            f"this machine has memory blocks of {format_size(block_size)}, as its boot memory ends "
            "at 64 GiB or above: explore one with less"
        )


def check_memory(arena: Arena, kernel: Kernel) -> None:
    """See that a booted kernel can have all DIMMs at once. Raises ArenaError.

    Explored states do not hold how much memory is free. So it may never run short: even with all
    memmaps allocated, no added memory online and the boot blocks in play offline.
    """
    kib = sum(kernel.policy.memmap_kib(kernel, dimm.size // SECTION) for dimm in arena.all_dimms)
    kib += sum(SECTION // KIB for block in arena.blocks if kernel.tables.has(block))
    if kernel.free_kib - kib < reserve_kib(arena.machine):
        raise ArenaError(
            f"memmaps of all DIMMs, and boot blocks that go offline, take {kib} KiB, and "
            f"{kernel.free_kib} KiB are free after boot: with memory that short, what a step does "
            "depends on more than is explored; give the machine more boot memory or smaller DIMMs"
        )


def unlike(arena: Arena) -> str:
    """Why nodes that are said to be interchangeable cannot be, by their DIMMs; empty if they can.

    Their DIMMs have to be of the same sizes, at the same distances, and there or not alike.
    """
    nodes, last = arena.symmetry, len(arena.machine.nodes) - 1
    for node in nodes:
        if not 0 <= node <= last:
            return f"there is no node {node}: the machine has nodes 0 to {last}"
    if len(nodes) < 2 or len(set(nodes)) < len(nodes):
        return "expected two different nodes or more"
    there = {dimm.id for dimm in arena.machine.dimms}
    shapes = {}
    for node in nodes:
        dimms = arena.dimms_of(node)
        if not dimms:
            return f"node {node} has no DIMM"
        start = dimms[0].addr or 0
        shapes[node] = [(d.size, (d.addr or 0) - start, d.id in there) for d in dimms]
    for node in nodes[1:]:
        if shapes[node] != shapes[nodes[0]]:
            one, two = (", ".join(map(_shape, shapes[n])) for n in (nodes[0], node))
            return f"node {nodes[0]} has {one}, but node {node} {two}"
    return ""


def _shape(dimm: tuple[int, int, bool]) -> str:
    size, after, there = dimm
    at = f" {format_size(after)} above its first" if after else ""
    return f"a DIMM of {format_size(size)}{at}" + ("" if there else " to be plugged")


def and_list(nodes: Sequence[int]) -> str:
    """Numbers in a sentence: `1, 2 and 3`."""
    *most, last = map(str, nodes)
    return f"{', '.join(most)} and {last}" if most else last


def placed(machine: Machine, dimms: tuple[Dimm, ...]) -> tuple[Dimm, ...]:
    """The DIMMs with the addresses that they get when they are plugged in this order."""
    taken: list[tuple[int, int]] = []
    found = []
    for dimm in dimms:
        at = first_free(machine.hotplug_base, dimm.size, taken) if dimm.addr is None else dimm.addr
        taken.append((at, at + dimm.size))
        found.append(Dimm(dimm.id, dimm.size, dimm.node, Bytes(at)))
    return tuple(found)


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
    )
}
"""The standard small machines, by name."""
