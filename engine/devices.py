"""Memory devices: DIMMs, and the memory that balloon drivers add."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Source(Enum):
    """The source of added memory: the ACPI driver, the probe file, or a balloon driver."""

    ACPI = "acpi_memory_device_add"
    PROBE = "memory_probe_store"
    HYPERV = "hv_mem_hot_add"
    XEN = "reserve_additional_memory"


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
