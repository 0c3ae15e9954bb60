"""A machine before its kernel boots: memory, DIMMs, parameters, config.

A machine is plain data. `zonediff.engine.boot` turns it into booted memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Literal

from zonediff.engine.units import GIB, MIB, SECTION, Bytes, format_size

Platform = Literal["kvm", "vmware", "hyperv", "xen", "bare-metal"]
"""The hypervisor, or bare metal; it decides which hot-add drivers the machine can have."""

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
    dimms: memory devices present at power-on; the kernel finds them through ACPI.
    cmdline: kernel parameters, as on the boot loader's command line.
    physical_bits: width of the CPU's physical addresses (40 in QEMU's default models).
    """

    nodes: tuple[Bytes, ...] = (Bytes(1 << 30),)
    dimms: tuple[Dimm, ...] = ()
    cmdline: str = ""
    config: Config = field(default_factory=Config)
    platform: Platform = "kvm"
    physical_bits: int = 40

    @property
    def ram(self) -> int:
        """Boot memory of all nodes, in bytes."""
        return sum(self.nodes)

    @cached_property
    def low_ram(self) -> int:
        """Bytes of boot memory below 4 GiB: all of it under 3.5 GiB, else 3 GiB (QEMU i440fx)."""
        return self.ram if self.ram < 3584 * MIB else min(self.ram, 3 * GIB)

    @cached_property
    def hotplug_base(self) -> int:
        """Address where DIMMs may start: above 4 GiB and all boot memory, rounded up to 1 GiB."""
        end = 4 * GIB + self.ram - self.low_ram
        return -(-end // GIB) * GIB

    @cached_property
    def listed_nodes(self) -> tuple[int, ...]:
        """The nodes that the firmware's table (SRAT) names, in its order.

        Those are the node with the CPU, those with boot memory, and the last one, to which QEMU
        gives the room for DIMMs.
        """
        with_memory = (node for node, size in enumerate(self.nodes) if size)
        return tuple(dict.fromkeys((0, *with_memory, len(self.nodes) - 1)))

    @cached_property
    def node_numbers(self) -> tuple[int, ...]:
        """The kernel's number of each node.

        The kernel numbers proximity domains in the order in which it meets them
        (acpi_map_pxm_to_node): those of the table first, then the others.
        """
        order = dict.fromkeys((*self.listed_nodes, *range(len(self.nodes))))
        return tuple(list(order).index(node) for node in range(len(self.nodes)))

    @cached_property
    def boot_ranges(self) -> tuple[tuple[int, int, int], ...]:
        """Boot memory as (node, start, end), ascending, split around the 3G-4G hole.

        node: the kernel's number. start, end: in bytes.
        """
        numbers = self.node_numbers
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
        pairs = []
        for word in self.cmdline.split():
            name, sign, value = word.partition("=")
            pairs.append((name, value if sign else None))
        return tuple(pairs)

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

    def problems(self) -> list[tuple[tuple[str | int, ...], str]]:
        """All mistakes in this machine: (path of the key, message) pairs."""
        mistakes: list[tuple[tuple[str | int, ...], str]] = []
        if not 1 <= len(self.nodes) <= MAX_NODES:
            mistakes.append(
                (("nodes",), f"a machine has 1 to {MAX_NODES} nodes, not {len(self.nodes)}")
            )
        for node, size in enumerate(self.nodes):
            if size < 0 or size % MIB:
                mistakes.append((("nodes", node), f"boot memory is whole MiB, not {size} bytes"))
        if self.ram < 64 * MIB:
            mistakes.append((("nodes",), f"{format_size(self.ram)} of boot memory: at least 64M"))
        ids: set[str] = set()
        ranges: list[tuple[int, int, str]] = []
        for index, dimm in enumerate(self.dimms):
            path: tuple[str | int, ...] = ("dimms", index)
            if dimm.id in ids:
                mistakes.append(((*path, "id"), f"there is already a DIMM {dimm.id!r}"))
            ids.add(dimm.id)
            if not 0 <= dimm.node < len(self.nodes):
                mistakes.append(
                    ((*path, "node"), f"no node {dimm.node}: nodes are 0..{len(self.nodes) - 1}")
                )
            if dimm.size <= 0 or dimm.size % SECTION:
                mistakes.append(
                    ((*path, "size"), f"{format_size(dimm.size)}: a DIMM is whole 128M sections")
                )
                continue
            if dimm.addr is None:
                continue
            if dimm.addr % SECTION:
                mistakes.append(
                    ((*path, "addr"), f"{dimm.addr:#x}: an address is a multiple of 128M")
                )
            if dimm.addr < self.hotplug_base:
                mistakes.append(
                    (
                        (*path, "addr"),
                        f"{dimm.addr:#x} is below {self.hotplug_base:#x}, where DIMMs start",
                    )
                )
            for start, end, other in ranges:
                if start < dimm.addr + dimm.size and dimm.addr < end:
                    mistakes.append(
                        ((*path, "addr"), f"overlaps DIMM {other!r} at {start:#x}..{end:#x}")
                    )
            ranges.append((dimm.addr, dimm.addr + dimm.size, dimm.id))
        return mistakes


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
