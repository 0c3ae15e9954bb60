"""Dax devices that user space took from kmem before a scenario begins.

A kernel gives Soft Reserved memory to kmem as it boots. If the machine of a scenario has a device
with another driver, or one whose memmap is to be in its own memory, its guest boots with memory
left offline. Then the devices change hands, and the knob gets the value that it would have had: the
kernel keeps its boot parameter and the knob in one variable (mm/memory_hotplug.c).
"""

from __future__ import annotations

from typing import Final

from zonediff.engine.machine import Machine
from zonediff.live.guest import LiveGuest
from zonediff.live.guest_spec import GuestSpec
from zonediff.live.memory_devices import DAX_DRIVERS, KMEM, dax_names, is_handed_over
from zonediff.variants.subject import NotOnThisMachine

_KNOB: Final = "auto_online_blocks"
_ONLINE_TYPES: Final = ("offline", "online", "online_kernel", "online_movable")


async def hand_over(guest: LiveGuest, spec: GuestSpec) -> None:
    """Give the devices to the drivers that the machine wants, each with its memory offline.

    Raises NotOnThisMachine when the kernel refuses.
    """
    machine = spec.machine
    if not is_handed_over(machine):
        return
    names = dax_names(machine)
    for name in names.values():
        await _write(guest, f"{DAX_DRIVERS}/{KMEM}/unbind", name)
    await _write(guest, _KNOB, _knob_at_boot(spec))
    for dax in machine.dax:
        name = names[dax.id]
        if dax.memmap_on_memory:
            await _write(guest, f"/sys/bus/dax/devices/{name}/memmap_on_memory", "1")
        if dax.driver == KMEM:
            await _write(guest, f"{DAX_DRIVERS}/{KMEM}/bind", name)
        elif dax.driver != "none":
            await _write(guest, f"{DAX_DRIVERS}/{dax.driver}/new_id", name)
    guest.events.clear()


def _knob_at_boot(spec: GuestSpec) -> str:
    """Return what the knob reads after a boot with the machine's own parameters."""
    parameters = Machine(cmdline=spec.cmdline).parameters
    asked = [
        value
        for name, value in parameters
        if name == "memhp_default_state" and value in _ONLINE_TYPES
    ]
    return (asked or [spec.image.default_online_type() or "offline"])[-1] or "offline"


async def _write(guest: LiveGuest, file: str, value: str) -> None:
    if errno := await guest.write(file, value):
        raise NotOnThisMachine(f"the kernel answers {value} in {file} with {errno}")
