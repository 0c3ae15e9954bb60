"""A machine before its kernel boots: memory, DIMMs, parameters, config.

A machine is plain data. `zonediff.engine.boot` turns it into booted memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Literal

from zonediff.engine import parameters
from zonediff.engine.managed_devices import Dax, Problem, VirtioMem, managed_problems
from zonediff.engine.parameters import MemoryRange
from zonediff.engine.units import GIB, MIB, Bytes, format_size

Platform = Literal["kvm", "vmware", "hyperv", "xen", "bare-metal"]
"""The hypervisor, or bare metal; it decides which hot-add drivers the machine can have."""

MAX_RANGES: Final = 256
"""Ranges of boot memory that a machine can have."""

MAX_NODES: Final = 63
"""NUMA nodes that a machine can have (a block's node and zone share one byte)."""


@dataclass(frozen=True, slots=True)
class Dimm:
    """A memory device: size and address in bytes; no address means the first free one."""

    id: str
    size: Bytes
    node: int = 0
    addr: Bytes | None = None


@dataclass(frozen=True, slots=True)
class BootMemory:
    """A range of boot memory: address and size in bytes, and the machine's node that it is of."""

    addr: Bytes
    size: Bytes
    node: int = 0

    @property
    def end(self) -> int:
        """The first address after it."""
        return self.addr + self.size


_ONE_NODE: Final = (Bytes(1 << 30),)


@dataclass(frozen=True, slots=True)
class Config:
    """Kernel build options that change hotplug behaviour (CONFIG_*).

    MOVABLE_NODE: a node may have movable memory alone. MEMORY_HOTPLUG_DEFAULT_ONLINE: the kernel
    onlines added memory by default. ARCH_MEMORY_PROBE: there is a `probe` file.

    Every kernel here has CONFIG_MEMORY_HOTPLUG, which makes all other files, `auto_online_blocks`
    among them, and CONFIG_MEMORY_HOTREMOVE, which makes `valid_zones` and lets blocks go offline.
    """

    MOVABLE_NODE: bool = True
    MEMORY_HOTPLUG_DEFAULT_ONLINE: bool = False
    ARCH_MEMORY_PROBE: bool = True


@dataclass(frozen=True)
class Machine:
    """A machine as it is switched on.

    nodes: boot memory of each NUMA node in bytes, 0 for a node without memory. If a node in the
        middle has none, the kernel numbers the nodes differently (`node_numbers`).
    memory: boot memory as ranges, in place of the sizes in `nodes`, which follow from it.
    dimms: memory devices present at power-on; the kernel finds them through ACPI.
    cmdline: kernel parameters, as on the boot loader's command line.
    physical_bits: width of the CPU's physical addresses (40 in QEMU's default models).
    cpus: CPUs of each node; none given: the CPUs are on node 0.
    free_memory: bytes free in kernel zones after boot; None: as the variant was measured.
    dax, virtio_mem: memory devices that a driver manages.
    """

    nodes: tuple[Bytes, ...] = _ONE_NODE
    dimms: tuple[Dimm, ...] = ()
    cmdline: str = ""
    config: Config = field(default_factory=Config)
    platform: Platform = "kvm"
    physical_bits: int = 40
    memory: tuple[BootMemory, ...] = ()
    cpus: tuple[int, ...] = ()
    free_memory: Bytes | None = None
    dax: tuple[Dax, ...] = ()
    virtio_mem: tuple[VirtioMem, ...] = ()

    def __post_init__(self) -> None:
        """Let `nodes` follow from `memory`, where that is given."""
        named = [part.node for part in self.memory]
        if not named or not 0 <= min(named) <= max(named) < MAX_NODES:
            return
        if self.nodes in (_ONE_NODE, derived := self._sizes()):
            object.__setattr__(self, "nodes", derived)

    def _sizes(self) -> tuple[Bytes, ...]:
        """Boot memory of each node by `memory`; nodes that only CPUs or DIMMs name have none."""
        named = [part.node for part in self.memory]
        plugged = [dimm.node for dimm in self.dimms if dimm.node < MAX_NODES]
        sizes = [0] * max(len(self.cpus), 1 + max(named + plugged))
        for part in self.memory:
            sizes[part.node] += part.size
        return tuple(map(Bytes, sizes))

    @property
    def ram(self) -> int:
        """Boot memory of all nodes, in bytes."""
        return sum(self.nodes)

    @cached_property
    def low_ram(self) -> int:
        """The end of boot memory below 4 GiB: under 3.5 GiB it is all of it, else 3 GiB."""
        if self.memory:
            low = [part.end for part in self.memory if part.addr < 4 * GIB]
            return min(4 * GIB, max(low, default=0))
        return self.ram if self.ram < 3584 * MIB else min(self.ram, 3 * GIB)

    @cached_property
    def hotplug_base(self) -> int:
        """Address where DIMMs may start: above 4 GiB and all boot memory, rounded up to 1 GiB."""
        end = 4 * GIB + self.ram - self.low_ram
        if self.memory:
            end = max(4 * GIB, *(part.end for part in self.memory))
        return -(-end // GIB) * GIB

    @cached_property
    def listed_nodes(self) -> tuple[int, ...]:
        """The nodes that the firmware's table (SRAT) names, in its order.

        Those are the nodes with CPUs, those with boot memory, and the last one, to which QEMU
        gives the room for DIMMs.
        """
        with_cpus = [node for node, count in enumerate(self.cpus) if count] or [0]
        with_memory = (node for node, size in enumerate(self.nodes) if size)
        return tuple(dict.fromkeys((*with_cpus, *with_memory, len(self.nodes) - 1)))

    @cached_property
    def node_numbers(self) -> tuple[int, ...]:
        """The kernel's number of each node.

        The kernel numbers proximity domains in the order in which it meets them
        (acpi_map_pxm_to_node): those of the table first, then the others.
        """
        order = dict.fromkeys((*self.listed_nodes, *range(len(self.nodes))))
        return tuple(list(order).index(node) for node in range(len(self.nodes)))

    @cached_property
    def cpu_nodes(self) -> tuple[int, ...]:
        """The kernel's numbers of the nodes with CPUs; such a node is always online."""
        nodes = [node for node, count in enumerate(self.cpus) if count] or [0]
        return tuple(self.node_numbers[node] for node in nodes if node < len(self.nodes))

    @cached_property
    def boot_ranges(self) -> tuple[MemoryRange, ...]:
        """The boot memory that the kernel uses, as (node, start, end), ascending.

        node: the kernel's number. start, end: in bytes. Raises parameters.UnknownEffect.
        """
        return parameters.used_memory(self.ram_ranges, self.parameters)

    @cached_property
    def ram_ranges(self) -> tuple[MemoryRange, ...]:
        """Boot memory that is RAM to the firmware: without what is Soft Reserved for dax."""
        left = self.firmware_ranges
        for dax in self.dax:
            if dax.addr is not None:
                left = parameters.without(left, dax.addr, dax.addr + dax.size)
        return left

    @cached_property
    def firmware_ranges(self) -> tuple[MemoryRange, ...]:
        """Boot memory as the firmware reports it, split around the 3G-4G hole."""
        numbers = self.node_numbers
        if self.memory:
            parts = sorted(self.memory, key=lambda part: part.addr)
            return tuple((numbers[part.node], part.addr, part.end) for part in parts)
        ranges = []
        offset = 0
        hole = 4 * GIB - self.low_ram
        for node, size in enumerate(self.nodes):
            low = min(size, max(0, self.low_ram - offset))
            if low:
                ranges.append((numbers[node], offset, offset + low))
            if size > low:
                start = max(offset, self.low_ram) + hole
                ranges.append((numbers[node], start, start + size - low))
            offset += size
        return tuple(ranges)

    @cached_property
    def parameters(self) -> tuple[tuple[str, str | None], ...]:
        """The command line as (name, value) pairs in order; value None for a bare word."""
        return tuple(parameters.words(self.cmdline))

    def parameter(self, name: str) -> str | None:
        """The value of the last `name=value` on the command line, None when there is none."""
        values = [value for key, value in self.parameters if key == name and value is not None]
        return values[-1] if values else None

    def has_parameter(self, name: str) -> bool:
        """Whether the parameter is on the command line, with a value or as a bare word."""
        return any(key == name for key, _ in self.parameters)

    def with_cmdline(self, cmdline: str) -> Machine:
        """The same machine booted with other kernel parameters."""
        return replace(self, cmdline=cmdline)

    def problems(self) -> list[Problem]:
        """Return all mistakes that keep this machine from being built."""
        mistakes = [*self._memory_problems()]
        if self.memory and mistakes:
            return mistakes
        mistakes += managed_problems(self)
        ids: set[str] = set()
        taken: list[tuple[int, int, str]] = []
        for index, dimm in enumerate(self.dimms):
            path: tuple[str | int, ...] = ("dimms", index)
            if dimm.id in ids:
                mistakes.append(((*path, "id"), f"there is already a DIMM {dimm.id!r}"))
            ids.add(dimm.id)
            if not 0 <= dimm.node < len(self.nodes):
                mistakes.append(
                    ((*path, "node"), f"no node {dimm.node}: nodes are 0..{len(self.nodes) - 1}")
                )
            if dimm.size <= 0 or dimm.size % MIB:
                mistakes.append(((*path, "size"), f"{format_size(dimm.size)}: a DIMM is whole MiB"))
                continue
            if dimm.addr is None:
                continue
            mistakes += [((*path, "addr"), message) for message in self._misplaced(dimm, taken)]
            taken.append((dimm.addr, dimm.addr + dimm.size, dimm.id))
        return mistakes

    def _misplaced(self, dimm: Dimm, taken: Sequence[tuple[int, int, str]]) -> list[str]:
        """Why a DIMM cannot be where it says."""
        start = dimm.addr or 0
        end, messages = start + dimm.size, []
        if start % MIB:
            messages.append(f"{start:#x}: an address is whole MiB")
        if self.platform == "kvm" and not self.memory and start < self.hotplug_base:
            messages.append(f"{start:#x} is below {self.hotplug_base:#x}, where DIMMs start")
        elif (clash := self.boot_memory_at(start, end)) is not None:
            messages.append(f"overlaps boot memory at {clash[1]:#x}..{clash[2]:#x}")
        messages += [
            f"overlaps DIMM {other!r} at {low:#x}..{high:#x}"
            for low, high, other in taken
            if low < end and start < high
        ]
        return messages

    def boot_memory_at(self, start: int, end: int) -> MemoryRange | None:
        """The first range of the firmware's boot memory that [start, end) touches."""
        touched = (part for part in self.ram_ranges if part[1] < end and start < part[2])
        return next(touched, None)

    def _memory_problems(self) -> Iterator[Problem]:
        """The mistakes in boot memory and CPUs."""
        if not 1 <= len(self.nodes) <= MAX_NODES:
            yield ("nodes",), f"a machine has 1 to {MAX_NODES} nodes, not {len(self.nodes)}"
        for node, size in enumerate(self.nodes):
            if size < 0 or size % MIB:
                yield ("nodes", node), f"boot memory is whole MiB, not {size} bytes"
        if self.ram < 64 * MIB:
            yield ("nodes",), f"{format_size(self.ram)} of boot memory: at least 64M"
        if self.cpus and (len(self.cpus) != len(self.nodes) or sum(self.cpus) < 1):
            yield (
                ("cpus",),
                f"expected the number of CPUs of each of {len(self.nodes)} nodes, one at least",
            )
        if min(self.cpus, default=0) < 0:
            yield ("cpus",), "a node has 0 CPUs or more"
        yield from self._range_problems()

    def _range_problems(self) -> Iterator[Problem]:
        """The mistakes in `memory`."""
        if not self.memory:
            return
        if len(self.memory) > MAX_RANGES:
            yield ("memory",), f"expected at most {MAX_RANGES} ranges"
            return
        strange = [
            index for index, part in enumerate(self.memory) if not 0 <= part.node < MAX_NODES
        ]
        if strange:
            yield ("memory", strange[0], "node"), f"expected a node from 0 to {MAX_NODES - 1}"
            return
        sizes = self._sizes()
        if self.nodes != sizes + (0,) * (len(self.nodes) - len(sizes)):
            yield ("memory",), "expected `nodes` or `memory`: sizes follow from the ranges"
        first = min(self.memory, key=lambda part: part.addr)
        if first.addr or first.size < 64 * MIB:
            yield ("memory",), "expected a range of at least 64M at address 0: kernels start there"
        for index, part in enumerate(self.memory):
            if part.addr % MIB or part.size % MIB or not part.size:
                yield ("memory", index), "expected an address and a size in whole MiB"
            for other in self.memory[:index]:
                if part.addr < other.end and other.addr < part.end:
                    yield ("memory", index), f"overlaps the range at {other.addr:#x}"


def first_free(base: int, size: int, taken: list[tuple[int, int]]) -> int:
    """The lowest address from `base` where `size` bytes fit between the (start, end) ranges taken.

    QEMU places a DIMM without an address this way (hw/mem/memory-device.c).
    """
    address = base
    for start, end in sorted(taken):
        if address + size <= start:
            break
        address = max(address, end)
    return address


def strtobool(text: str, letters: tuple[str, str]) -> bool | None:
    """Read a yes or no from its first letter, or from its second after an `o`; None for neither.

    letters: the letters that begin a yes, and those that begin a no, in lower case.
    """
    first, second = text[:1].lower(), text[1:2].lower()
    if first == "o":
        return {"n": True, "f": False}.get(second)
    yes, no = letters
    return True if first and first in yes else False if first and first in no else None
