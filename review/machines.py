"""The machines that a series can be reviewed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.managed_devices import Dax
from zonediff.engine.units import GIB, MIB, Bytes
from zonediff.live import memory_devices
from zonediff.live.guest_spec import GuestSpec
from zonediff.live.host import Host
from zonediff.live.image import Image
from zonediff.live.qemu_arguments import window_for
from zonediff.review.actions import Action

_IOMEM: Final = "/proc/iomem"


@dataclass(frozen=True, slots=True)
class ReviewMachine:
    """A machine, and what of it is looked at and acted on.

    about: the machine in words. config: the names of the configuration fragments that a kernel for
    it is built with. devices: folders of the devices that bring memory; each bears the name that
    its driver's `bind` and `unbind` take. drivers: folders that have a folder for each driver.
    dimms: DIMMs that are plugged and unplugged. handover: steps after boot that give the devices to
    the driver under review; the first fails where that driver has them already.
    """

    name: str
    about: str
    config: tuple[str, ...]
    machine: Machine
    devices: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    dimms: tuple[Dimm, ...] = ()
    handover: tuple[Action, ...] = ()

    @property
    def watched(self) -> tuple[str, ...]:
        """The files and folders that each look holds beside the memory."""
        return (_IOMEM, *self.devices, *self.drivers)

    def spec(self, host: Host, image: Image, parameter: str = "") -> GuestSpec:
        """Return the guest that boots an image on this machine, with a kernel parameter more."""
        machine = self.machine.with_cmdline(f"{self.machine.cmdline} {parameter}".strip())
        return GuestSpec(host, image, machine, window_for(machine, ()), watched=self.watched)


def boot_parameters(image: Image) -> tuple[str, ...]:
    """Return the kernel parameters to boot an image with, one at a time: at first none of ours.

    Then those that make it online added memory in another way than it was configured for: what a
    driver does may depend on how its memory was onlined when it was added.
    """
    configured = image.default_online_type() or "offline"
    others = (state for state in _DEFAULT_STATES if state != configured)
    return ("", *(f"memhp_default_state={state}" for state in others))


_DEFAULT_STATES: Final = ("offline", "online_movable")

_DIMM: Final = Dimm("dimm0", Bytes(256 * MIB))

_DIMM_MACHINE: Final = ReviewMachine(
    name="dimm",
    about="1 GiB of boot memory and an ACPI DIMM of 256 MiB, present at boot, in QEMU",
    config=("hotplug",),
    machine=Machine((Bytes(GIB),), dimms=(_DIMM,)),
    devices=("/sys/bus/acpi/devices/PNP0C80:00",),
    dimms=(_DIMM,),
)

_DAX_MEMORY: Final = (Bytes(1536 * MIB),)

# The kernel names the device itself, so the machine of the review does not declare it.
_WITH_DAX: Final = Machine(_DAX_MEMORY, dax=(Dax("dax0.0", Bytes(256 * MIB), 0, Bytes(GIB)),))

_DAX_MACHINE: Final = ReviewMachine(
    name="dax",
    about=(
        "1.5 GiB of boot memory in QEMU; 256 MiB at 1 GiB are Soft Reserved by the boot parameter "
        "memmap=, which makes dax0.0 of them; where device_dax has it after boot, it is given to "
        "kmem (unbind, then kmem/new_id)"
    ),
    config=("hotplug", "dax"),
    machine=Machine(_DAX_MEMORY, cmdline=memory_devices.boot_parameters(_WITH_DAX)),
    devices=("/sys/bus/dax/devices/dax0.0",),
    drivers=(memory_devices.DAX_DRIVERS,),
    # Until 6.3, device_dax takes Soft Reserved memory; `daxctl reconfigure-device` does the same.
    handover=(
        Action("write", f"{memory_devices.DAX_DRIVERS}/device_dax/unbind", "dax0.0"),
        Action("write", f"{memory_devices.DAX_DRIVERS}/kmem/new_id", "dax0.0"),
    ),
)

MACHINES: Final[Mapping[str, ReviewMachine]] = {
    machine.name: machine for machine in (_DIMM_MACHINE, _DAX_MACHINE)
}
"""The machines by their names; the first is the default."""
