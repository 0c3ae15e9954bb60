"""The drivers of memory devices, which a kernel has built in or as modules."""

from __future__ import annotations

from typing import Final, NamedTuple

from zonediff.engine.machine import Machine


class Driver(NamedTuple):
    """A driver: the option that it is built with, and the name of its module."""

    option: str
    module: str


_DEVICE_DAX: Final = Driver("DEV_DAX", "device_dax")
_OF_DAX: Final = (Driver("DEV_DAX_HMEM", "dax_hmem"), Driver("DEV_DAX_KMEM", "kmem"))
_OF_VIRTIO_MEM: Final = (Driver("VIRTIO_MEM", "virtio_mem"),)

DRIVERS: Final = (*_OF_DAX, _DEVICE_DAX, *_OF_VIRTIO_MEM)


def drivers(machine: Machine) -> tuple[Driver, ...]:
    """Return the drivers of a machine's memory devices, in the order to load them."""
    maps_files = any(dax.driver == _DEVICE_DAX.module for dax in machine.dax)
    return (
        *(_OF_DAX if machine.dax else ()),
        *((_DEVICE_DAX,) if maps_files else ()),
        *(_OF_VIRTIO_MEM if machine.virtio_mem else ()),
    )
