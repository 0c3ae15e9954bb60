"""Memory that a driver manages, in a guest: dax devices of boot memory, and virtio-mem of QEMU.

A range of boot memory becomes Soft Reserved by the kernel parameter `memmap=`, and dax_hmem makes a
device of each such range (drivers/dax/hmem). The device needs no firmware and no part of QEMU.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from zonediff.engine.machine import Machine
from zonediff.engine.units import MIB, Bytes, format_size
from zonediff.live.device_drivers import drivers
from zonediff.live.image import Image
from zonediff.live.kernel_modules import module_file

DAX_DRIVERS: Final = "/sys/bus/dax/drivers"
"""A folder for each driver of dax devices, with files `bind` and `unbind`."""

KMEM: Final = "kmem"
"""The driver that adds a device's memory to the kernel's (drivers/dax/kmem.c)."""

STAY_OFFLINE: Final = "memhp_default_state=offline"

NO_DRIVER: Final = "none"

_DAX_DEVICES: Final = "/sys/bus/dax/devices"

_TO_SOFT_RESERVED: Final = "-1+0xefffffff"
"""Memory of type 1 becomes Soft Reserved (parse_memmap_one(), arch/x86/kernel/e820.c)."""

_TABLES: Final = Bytes(MIB)
"""More than the ACPI tables take at the end of low boot memory; they cannot be Soft Reserved."""

_WORKER: Final = re.compile(r"task [0-9]+ \(kworker/")


def device_ids(machine: Machine) -> tuple[str, ...]:
    """Return the ids of all memory devices that a machine begins with."""
    ids = ([device.id for device in kind] for kind in (machine.dax, machine.virtio_mem))
    return (*chain.from_iterable(ids), *(dimm.id for dimm in machine.dimms))


def boot_parameters(machine: Machine) -> str:
    """Return the kernel parameters that make a machine's dax devices."""
    return " ".join(
        f"memmap={format_size(dax.size)}%{dax.addr:#x}{_TO_SOFT_RESERVED}" for dax in machine.dax
    )


def is_handed_over(machine: Machine) -> bool:
    """Whether user space has to change a dax device after boot.

    At boot, the kernel gives each device to kmem, with its memmap in other memory.
    """
    return any(dax.driver != KMEM or dax.memmap_on_memory for dax in machine.dax)


def last_parameters(machine: Machine) -> str:
    """Return the kernel parameters that overrule those of the machine and of the scenario."""
    return STAY_OFFLINE if is_handed_over(machine) else ""


def dax_names(machine: Machine) -> dict[str, str]:
    """Return the kernel's name of each dax device: they are numbered by address."""
    ordered = sorted(machine.dax, key=lambda dax: dax.addr or 0)
    return {dax.id: f"dax{number}.0" for number, dax in enumerate(ordered)}


def dax_folder(name: str) -> str:
    """Return the folder of the dax device of this name."""
    return f"{_DAX_DEVICES}/{name}"


def dax_folders(machine: Machine) -> tuple[str, ...]:
    """Return the folders of a machine's dax devices."""
    return tuple(map(dax_folder, dax_names(machine).values()))


def dax_driver(name: str, files: Mapping[str, str]) -> str:
    """Return the driver that has a device of this name. files: those of its folder."""
    link = files.get(f"{dax_folder(name)}/driver", NO_DRIVER)
    return link.rpartition("/")[2]


def drivers_work(tasks: Sequence[str]) -> bool:
    """Whether a driver may still be at work. tasks: the agent's answer to `stacks`.

    virtio-mem plugs and unplugs in a work item (virtio_mem_run_wq()).
    """
    return any(map(_WORKER.match, tasks))


def obstacles(machine: Machine, image: Image) -> Iterator[str]:
    """Yield why a kernel cannot run on a machine with these devices."""
    for dax in machine.dax:
        if dax.addr is None or dax.addr >= machine.hotplug_base:
            yield f"{dax.id}: a dax device of a guest is a part of its boot memory"
        elif dax.addr < machine.low_ram < dax.addr + dax.size + _TABLES:
            yield f"{dax.id}: QEMU keeps its tables at the end of low memory ({machine.low_ram:#x})"
    config = image.config()
    if config is None and is_handed_over(machine):
        yield "how the kernel onlines added memory by itself is not known without its configuration"
    for driver in drivers(machine):
        built_with = "y" if config is None else config.get(driver.option, "n")
        if built_with == "n":
            yield f"the kernel was built with CONFIG_{driver.option}=n"
        elif built_with == "m" and module_file(image, driver) is None:
            yield (
                f"the kernel was built with CONFIG_{driver.option}=m, and {driver.module}.ko is "
                f"not in lib/modules/{image.release} beside the image or on this computer"
            )
