"""Dax devices and their driver kmem, which makes them system RAM (drivers/dax/kmem.c).

Every function returns None for success, or the errno's name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from zonediff.engine.adding import add_memory
from zonediff.engine.devices import DaxDevice
from zonediff.engine.ejecting import remove_blocks
from zonediff.engine.kernel import Kernel
from zonediff.engine.managed_devices import DaxDriver
from zonediff.engine.rules import Rule
from zonediff.engine.units import PAGE, format_size

KMEM_C: Final = "drivers/dax/kmem.c"

ALREADY_BOUND: Final = Rule(
    "__driver_probe_device.bound",
    "__driver_probe_device",
    "kmem has {device} already -> EBUSY",
    "drivers/base/dd.c",
)
NOT_BOUND: Final = Rule(
    "unbind_store", "unbind_store", "kmem does not have {device} -> ENODEV", "drivers/base/bus.c"
)
TOO_SMALL: Final = Rule(
    "dev_dax_kmem_probe.too-small",
    "dev_dax_kmem_probe",
    "no memory block of {unit} lies in {device} at {start:#x}..{end:#x} as a whole -> EINVAL",
    KMEM_C,
)
TRUNCATED: Final = Rule(
    "dev_dax_kmem_probe.truncated",
    "dev_dax_kmem_probe",
    "kmem adds blocks {first}..{last}, which lie in {device} as a whole: {below} below and {above} "
    "above them are no memory, as blocks are of {unit}",
    KMEM_C,
)
RESERVED: Final = Rule(
    "dev_dax_kmem_probe.reserved",
    "dev_dax_kmem_probe",
    "{start:#x}..{end:#x} is still reserved in /proc/iomem: kmem left memory of {device} behind "
    "when it was unbound -> EBUSY",
    KMEM_C,
)
ADD_FAILED: Final = Rule(
    "dev_dax_kmem_probe.add-failed",
    "dev_dax_kmem_probe",
    "add_memory_driver_managed() returned {result} for {device}: kmem does not take it",
    KMEM_C,
)
LEFT_BEHIND: Final = Rule(
    "dev_dax_kmem_remove.online",
    "dev_dax_kmem_remove",
    "block {block} of {device} is online, so no block is removed: the memory and its name in "
    "/proc/iomem stay until the next boot, and kmem has the device no longer",
    KMEM_C,
)


def bind(kernel: Kernel, device: DaxDevice, node: int) -> str | None:
    """Give a device to kmem, which adds the whole blocks in it to this node of the kernel."""
    if device.driver == "kmem":
        kernel.explain(ALREADY_BOUND.because(device=device.id))
        return "EBUSY"
    result = _probe(kernel, device, node)
    driver: DaxDriver = "kmem" if result is None else "none"
    kernel.devices[device.id] = replace(device, driver=driver)
    return result


def _probe(kernel: Kernel, device: DaxDevice, node: int) -> str | None:
    """Add a device's memory (dev_dax_kmem_probe)."""
    unit = kernel.block_pages * PAGE
    blocks, end = device.blocks(unit), device.start + device.size
    if not blocks:
        kernel.explain(
            TOO_SMALL.because(device=device.id, unit=format_size(unit), start=device.start, end=end)
        )
        return "EINVAL"
    first, stop = blocks.start * unit, blocks.stop * unit
    if (first, stop) != (device.start, end):
        kernel.explain(
            TRUNCATED.because(
                device=device.id,
                first=blocks[0],
                last=blocks[-1],
                below=format_size(first - device.start),
                above=format_size(end - stop),
                unit=format_size(unit),
            )
        )
    if device.left_behind:
        kernel.explain(RESERVED.because(device=device.id, start=first, end=stop))
        return "EBUSY"
    result = add_memory(
        kernel, node, first, stop - first, device.source, own_memmap=device.own_memmap
    )
    if result is not None:
        kernel.explain(ADD_FAILED.because(device=device.id, result=result))
    return result


def unbind(kernel: Kernel, device: DaxDevice) -> str | None:
    """Take a device from kmem, which removes its blocks unless one is online (remove_memory)."""
    if device.driver != "kmem":
        kernel.explain(NOT_BOUND.because(device=device.id))
        return "ENODEV"
    blocks = device.blocks(kernel.block_pages * PAGE)
    online = [block for block in blocks if kernel.is_online(block)]
    if online:
        kernel.explain(LEFT_BEHIND.because(block=online[0], device=device.id))
    else:
        remove_blocks(kernel, blocks)
    kernel.devices[device.id] = replace(device, driver="none", left_behind=bool(online))
    return None
