"""Memory devices: DIMMs, the memory that balloon drivers add, and devices that a driver manages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from zonediff.engine.managed_devices import DaxDriver


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
        return range(-(-self.start // block_size), (self.start + self.size) // block_size)

    @property
    def shown(self) -> str | None:
        return self.driver
