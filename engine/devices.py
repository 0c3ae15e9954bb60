"""Memory devices: DIMMs, the memory that balloon drivers add, and devices that a driver manages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, Self

from zonediff.engine.managed_devices import DaxDriver, VirtioMem, virtio_mem_sizes, whole_blocks
from zonediff.engine.units import MIB

SUB_BLOCK: Final = 2 * MIB
"""The least that virtio-mem unplugs of memory that is online: a pageblock."""


class Source(Enum):
    """The source of added memory: the probe file, or a driver (ACPI, balloon, kmem, virtio-mem)."""

    ACPI = "acpi_memory_device_add"
    PROBE = "memory_probe_store"
    HYPERV = "hv_mem_hot_add"
    XEN = "reserve_additional_memory"
    KMEM = "dev_dax_kmem_probe"
    VIRTIO_MEM = "virtio_mem_add_memory"


@dataclass(frozen=True, slots=True)
class Device:
    """A memory device that is plugged in.

    start, size: in bytes. source: who adds it to the kernel. bound: whether the ACPI driver is
    bound to it, so that the kernel can eject it.
    """

    id: str
    start: int
    size: int
    node: int
    source: Source
    bound: bool

    def blocks(self, block_size: int) -> range:
        """The memory blocks that it lies in, whole or in part, ascending; block_size in bytes."""
        return range(self.start // block_size, -(-(self.start + self.size) // block_size))

    def edges(self, block_size: int) -> Iterable[int]:
        """The block numbers at which its memory groups begin and end."""
        blocks = self.blocks(block_size)
        return (blocks.start, blocks.stop)

    @property
    def shown(self) -> str | None:
        """The state of the device itself that user space sees; None for one without."""
        return None


@dataclass(frozen=True, slots=True)
class DaxDevice(Device):
    """A dax device.

    driver: the one that has it. own_memmap: whether kmem asks for the memmap to be in the device's
    blocks. left_behind: whether memory is there that kmem could not remove when it was unbound.
    """

    driver: DaxDriver = "none"
    own_memmap: bool = False
    left_behind: bool = False

    def blocks(self, block_size: int) -> range:
        """The memory blocks that lie in it whole: kmem adds no others (dax_kmem_range)."""
        return whole_blocks(self.start, self.size, block_size)

    @property
    def shown(self) -> str | None:
        return self.driver


@dataclass(frozen=True, slots=True)
class VirtioMemDevice(Device):
    """A virtio-mem device. Sizes are in bytes.

    The driver divides the region into units: memory blocks, or big blocks that hold one or several
    memory blocks. kernel_node: the kernel's number of its node. requested: the size that the
    hypervisor asks for. unit: of a unit. granule: the least that is plugged, a sub-block or a unit.
    plugged: a bit for each granule of each unit, the lowest first. busy: the number of granules of
    each unit with pages that cannot be migrated.
    """

    kernel_node: int = 0
    requested: int = 0
    unit: int = 0
    granule: int = 0
    plugged: tuple[int, ...] = ()
    busy: tuple[int, ...] = ()

    @classmethod
    def of(cls, device: VirtioMem, start: int, kernel_node: int, block_size: int) -> Self:
        """A machine's device at this address, with nothing plugged (virtio_mem_init_hotplug)."""
        sub_block = max(device.block, SUB_BLOCK)
        small = sub_block < block_size
        unit = block_size if small else max(device.block, block_size)
        entry = cls(
            device.id,
            start,
            device.size,
            device.node,
            Source.VIRTIO_MEM,
            bound=False,
            kernel_node=kernel_node,
            requested=device.requested,
            unit=unit,
            granule=sub_block if small else unit,
        )
        units = len(entry.blocks(block_size)) * block_size // unit
        return replace(entry, plugged=(0,) * units, busy=(0,) * units)

    def blocks(self, block_size: int) -> range:
        """The memory blocks of all its units, whether they are there or not."""
        first, stop = self.unit_start(0), (self.start + self.size) // self.unit * self.unit
        return range(first // block_size, stop // block_size)

    def edges(self, block_size: int) -> Iterable[int]:
        blocks = self.blocks(block_size)
        return range(blocks.start, blocks.stop + 1, self.unit // block_size)

    def unit_start(self, index: int) -> int:
        """The address of a unit; the first one begins at a multiple of its size."""
        return (-(-self.start // self.unit) + index) * self.unit

    @property
    def parts(self) -> int:
        """The number of granules in a unit."""
        return self.unit // self.granule

    @property
    def plugged_size(self) -> int:
        """Bytes that are plugged."""
        return sum(bits.bit_count() for bits in self.plugged) * self.granule

    def unit_of(self, block: int, block_size: int) -> int:
        """The index of the unit that a memory block of the device belongs to."""
        return (block * block_size - self.unit_start(0)) // self.unit

    def unplugged_in(self, block: int, block_size: int) -> int:
        """Bytes of a memory block that are not plugged; 0 for a block of another device."""
        index = self.unit_of(block, block_size)
        if self.parts == 1 or not 0 <= index < len(self.plugged):
            return 0
        return (self.parts - self.plugged[index].bit_count()) * self.granule

    @property
    def shown(self) -> str | None:
        return virtio_mem_sizes(self.requested, self.plugged_size)
