"""Checks that an arena can be explored, and that its nodes are interchangeable."""

from __future__ import annotations

from zonediff.engine.kernel import Kernel
from zonediff.engine.steps import (
    Allocate,
    Boot,
    Step,
)
from zonediff.engine.units import KIB, PAGE, SECTION, format_size
from zonediff.explore.arena import Arena, ArenaError


def check_step(step: Step) -> None:
    """Check that a step can be explored. Raises ArenaError."""
    if step.composite or isinstance(step, Allocate | Boot):
        raise ArenaError(
            f"{step.verb!r} cannot be explored: a step must be primitive, and must not reboot or "
            "allocate memory for processes"
        )


def check_block_size(kernel: Kernel) -> None:
    """Check that memory blocks are one section each, as arenas number them. Raises ArenaError."""
    block_size = kernel.tables.block_pages * PAGE
    if block_size != SECTION:
        raise ArenaError(
            f"this machine has memory blocks of {format_size(block_size)}, because its boot "
            "memory ends at 64 GiB or above: explore a machine with less boot memory"
        )


def check_memory(arena: Arena, kernel: Kernel) -> None:
    """Check that a booted kernel can have all DIMMs at once. Raises ArenaError.

    States do not include the amount of free memory. So memory must never run short, even with all
    memmaps allocated, all added memory offline and the boot blocks in play offline.
    """
    devices = (*arena.all_dimms, *arena.managed)
    kib = sum(kernel.policy.memmap_kib(kernel, device.size // SECTION) for device in devices)
    kib += sum(SECTION // KIB for block in arena.blocks if kernel.tables.has(block))
    if kernel.free_kib - kib < kernel.reserve_kib:
        raise ArenaError(
            f"the memmaps of all DIMMs and the boot blocks that go offline take {kib} KiB, but "
            f"only {kernel.free_kib} KiB are free after boot. Exploring does not model a shortage "
            "of memory: give the machine more boot memory or smaller DIMMs"
        )


def asymmetry(arena: Arena) -> str:
    """Return why an arena's nodes are not interchangeable by their DIMMs; empty if they may be.

    Their DIMMs must have the same sizes and distances, and be present at boot alike.
    """
    nodes, last = arena.symmetry, len(arena.machine.nodes) - 1
    if arena.managed:
        return "nodes are interchangeable by their DIMMs alone: leave dax and virtio-mem devices"
    for node in nodes:
        if not 0 <= node <= last:
            return f"there is no node {node}: the machine has nodes 0 to {last}"
    if len(nodes) < 2 or len(set(nodes)) < len(nodes):
        return "expected two different nodes or more"
    at_boot = {dimm.id for dimm in arena.machine.dimms}
    shapes = {}
    for node in nodes:
        dimms = arena.dimms_of(node)
        if not dimms:
            return f"node {node} has no DIMM"
        start = dimms[0].addr or 0
        shapes[node] = [(d.size, (d.addr or 0) - start, d.id in at_boot) for d in dimms]
    for node in nodes[1:]:
        if shapes[node] != shapes[nodes[0]]:
            first, other = (", ".join(map(_shape, shapes[n])) for n in (nodes[0], node))
            return f"node {nodes[0]} has {first}, but node {node} {other}"
    return ""


def _shape(dimm: tuple[int, int, bool]) -> str:
    size, distance, present = dimm
    place = f" {format_size(distance)} above its first" if distance else ""
    return f"a DIMM of {format_size(size)}{place}" + ("" if present else " to be plugged")
