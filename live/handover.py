"""Dax devices that are given to another driver before a scenario begins.

At boot, a kernel gives Soft Reserved memory to kmem. A scenario may want another driver for a
device, or its memmap in its own memory. Then the guest boots with memory left offline, the devices
get the drivers that the scenario wants, and the knob gets the value that the boot parameters ask
for: the kernel keeps both in one variable (mm/memory_hotplug.c).
"""

from __future__ import annotations

from typing import Final

from zonediff.engine.sysfs import STATES
from zonediff.live.guest import LiveGuest
from zonediff.live.guest_spec import GuestSpec
from zonediff.live.memory_devices import (
    DAX_DRIVERS,
    KMEM,
    NO_DRIVER,
    dax_driver,
    dax_folder,
    dax_names,
    is_handed_over,
)
from zonediff.variants.subject import NotOnThisMachine

_KNOB: Final = "auto_online_blocks"


async def hand_over(guest: LiveGuest, spec: GuestSpec) -> None:
    """Give the devices to the drivers that the machine wants, each with its memory offline.

    Raises NotOnThisMachine when the kernel refuses.
    """
    machine = spec.machine
    if not is_handed_over(machine):
        return
    names = dax_names(machine)
    for name in names.values():
        if dax_driver(name, guest.files) == KMEM:  # which refuses devices without a whole block
            await _write(guest, f"{DAX_DRIVERS}/{KMEM}/unbind", name)
    await _write(guest, _KNOB, _knob_at_boot(spec))
    for dax in machine.dax:
        name = names[dax.id]
        if dax.memmap_on_memory:
            await _write(guest, f"{dax_folder(name)}/memmap_on_memory", "1")
        if dax.driver == KMEM:
            await _write(guest, f"{DAX_DRIVERS}/{KMEM}/bind", name)
        elif dax.driver != NO_DRIVER:
            await _write(guest, f"{DAX_DRIVERS}/{dax.driver}/new_id", name)
    guest.events.clear()


def _knob_at_boot(spec: GuestSpec) -> str:
    """Return what the knob reads after a boot with the machine's own parameters."""
    knob = spec.image.default_online_type() or "offline"
    for name, value in spec.machine.with_cmdline(spec.cmdline).parameters:
        if name == "memhp_default_state" and value in STATES:
            knob = value
    return knob


async def _write(guest: LiveGuest, file: str, value: str) -> None:
    if errno := await guest.write(file, value):
        raise NotOnThisMachine(f"the kernel refuses to write {value} to {file}: {errno}")
