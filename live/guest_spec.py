"""The specification of a guest (kernel image and machine), and scripts of steps for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from zonediff.engine.machine import Machine
from zonediff.engine.steps import Step
from zonediff.engine.userspace import View
from zonediff.live import memory_devices, qemu_arguments
from zonediff.live.host import Host
from zonediff.live.image import Image
from zonediff.live.initramfs import initramfs
from zonediff.live.kernel_modules import modules, modules_digest
from zonediff.live.qemu_arguments import Window

_DIGITS: Final = 12
"""Digits of a hash that are shown and compared."""

Script = Callable[[View], Iterator[Step]]
"""Yields the steps of a run, each after the one before is done. Scripts of this package can be
pickled, so a worker on another computer can run them."""


@dataclass(frozen=True, slots=True)
class GuestSpec:
    """A kernel image and the machine to boot it on; window: room for its memory devices.

    parameters: kernel parameters of ours, ahead of the machine's own. watched: files and folders of
    the guest that each look at it holds, beside its memory.
    """

    host: Host
    image: Image
    machine: Machine
    window: Window
    parameters: str = ""
    watched: tuple[str, ...] = ()

    @property
    def cmdline(self) -> str:
        """The kernel parameters of the guest, beside those of every guest and of its devices."""
        return f"{self.parameters} {self.machine.cmdline}".strip()

    @property
    def paths(self) -> tuple[str, ...]:
        """All files and folders that are watched: those of the machine's devices, too."""
        return tuple(dict.fromkeys((*memory_devices.dax_folders(self.machine), *self.watched)))

    @property
    def made_of(self) -> str:
        """The programs outside zonediff that decide what the guest does, in words."""
        digest = modules_digest(self.image, self.machine)[:_DIGITS]
        return made_of(self.host, self.image) + (f", modules {digest}" if digest else "")

    @property
    def initramfs(self) -> bytes:
        """The guest's files. Raises OSError and VariantError when one cannot be read."""
        loaded = modules(self.image, self.machine)
        return initramfs(self.host.busybox, self.host.agent, loaded)

    @property
    def need(self) -> int:
        """Bytes of this computer's memory that the guest is expected to use."""
        return qemu_arguments.need(self.machine, self.window)


def made_of(host: Host, image: Image) -> str:
    """Describe the programs outside zonediff that decide what a guest does; not KVM or TCG."""
    return (
        f"kernel {image.digest[:_DIGITS]}, QEMU {host.qemu_version}, "
        f"busybox {host.busybox_digest[:_DIGITS]}, agent in {'C' if host.agent else 'shell'}"
    )


def fixed_script(steps: Iterable[Step]) -> Script:
    """Return the script of these steps, whatever their results are."""
    return partial(_fixed_script, tuple(steps))


def _fixed_script(steps: tuple[Step, ...], view: View) -> Iterator[Step]:
    return iter(steps)
