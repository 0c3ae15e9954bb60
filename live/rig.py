"""What is put together for a run: a kernel, a machine for it, and what to do with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from zonediff.engine.machine import Machine
from zonediff.engine.steps import Step
from zonediff.engine.userspace import View
from zonediff.live import qemu
from zonediff.live.host import Host
from zonediff.live.image import Image
from zonediff.live.qemu import Window

_DIGITS: Final = 12
"""Of a hash, enough to tell by."""

Script = Callable[[View], Iterator[Step]]
"""What to do with a machine: its steps, each asked for when the one before is done. Ours can be
pickled, so that the machine may be another computer's."""


@dataclass(frozen=True, slots=True)
class Rig:
    """A kernel image and the machine to run it on; window: room for its memory devices."""

    host: Host
    image: Image
    machine: Machine
    window: Window

    @property
    def made_of(self) -> str:
        """What is not ours of it, in words."""
        return made_of(self.host, self.image)

    @property
    def need(self) -> int:
        """Bytes of this computer's memory that the guest can be expected to use."""
        return qemu.need(self.machine, self.window)


def made_of(host: Host, image: Image) -> str:
    """What a guest's behaviour comes from, as far as it is not ours; KVM or TCG makes none."""
    return (
        f"kernel {image.digest[:_DIGITS]}, QEMU {host.qemu_version}, "
        f"busybox {host.busybox_digest[:_DIGITS]}"
    )


def fixed(steps: Iterable[Step]) -> Script:
    """The script that does these steps, whatever comes of them."""
    return partial(_fixed, tuple(steps))


def _fixed(steps: tuple[Step, ...], view: View) -> Iterator[Step]:
    return iter(steps)
