"""A guest: a kernel at work in a virtual machine, and the agent through which it is used."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, NamedTuple

from qemu.qmp import ExecuteError

from zonediff.engine.kernel import KernelDied
from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.steps import Plug
from zonediff.live.accelerator import accelerator, distrust_kvm
from zonediff.live.agent import AGAIN, Agent
from zonediff.live.console import Console
from zonediff.live.host import Host
from zonediff.live.image import Image
from zonediff.live.look import Look, read_look
from zonediff.live.qemu import Window, backend, backend_id, device, device_id
from zonediff.live.vm import QemuFailed, VirtualMachine, power_on

FIRST_LINE_LIMIT: Final = 20.0
"""Seconds in which a kernel under KVM has to print its first line, else KVM is not trusted."""

BOOT_LIMIT: Final = 120.0
"""Seconds from power-on until the agent has to answer. TCG needs 3 to 5."""

STEP_LIMIT: Final = 180.0
"""Seconds that a step may take. Kernels of 4.10's time try for 120 to empty a block."""

_KERNEL_RUNS: Final = "Linux version "

_EVENT: Final = re.compile(
    rb"(add|remove|online|offline)@/devices/system/(?:memory/memory|(node)/node)([0-9]+)"
)
_MARK: Final = b"change@/devices/system/memory/memory0"

_FAILED: Final = "failed: "
_ERRNO_NAMES: Final = {os.strerror(number): name for number, name in errno.errorcode.items()}

_INSERTION: Final = (0, 1)
_EJECTION: Final = (3,)
"""The notifications that _OST answers (ACPI 6.3.5): bus and device check; eject request."""

_NO_FAILURE: Final = (0x00, 0x84)
"""_OST codes of an ejection that is done or going on. That it is done, DEVICE_DELETED tells."""


class Refused(Exception):
    """Control flow: QEMU refuses to plug a device in or out; the message says why."""


class PluggedIn(NamedTuple):
    """A DIMM that is plugged in, by QEMU's name for it; in bytes."""

    name: str
    address: int
    size: int
    node: int


class LiveGuest:
    """A booted kernel.

    events: its uevents of memory blocks and nodes until the last look, as (`add`, 32) or
    (`add node`, 1); whoever uses them takes them out. hears: whether the kernel sends any.
    release, block_size: what the kernel says of itself, once ready() has returned.

    Whatever talks to the guest raises KernelDied when the kernel dies of it or does not answer.
    """

    def __init__(self, vm: VirtualMachine) -> None:
        self.events: list[tuple[str, int]] = []
        self.hears = False
        self.release = ""
        self.block_size = 0
        self._vm = vm
        self._agent = Agent()
        self._heard_mark = False
        vm.listen("agent", self._agent.take)
        vm.listen("events", self._take_event)

    @property
    def console(self) -> Console:
        """What the kernel printed."""
        return self._vm.console

    async def ready(self) -> None:
        """Wait until the agent answers."""
        await self._vm.until(lambda: self._agent.answer is not None, BOOT_LIMIT)
        told = dict(line.split() for line in self._agent.answer or ())
        self.release = told["release"]
        self.block_size = int(told["block_size"], 16)
        self.hears = told["events"] == "yes"

    async def observe(self) -> Look:
        """Look at the guest's memory, and hear all events of until then."""
        self._heard_mark = not self.hears
        look = read_look(await self._ask("observe"))
        await self._vm.until(lambda: self._heard_mark, STEP_LIMIT)
        return look

    async def write(self, file: str, value: str) -> str | None:
        """Write to a file below /sys/devices/system/memory: None, or the errno's name."""
        result, *_ = await self._ask("write", file, value)
        return _failure(result)

    async def read(self, file: str) -> tuple[str | None, str | None]:
        """Read such a file: (None, its text without the newline) or (errno name, None)."""
        result, *lines = await self._ask("fetch", file)
        failure = _failure(result)
        return (failure, None) if failure else (None, "\n".join(lines).rstrip("\n"))

    async def plug(self, dimm: Dimm | Plug) -> None:
        """Hot-plug a DIMM and wait until the kernel has dealt with it. Raises Refused."""
        self._vm.notices.clear()
        name, memory = device_id(dimm.id), backend_id(dimm.id)
        try:
            await self._vm.execute("object-add", backend(memory, dimm.size))
        except ExecuteError as error:
            raise Refused(str(error)) from None
        try:
            await self._vm.execute("device_add", device(dimm))
        except ExecuteError as error:
            await self._vm.execute("object-del", {"id": memory})
            raise Refused(str(error)) from None
        await self._vm.until(lambda: bool(self._answers(name, _INSERTION)), STEP_LIMIT)

    async def unplug(self, id: str) -> None:
        """Ask for a DIMM's ejection and wait for what becomes of it. Raises Refused."""
        self._vm.notices.clear()
        name = device_id(id)
        try:
            await self._vm.execute("device_del", {"id": name})
        except ExecuteError as error:
            raise Refused(str(error)) from None
        await self._vm.until(lambda: self._deleted(name) or bool(self._failures(name)), STEP_LIMIT)
        if not self._deleted(name):
            code = self._failures(name)[0]
            raise Refused(f"the kernel answers the eject request with _OST code {code:#x}")
        await self._vm.execute("object-del", {"id": backend_id(id)})

    async def plugged_in(self) -> list[PluggedIn]:
        """The DIMMs that the machine has."""
        devices = await self._vm.execute("query-memory-devices")
        return [
            PluggedIn(*(item["data"][key] for key in ("id", "addr", "size", "node")))
            for item in devices
            if item["type"] == "dimm"
        ]

    # --- the agent

    async def _ask(self, verb: str, *arguments: str) -> list[str]:
        self._vm.send("agent", self._agent.request(verb, *arguments))
        while True:
            await self._vm.until(lambda: self._agent.answered, STEP_LIMIT)
            if self._agent.answer is not None:
                return list(self._agent.answer)
            self._vm.send("agent", self._agent.request(AGAIN))

    def _take_event(self, line: bytes) -> None:
        if line == _MARK:
            self._heard_mark = True
        elif match := _EVENT.fullmatch(line):
            action, node, number = match.groups()
            self.events.append((action.decode() + (" node" if node else ""), int(number)))

    # --- what the kernel says to ACPI

    def _answers(self, name: str, to: tuple[int, ...]) -> list[int]:
        """The _OST codes by which the kernel answered notifications about a device."""
        infos = [data["info"] for notice, data in self._vm.notices if notice == "ACPI_DEVICE_OST"]
        return [
            info["status"] for info in infos if info.get("device") == name and info["source"] in to
        ]

    def _failures(self, name: str) -> list[int]:
        return [code for code in self._answers(name, _EJECTION) if code not in _NO_FAILURE]

    def _deleted(self, name: str) -> bool:
        return any(
            notice == "DEVICE_DELETED" and data.get("device") == name
            for notice, data in self._vm.notices
        )


def _failure(result: str) -> str | None:
    """The errno's name in the agent's word on what it tried; other words as they are."""
    if not result.startswith(_FAILED):
        return None
    text = result.removeprefix(_FAILED)
    return _ERRNO_NAMES.get(text, text)


@asynccontextmanager
async def starting(
    host: Host, image: Image, machine: Machine, window: Window
) -> AsyncIterator[LiveGuest]:
    """A guest that has just been switched on; ready() tells when it has booted.

    Under KVM if a kernel runs there at all. Raises vm.QemuFailed.
    """
    async with AsyncExitStack() as stack:
        vm = None
        if accelerator() == "kvm":
            vm = await _under_kvm(host, image, machine, window, stack)
        if vm is None:
            vm = await stack.enter_async_context(power_on(host, image, machine, window, "tcg"))
        yield LiveGuest(vm)


async def _under_kvm(
    host: Host, image: Image, machine: Machine, window: Window, stack: AsyncExitStack
) -> VirtualMachine | None:
    """The machine, left with the stack; None and no trust in KVM if its kernel does not start."""
    async with AsyncExitStack() as trial:
        try:
            vm = await trial.enter_async_context(power_on(host, image, machine, window, "kvm"))
            if await _runs(vm):
                stack.push_async_exit(trial.pop_all())
                return vm
            why = f"a kernel printed nothing in {FIRST_LINE_LIMIT:.0f} seconds"
        except QemuFailed as failure:
            why = str(failure)
    distrust_kvm(why)
    return None


async def _runs(vm: VirtualMachine) -> bool:
    """Whether the kernel comes to print a first line."""

    def printed() -> bool:
        return any(_KERNEL_RUNS in line for line in vm.console.lines)

    try:
        await vm.until(printed, FIRST_LINE_LIMIT)
    except KernelDied:
        return printed()
    return True
