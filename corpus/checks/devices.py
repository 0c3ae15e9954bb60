"""Mistakes in memory devices, those of the machine and those that steps add and remove."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from zonediff.corpus.checks import time
from zonediff.corpus.checks.machine import beyond_address_width
from zonediff.corpus.checks.values import node_mistakes, selection_mistakes
from zonediff.corpus.problems import Mistake, unknown
from zonediff.corpus.scenario import ScenarioStep
from zonediff.corpus.schema import NAME
from zonediff.engine.actors import Additions
from zonediff.engine.machine import Dimm, Machine, first_free
from zonediff.engine.managed_devices import Dax, VirtioMem
from zonediff.engine.steps import (
    Bind,
    Elapse,
    Fill,
    HypervAdd,
    Offline,
    Online,
    Plug,
    Resize,
    Step,
    Unbind,
    Unplug,
    XenAdd,
)
from zonediff.engine.units import Bytes, format_size


class Devices:
    """The memory devices of a machine as its scenario goes on, with their places if known.

    ids: every id that a device has had so far.
    """

    def __init__(self, machine: Machine) -> None:
        self.ids: set[str] = set()
        self._machine = replace(machine, dimms=())
        self._dimms: dict[str, Dimm] = {}
        self._balloons: set[str] = set()
        self._managed: dict[str, set[str]] = {"dax": set(), "virtio_mem": set()}
        # The kernel decides whether an ejected DIMM leaves. So after the first eject nobody knows
        # where the next DIMM without an address goes.
        self._layout_known = True

    def switch_on(self, dimms: Sequence[Dimm]) -> Iterator[Mistake]:
        """Plug in the DIMMs that are there at boot, and enter the devices with a driver."""
        yield from self._enter_all("virtio_mem", self._machine.virtio_mem)
        for index, dimm in enumerate(dimms):
            for mistake in self._plug(dimm):
                yield mistake.below("machine", "dimms", index)
        yield from self._enter_all("dax", self._machine.dax)

    def follow(self, steps: Sequence[ScenarioStep]) -> Iterator[Mistake]:
        """Do the steps, as far as they concern devices."""
        for index, step in enumerate(steps):
            for mistake in self._do(step.do):
                yield mistake.below("steps", index, step.do.verb)

    def _do(self, step: Step) -> Iterator[Mistake]:
        match step:
            case Plug(id=name, size=size, node=node, addr=addr):
                yield from self._plug(Dimm(name, size, node, addr))
            case HypervAdd(id=name, node=node):
                yield from self._grow(name, node, "hyperv", step.verb)
            case XenAdd(id=name, node=node):
                yield from self._grow(name, node, "xen", step.verb)
            case Unplug(id=name):
                yield from self._unplug(name)
            case Bind(id=name) | Unbind(id=name):
                yield from self._known("dax", name)
            case Resize(id=name, to=size):
                yield from self._known("virtio_mem", name)
                yield from self._resize(name, size)
            case Online(blocks=blocks) | Offline(blocks=blocks) | Fill(blocks=blocks):
                yield from selection_mistakes(blocks, self.ids)
            case Elapse():
                for key, host in time.hosts(step):
                    yield from (mistake.below(key) for mistake in self._add_all(key, host))

    def _plug(self, dimm: Dimm) -> Iterator[Mistake]:
        yield from self._enter(dimm.id)
        # The machine's own rules concern only devices in the way.
        others = [
            other for other in self._dimms.values() if other.id == dimm.id or _overlap(other, dimm)
        ]
        mistakes = [
            Mistake(path[2:], message)
            for path, message in replace(self._machine, dimms=(*others, dimm)).problems()
            if path[:2] == ("dimms", len(others))
        ]
        yield from mistakes
        if mistakes:
            return
        dimm = self._placed(dimm)
        end = (dimm.addr or self._machine.hotplug_base) + dimm.size
        if end > 1 << self._machine.physical_bits:
            yield Mistake(("size",), beyond_address_width(end, self._machine))
        self._dimms[dimm.id] = dimm

    def _placed(self, dimm: Dimm) -> Dimm:
        """The DIMM with the address that it gets without one, where that is known."""
        if dimm.addr is not None or not self._layout_known:
            return dimm
        taken: list[tuple[int, int]] = [
            (other.addr, other.addr + other.size)
            for other in self._dimms.values()
            if other.addr is not None
        ]
        start = first_free(self._machine.hotplug_base, dimm.size, taken)
        return replace(dimm, addr=Bytes(start))

    def _enter_all(self, key: str, devices: Sequence[Dax | VirtioMem]) -> Iterator[Mistake]:
        for index, device in enumerate(devices):
            for mistake in self._enter_managed(key, device):
                yield mistake.below("machine", key, index)

    def _enter_managed(self, key: str, device: Dax | VirtioMem) -> Iterator[Mistake]:
        """Enter a device of the machine that a driver manages, at its place."""
        taken = device.id in self.ids
        if taken:
            yield Mistake(("id",), f"there is already a device {device.id!r}")
        yield from self._enter(device.id)
        self._managed[key].add(device.id)
        if not taken:
            place = Dimm(device.id, device.size, device.node, device.addr)
            self._dimms[device.id] = self._placed(place)

    def _known(self, key: str, name: str) -> Iterator[Mistake]:
        """Check that the machine has this dax or virtio-mem device."""
        if name not in self._managed[key]:
            known = sorted(self._managed[key])
            yield Mistake(("id",), unknown(f"{key.replace('_', '-')} device", name, known))

    def _resize(self, name: str, size: Bytes) -> Iterator[Mistake]:
        for device in self._machine.virtio_mem:
            if device.id == name and (size % device.block or size > device.size):
                expected = f"expected whole blocks of {format_size(device.block)}, at most "
                yield Mistake(("to",), f"{format_size(size)}: {expected}{format_size(device.size)}")

    def _grow(self, name: str, node: int, platform: str, verb: str) -> Iterator[Mistake]:
        """Have a balloon driver of this platform add memory."""
        if self._machine.platform != platform:
            message = f"{verb} needs platform: {platform}; this machine is {self._machine.platform}"
            yield Mistake((), message)
        yield from self._enter(name)
        if name in self._dimms:
            yield Mistake(("id",), f"there is already a DIMM {name!r}")
        yield from node_mistakes(node, self._machine)
        self._balloons.add(name)

    def _add_all(self, platform: str, host: Additions) -> Iterator[Mistake]:
        """Add what a host adds in an `elapse` step, up to the first device with mistakes."""
        for name, size in time.pieces(platform, host):
            if platform == "acpi":
                mistakes = [*self._plug(Dimm(name, size, host.node))]
            else:
                mistakes = [*self._grow(name, host.node, platform, platform)]
            yield from mistakes
            if mistakes:
                return

    def _enter(self, name: str) -> Iterator[Mistake]:
        if not NAME.fullmatch(name) or name == "added":
            message = (
                f"{name!r} cannot be an id: use letters, digits and . _ -, a letter first; "
                "`added` is reserved"
            )
            yield Mistake(("id",), message)
        if name in self._balloons:
            yield Mistake(("id",), f"a driver has already added {name!r}")
        self.ids.add(name)

    def _unplug(self, name: str) -> Iterator[Mistake]:
        if name in self._balloons:
            yield Mistake(("id",), f"a driver added {name!r}; only a DIMM can be unplugged")
        elif any(name in ids for ids in self._managed.values()):
            yield Mistake(("id",), f"{name!r} is no DIMM; only a DIMM can be unplugged")
            return
        elif name not in self.ids:
            yield Mistake(("id",), unknown("device", name, sorted(self.ids)))
        self._dimms.pop(name, None)
        self._layout_known = False


def _overlap(dimm: Dimm, other: Dimm) -> bool:
    if dimm.addr is None or other.addr is None:
        return False
    return dimm.addr < other.addr + other.size and other.addr < dimm.addr + dimm.size
