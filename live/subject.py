"""A real kernel as a subject: its name is `live:` and the path of its image."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Final

from zonediff.engine.machine import Config, Machine
from zonediff.engine.policy import Intent, Interface
from zonediff.engine.steps import Allocate, Elapse, Fill, HypervAdd, Step, XenAdd
from zonediff.engine.trace import Trace
from zonediff.engine.units import GIB
from zonediff.live.accelerator import accelerator
from zonediff.live.host import Host, find_host, memory_available
from zonediff.live.image import Image, read_image
from zonediff.live.qemu import window_for
from zonediff.live.rig import Rig, fixed, made_of
from zonediff.variants.registry import LIVE
from zonediff.variants.subject import NotOnThisMachine

_CANNOT: Final[dict[type[Step], str]] = {
    HypervAdd: "no Hyper-V host is there to add memory",
    XenAdd: "no Xen hypervisor is there to add memory",
    Fill: "a real kernel chooses itself which pages go where",
    Allocate: "the guest has no processes beside its agent",
    Elapse: "the guest has no processes beside its agent",
}
"""Steps that a guest in QEMU cannot do, and why."""

_PHYSICAL_BITS: Final = 40
"""Width of physical addresses in QEMU's default CPU."""


class Live:
    """The column of a kernel image; see Subject for what each attribute is.

    Raises VariantError when the image is none, or live runs lack something on this computer.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._image = read_image(Path(name.removeprefix(LIVE)))
        self._host = find_host()

    @property
    def summary(self) -> str:
        return f"Linux {self._image.release}, the real kernel."

    @property
    def description(self) -> str:
        return (
            f"{self.summary}\n\n"
            f"Booted from {self._image.path} in QEMU {self._host.qemu_version} "
            f"({accelerator().upper()}). The reasons are what it printed."
        )

    @property
    def origin(self) -> str:
        return f"Linux {self._image.banner}"

    @property
    def where(self) -> str:
        return str(self._image.path)

    @property
    def lineage(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def made_of(self) -> str:
        return made_of(self._host, self._image)

    @property
    def intends(self) -> tuple[Intent, ...]:
        return ()

    @property
    def interface(self) -> Interface:
        return Interface(known=False)

    def run(self, machine: Machine, steps: Sequence[Step]) -> Trace:
        # Only now: qemu.qmp may be missing where live kernels are not run.
        from zonediff.live.run import run

        rig = rig_for(self._host, self._image, machine, steps)
        return asyncio.run(run(self.name, rig, fixed(steps))).trace


def rig_for(host: Host, image: Image, machine: Machine, steps: Sequence[Step]) -> Rig:
    """The rig for a scenario. Raises NotOnThisMachine when it cannot be run on one."""
    rig = Rig(host, image, machine, window_for(machine, steps))
    obstacle = next(_obstacles(rig, steps), None)
    if obstacle is not None:
        raise NotOnThisMachine(obstacle)
    return rig


def _obstacles(rig: Rig, steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        for kind, why in _CANNOT.items():
            if isinstance(step, kind):
                yield f"{step}: {why}"
    if rig.machine.physical_bits != _PHYSICAL_BITS:
        yield (
            f"physical addresses of {rig.machine.physical_bits} bits: QEMU's CPU has "
            f"{_PHYSICAL_BITS}"
        )
    yield from _options(rig)
    needed, available = rig.need, memory_available()
    if needed > available:
        yield (
            f"the guest needs {needed / GIB:.1f} GiB of memory, and {available / GIB:.1f} GiB are "
            "free here"
        )


def _options(rig: Rig) -> Iterator[str]:
    """Config options that the scenario sets and the kernel was not built with, or may not be."""
    for option in fields(Config):
        wanted = getattr(rig.machine.config, option.name)
        if wanted == option.default:
            continue
        config = rig.image.config()
        if config is None:
            yield f"no file beside the image says whether CONFIG_{option.name} is set"
        elif (config.get(option.name) == "y") != wanted:
            yield f"the kernel was built with CONFIG_{option.name}={'n' if wanted else 'y'}"
