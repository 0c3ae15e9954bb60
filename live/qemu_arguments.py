"""QEMU's command line for a machine, and how much of this computer's memory it needs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.managed_devices import VirtioMem
from zonediff.engine.steps import Plug, Step
from zonediff.engine.units import GIB, MIB
from zonediff.live.host import Accelerator
from zonediff.live.memory_devices import boot_parameters, last_parameters

BOOT_PARAMETERS: Final = (
    "console=ttyS0 earlyprintk=serial,ttyS0,115200 loglevel=7 printk.time=0 panic=-1 "
    "nokaslr no_timer_check"
)
"""The kernel parameters of every guest, before the scenario's own.

They print the whole log, from the first line and without times; end the machine at a panic; load
the kernel at the same address in every run; and keep it from giving up (`IO-APIC + timer doesn't
work`) when a busy host delays the first timer ticks.
"""

SERIAL_PORTS: Final = ("console", "agent", "events")
"""The purposes of the guest's serial ports, ttyS0 first."""

MONITOR: Final = "qmp"

_OVERHEAD: Final = 192 * MIB
"""Bytes that a guest uses beside its own memory: QEMU, translated code, devices."""

_BOOT: Final = 160 * MIB
"""The memory that a kernel touches besides the memmap: 70 to 130 MiB on 5.10 to 7.2."""

_MEMMAP_SHARE: Final = 64
"""A 64th of hot-added memory is touched at once: its memmap."""


@dataclass(frozen=True, slots=True)
class Window:
    """A machine's room for memory devices: their number, and bytes of address space."""

    slots: int
    size: int


_SLOTS: Final = (8, 64, 256)
_ROOM: Final = (8 * GIB, 64 * GIB, 512 * GIB)


def window_for(machine: Machine, steps: Iterable[Step]) -> Window:
    """Return a window for all memory devices that a scenario ever plugs."""
    plugs = [step for step in steps if isinstance(step, Plug)]
    devices: list[Dimm | Plug | VirtioMem] = [*machine.virtio_mem, *machine.dimms, *plugs]
    highest = max((item.addr + item.size for item in devices if item.addr is not None), default=0)
    total = sum(item.size for item in devices)
    needed = max(GIB, total, highest - machine.hotplug_base)
    return Window(_rounded(len(devices), _SLOTS), _rounded(needed, _ROOM))


def _rounded(needed: int, steps: tuple[int, ...]) -> int:
    """The first step that is enough; few different windows let scenarios share a booted guest."""
    return next((step for step in steps if step >= needed), needed)


def need(machine: Machine, window: Window) -> int:
    """Return the bytes of this computer's memory that a guest is expected to use."""
    touched = min(machine.ram, _BOOT + machine.ram // _MEMMAP_SHARE)
    return touched + window.size // _MEMMAP_SHARE + _OVERHEAD


@dataclass(frozen=True, slots=True)
class Backing:
    """Files behind a machine's memory, by the name of the object; none: memory of QEMU's own.

    private: what the guest writes stays its own, copy-on-write. state: the descriptor of a saved
    state to begin with. boot_files: those of the kernel and the initramfs, where they are kept.
    """

    files: Mapping[str, int] = field(default_factory=dict)
    private: bool = False
    state: int | None = None
    boot_files: tuple[int, int] | None = None

    @property
    def descriptors(self) -> tuple[int, ...]:
        """All that QEMU has to inherit."""
        state = () if self.state is None else (self.state,)
        return (*self.files.values(), *state)

    def backend(self, id: str, size: int) -> dict[str, Any]:
        """The memory behind a node or DIMM; pages that the guest never touches cost nothing."""
        if id not in self.files:
            return backend(id, size)
        return {
            "qom-type": "memory-backend-file",
            "id": id,
            "size": size,
            "mem-path": f"/proc/self/fd/{self.files[id]}",
            "share": not self.private,
            "reserve": False,
        }


NO_FILES: Final = Backing()


def backends(machine: Machine) -> dict[str, int]:
    """The memory that a machine begins with: the name of each object, and its bytes."""
    nodes = {f"boot-{node}": size for node, size in enumerate(machine.nodes) if size}
    return {**nodes, **{backend_id(item.id): item.size for item in plugged_at_boot(machine)}}


def plugged_at_boot(machine: Machine) -> tuple[Dimm | VirtioMem, ...]:
    """The memory devices of QEMU that a machine begins with, in the order of their places."""
    return (*machine.virtio_mem, *machine.dimms)


def arguments(
    machine: Machine,
    window: Window,
    cmdline: str,
    *,
    accelerator: Accelerator,
    kernel: str,
    initrd: str,
    sockets: Mapping[str, int],
    backing: Backing,
    incoming: bool = False,
) -> Iterator[str]:
    """Yield QEMU's arguments for a machine: one CPU, no disk, no network, no screen.

    sockets: the descriptor behind each serial port and the monitor, by name. incoming: it
    begins with a state that is yet to come, instead of booting.
    """
    yield from ("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot")
    yield from ("-machine", "pc", "-accel", accelerator, "-smp", "1")
    most = machine.ram + window.size
    yield from ("-m", f"size={machine.ram}B,slots={window.slots},maxmem={most}B")
    for node, size in enumerate(machine.nodes):
        numa = f"node,nodeid={node}" + (",cpus=0" if node == 0 else "")
        if size:
            yield from ("-object", json.dumps(backing.backend(f"boot-{node}", size)))
            numa += f",memdev=boot-{node}"
        yield from ("-numa", numa)
    for item in plugged_at_boot(machine):
        yield from ("-object", json.dumps(backing.backend(backend_id(item.id), item.size)))
        yield from ("-device", json.dumps(device(item)))
    for name, descriptor in sockets.items():
        yield from ("-chardev", f"socket,id={name},fd={descriptor}")
    for name in SERIAL_PORTS:
        yield from ("-serial", f"chardev:{name}")
    yield from ("-mon", f"chardev={MONITOR},mode=control")
    yield from ("-kernel", kernel, "-initrd", initrd)
    own = (BOOT_PARAMETERS, boot_parameters(machine))
    yield from ("-append", " ".join(filter(None, (*own, cmdline, last_parameters(machine)))))
    if incoming:  # the monitor has to say first what the state leaves out
        yield from ("-incoming", "defer")


def backend(id: str, size: int) -> dict[str, Any]:
    """Memory of QEMU's own; pages that the guest never touches cost nothing."""
    return {
        "qom-type": "memory-backend-ram",
        "id": id,
        "size": size,
        "reserve": False,
    }


def device(item: Dimm | Plug | VirtioMem) -> dict[str, Any]:
    """Return the device of a DIMM, or of virtio-mem."""
    common = {"id": device_id(item.id), "memdev": backend_id(item.id), "node": item.node}
    if not isinstance(item, VirtioMem):
        address = {} if item.addr is None else {"addr": item.addr}
        return {"driver": "pc-dimm", **common, **address}
    sizes = {"block-size": item.block, "requested-size": item.requested}
    address = {} if item.addr is None else {"memaddr": item.addr}
    return {"driver": "virtio-mem-pci", **common, **sizes, **address}


def device_id(id: str) -> str:
    """Return QEMU's id for a device: it starts with a letter and has no special characters."""
    return "dimm-" + re.sub(r"[^A-Za-z0-9-]", lambda match: f"_{ord(match[0]):x}_", id)


def backend_id(id: str) -> str:
    """Return QEMU's id for the host memory of a DIMM."""
    return f"mem-{device_id(id)}"
