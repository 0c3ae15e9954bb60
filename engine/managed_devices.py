"""The memory devices of a machine that a driver manages: dax devices and virtio-mem devices.

The driver adds their memory (add_memory_driver_managed), and decides which of it is added or
removed when. Plain data, as the machine has it at power-on; a booted kernel's are in
`zonediff.engine.devices`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from zonediff.engine.parameters import MemoryRange
from zonediff.engine.units import KIB, MIB, Bytes, format_size, parse_size

DaxDriver = Literal["kmem", "device_dax", "none"]
"""The driver of a dax device: kmem makes it system RAM, device_dax a file to map."""

DAX_ALIGNMENT: Final = 2 * MIB
"""A dax device begins and ends at multiples of 2 MiB (PMD_SIZE), whatever a memory block is."""

ACPI_TABLES: Final = 128 * KIB
"""Bytes at the top of low memory that QEMU's firmware keeps for ACPI tables."""

_2M: Final = Bytes(2 * MIB)
_NOTHING: Final = Bytes(0)
_SIZES: Final = re.compile(r"(\S+) requested, (\S+) plugged")

Problem = tuple[tuple[str | int, ...], str]
"""A mistake: the path of the key in the machine, and what is wrong."""


@dataclass(frozen=True, slots=True)
class Dax:
    """A dax device: size and address in bytes; no address means the first place for DIMMs.

    If the address lies in boot memory, the firmware reports that range as Soft Reserved, and it is
    no boot memory. driver: the one that has it after boot. memmap_on_memory: whether kmem asks
    for the memmap to be in the device's own blocks.
    """

    id: str
    size: Bytes
    node: int = 0
    addr: Bytes | None = None
    driver: DaxDriver = "kmem"
    memmap_on_memory: bool = False


@dataclass(frozen=True, slots=True)
class VirtioMem:
    """A virtio-mem device, in bytes; no address means the first place for DIMMs.

    size: of its region. block: the unit in which it plugs and unplugs. requested: how much the
    hypervisor asks for at power-on.
    """

    id: str
    size: Bytes
    block: Bytes = _2M
    requested: Bytes = _NOTHING
    node: int = 0
    addr: Bytes | None = None


def whole_blocks(start: int, size: int, block_size: int) -> range:
    """Return the memory blocks that lie in a range of bytes as a whole (dax_kmem_range)."""
    return range(-(-start // block_size), (start + size) // block_size)


def virtio_mem_sizes(requested: int, plugged: int) -> str:
    """Return the sizes of a virtio-mem device, in bytes, as an Observation has them."""
    return f"{format_size(requested)} requested, {format_size(plugged)} plugged"


def plugged_size(sizes: str) -> int:
    """Return the plugged bytes of a text of virtio_mem_sizes(); 0 for any other text."""
    match = _SIZES.fullmatch(sizes)
    with suppress(ValueError):
        return parse_size(match[2]) if match else 0
    return 0


class Layout(Protocol):
    """The parts of a machine by which its devices are checked."""

    @property
    def nodes(self) -> Sequence[int]: ...
    @property
    def dax(self) -> Sequence[Dax]: ...
    @property
    def virtio_mem(self) -> Sequence[VirtioMem]: ...
    @property
    def firmware_ranges(self) -> Sequence[MemoryRange]: ...
    @property
    def node_numbers(self) -> Sequence[int]: ...
    @property
    def hotplug_base(self) -> int: ...
    @property
    def memory(self) -> Sequence[object]: ...
    @property
    def low_ram(self) -> int: ...


def managed_problems(machine: Layout) -> Iterator[Problem]:
    """Yield the mistakes in a machine's dax and virtio-mem devices."""
    taken: list[tuple[int, int, str]] = []
    keys: dict[str, Sequence[Dax | VirtioMem]] = {
        "dax": machine.dax,
        "virtio_mem": machine.virtio_mem,
    }
    for key, devices in keys.items():
        for index, device in enumerate(devices):
            path: tuple[str | int, ...] = (key, index)
            problems = [*_size_problems(device)]
            if not 0 <= device.node < len(machine.nodes):
                last = len(machine.nodes) - 1
                problems.append((("node",), f"no node {device.node}: nodes are 0..{last}"))
            if device.addr is not None and not problems:
                problems += [*_place_problems(machine, device, taken)]
                taken.append((device.addr, device.addr + device.size, device.id))
            yield from (((*path, *key_path), message) for key_path, message in problems)


def _size_problems(device: Dax | VirtioMem) -> Iterator[Problem]:
    """The mistakes in a device's sizes, and in the alignment of its address."""
    unit = DAX_ALIGNMENT if isinstance(device, Dax) else device.block
    if isinstance(device, VirtioMem):
        if unit < MIB or unit & (unit - 1):
            yield ("block",), f"{format_size(unit)}: expected a power of two, 1M or more"
            return
        if device.requested % unit or not 0 <= device.requested <= device.size:
            message = "expected whole blocks of the device, at most its size"
            yield ("requested",), f"{format_size(device.requested)}: {message}"
    if device.size <= 0 or device.size % unit:
        yield ("size",), f"{format_size(device.size)}: expected a multiple of {format_size(unit)}"
    if device.addr is not None and device.addr % unit:
        yield ("addr",), f"{device.addr:#x}: expected a multiple of {format_size(unit)}"


def _place_problems(
    machine: Layout, device: Dax | VirtioMem, taken: Sequence[tuple[int, int, str]]
) -> Iterator[Problem]:
    """Why a device cannot be at its address."""
    start = device.addr or 0
    end = start + device.size
    for low, high, other in taken:
        if low < end and start < high:
            yield ("addr",), f"overlaps device {other!r} at {low:#x}..{high:#x}"
    touched = [part for part in machine.firmware_ranges if part[1] < end and start < part[2]]
    if isinstance(device, VirtioMem):
        if touched or start < machine.hotplug_base:
            yield ("addr",), f"{start:#x} is below {machine.hotplug_base:#x}, where DIMMs start"
    elif touched:
        node, low, high = touched[0]
        if not low <= start < end <= high:
            yield ("addr",), f"lies partly in boot memory at {low:#x}..{high:#x}"
        elif node != machine.node_numbers[device.node]:
            yield ("node",), f"boot memory at {start:#x} is of another node"
        elif not machine.memory and start < machine.low_ram < end + ACPI_TABLES:
            yield ("addr",), f"ends at {end:#x}, where the firmware keeps its ACPI tables"
