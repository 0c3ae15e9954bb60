"""A real kernel as a subject of comparison, named `live:` and the path of its image."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Final

from zonediff.engine.machine import Config, Machine
from zonediff.engine.policy import Intent, Interface
from zonediff.engine.steps import Allocate, Elapse, Fill, HypervAdd, Probe, Step, XenAdd
from zonediff.engine.trace import Trace
from zonediff.engine.units import GIB
from zonediff.live.accelerator import accelerator
from zonediff.live.guest_spec import GuestSpec, fixed_script, made_of
from zonediff.live.host import Host, find_host, memory_available
from zonediff.live.image import Image, read_image
from zonediff.live.memory_devices import STAY_OFFLINE, obstacles
from zonediff.live.qemu_arguments import window_for
from zonediff.variants.registry import LIVE
from zonediff.variants.subject import NotOnThisMachine

_CANNOT: Final[dict[type[Step], str]] = {
    HypervAdd: "there is no Hyper-V host to add memory",
    XenAdd: "there is no Xen hypervisor to add memory",
    Fill: "a real kernel itself decides where pages go",
    Allocate: "the guest runs no processes except its agent",
    Elapse: "the guest runs no processes except its agent",
}
"""The steps that a guest in QEMU cannot do, and why."""

_log = logging.getLogger(__name__)

_PHYSICAL_BITS: Final = 40
"""The width of physical addresses of QEMU's default CPU."""


class Live:
    """A kernel image as a subject; variants.subject.Subject documents the attributes.

    Raises VariantError when the image is no bzImage, or when this computer lacks something.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._image = read_image(Path(name.removeprefix(LIVE)))
        self._host = find_host()

    @property
    def summary(self) -> str:
        return f"Linux {self._image.kernel}, the real kernel."

    @property
    def description(self) -> str:
        return (
            f"{self.summary}\n\n"
            f"Booted from {self._image.path.name} in QEMU {self._host.qemu_version} "
            f"({accelerator().upper()}). The reasons are the lines that it printed."
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
        # Imported here because qemu.qmp may be missing where live kernels are not run.
        from zonediff.live.run import run

        spec = spec_for(self._host, self._image, machine, steps)
        return asyncio.run(run(self.name, spec, fixed_script(steps))).trace


def spec_for(host: Host, image: Image, machine: Machine, steps: Sequence[Step]) -> GuestSpec:
    """Return the guest for a scenario. Raises NotOnThisMachine when no guest here can run it."""
    parameters = own_parameters(image, machine.config)
    spec = GuestSpec(host, image, machine, window_for(machine, steps), parameters)
    obstacle = next(_obstacles(spec, steps), None)
    if obstacle is not None:
        raise NotOnThisMachine(obstacle)
    return spec


def own_parameters(image: Image, config: Config) -> str:
    """Return the kernel parameters that make a kernel behave as built with these options.

    Where memory is to stay offline by default and the kernel may have been built otherwise.
    """
    built_with = image.default_online_type()
    if config.MEMORY_HOTPLUG_DEFAULT_ONLINE or built_with == "offline":
        return ""
    if built_with is not None:
        _say_default(str(image.path), built_with)
    return STAY_OFFLINE


@cache
def _say_default(image: str, online_type: str) -> None:
    if multiprocessing.parent_process() is None:
        _log.warning(
            "live: %s was built to make added memory %s by itself; guests are booted with %s where "
            "a scenario does not ask for that",
            image,
            online_type,
            STAY_OFFLINE,
        )


def _obstacles(spec: GuestSpec, steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        for kind, why in _CANNOT.items():
            if isinstance(step, kind):
                yield f"{step}: {why}"
    if spec.machine.physical_bits != _PHYSICAL_BITS:
        yield (
            f"the scenario needs physical addresses of {spec.machine.physical_bits} bits; QEMU's "
            f"CPU has {_PHYSICAL_BITS}"
        )
    yield from _layout(spec.machine)
    yield from obstacles(spec.machine, spec.image)
    yield from _options(spec)
    probes = any(isinstance(step, Probe) for step in steps)
    wanted = probes and spec.machine.config.ARCH_MEMORY_PROBE
    if wanted and spec.image.option("ARCH_MEMORY_PROBE") is False:
        yield "the kernel was built with CONFIG_ARCH_MEMORY_PROBE=n"
    needed, available = spec.need, memory_available()
    if needed > available:
        yield (
            f"the guest needs {needed / GIB:.1f} GiB of memory, but only {available / GIB:.1f} GiB "
            "are free here"
        )


def _layout(machine: Machine) -> Iterator[str]:
    """The parts of a machine that QEMU's i440fx machine, with one CPU, does not have."""
    if machine.memory:
        yield "QEMU lays boot memory out by the sizes of nodes; the scenario gives ranges (memory)"
    if machine.cpus and machine.cpus != (1,) + (0,) * (len(machine.nodes) - 1):
        yield "a guest has one CPU, on node 0; the scenario gives CPUs of nodes (cpus)"
    if machine.free_memory is not None:
        yield "what is free after boot is up to the kernel; the scenario gives it (free_memory)"
    low = [
        dimm for dimm in machine.dimms if (dimm.addr or machine.hotplug_base) < machine.hotplug_base
    ]
    if low:
        yield f"QEMU has no place for {low[0].id} below {machine.hotplug_base:#x}"


def _options(spec: GuestSpec) -> Iterator[str]:
    """Yield obstacles: config options of the scenario that the kernel lacks or may lack."""
    for option in fields(Config):
        is_set = getattr(spec.machine.config, option.name)
        if is_set == option.default:
            continue
        built_with = spec.image.option(option.name)
        if built_with is None:
            yield f"no config file beside the image shows whether CONFIG_{option.name} is set"
        elif built_with != is_set:
            yield f"the kernel was built with CONFIG_{option.name}={'n' if is_set else 'y'}"
