"""A guest: a kernel running in a virtual machine, driven through its agent and QEMU."""

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
from zonediff.live.qemu_arguments import Window, backend, backend_id, device, device_id
from zonediff.live.snapshot import Snapshot, read_snapshot
from zonediff.live.virtual_machine import QemuFailed, VirtualMachine, power_on

FIRST_LINE_LIMIT: Final = 20.0
"""Seconds within which a kernel under KVM must print its first line; otherwise TCG is used."""

BOOT_LIMIT: Final = 120.0
"""Seconds from power-on within which the agent must answer. TCG needs 3 to 5."""

STEP_LIMIT: Final = 180.0
"""Seconds that a step may take. Kernels of the time of 4.10 try for 120 s to offline a block."""

_KERNEL_RUNS: Final = "Linux version "

_EVENT: Final = re.compile(
    rb"(add|remove|online|offline)@/devices/system/(?:memory/memory|(node)/node)([0-9]+)"
)
_MARK: Final = b"change@/devices/system/memory/memory0"

_FAILED: Final = "failed: "
_ERRNO_NAMES: Final = {os.strerror(number): name for number, name in errno.errorcode.items()}

_INSERTION: Final = (0, 1)
_EJECTION: Final = (3,)
"""The ACPI notifications that _OST answers (ACPI 6.3.5): bus and device check; eject request."""

_NO_FAILURE: Final = (0x00, 0x84)
"""_OST codes of an ejection that succeeded or continues; QEMU reports the end by DEVICE_DELETED."""


class Refused(Exception):
    """Control flow: QEMU or the kernel refuses to plug or unplug a device, as the message says."""


class PluggedDimm(NamedTuple):
    """A plugged DIMM. name: QEMU's id of it. address, size: in bytes."""

    name: str
    address: int
    size: int
    node: int


class LiveGuest:
    """A booted kernel.

    events: uevents of memory blocks and nodes up to the last observe(), as (`add`, 32) or
    (`add node`, 1); the caller removes them. hears_events: whether the kernel sends uevents.
    release, block_size: the kernel's release and its block size in bytes, after ready().

    All methods raise KernelDied when the kernel dies or does not answer in time.
    """

    def __init__(self, vm: VirtualMachine) -> None:
        self.events: list[tuple[str, int]] = []
        self.hears_events = False
        self.release = ""
        self.block_size = 0
        self._vm = vm
        self._agent = Agent()
        self._mark_arrived = False
        vm.listen("agent", self._agent.take)
        vm.listen("events", self._read_event)

    @property
    def console(self) -> Console:
        """The kernel's log."""
        return self._vm.console

    async def ready(self) -> None:
        """Wait until the agent answers."""
        await self._vm.until(lambda: self._agent.answer is not None, BOOT_LIMIT)
        hello = dict(line.split() for line in self._agent.answer or ())
        self.release = hello["release"]
        self.block_size = int(hello["block_size"], 16)
        self.hears_events = hello["events"] == "yes"

    async def observe(self) -> Snapshot:
        """Take a snapshot of the guest's memory, and wait for all uevents sent before it."""
        self._mark_arrived = not self.hears_events
        snapshot = read_snapshot(await self._ask("observe"))
        await self._vm.until(lambda: self._mark_arrived, STEP_LIMIT)
        return snapshot

    async def write(self, file: str, value: str) -> str | None:
        """Write to a file in /sys/devices/system/memory; return None or the name of the errno."""
        result, *_ = await self._ask("write", file, value)
        return _failure(result)

    async def read(self, file: str) -> tuple[str | None, str | None]:
        """Read such a file; return (None, text without newline) or (name of the errno, None)."""
        result, *lines = await self._ask("fetch", file)
        failure = _failure(result)
        return (failure, None) if failure else (None, "\n".join(lines).rstrip("\n"))

    async def plug(self, dimm: Dimm | Plug) -> None:
        """Hot-plug a DIMM and wait until the kernel has answered with _OST. Raises Refused."""
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
        """Request a DIMM's ejection and wait until it succeeds or fails. Raises Refused."""
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

    async def plugged_in(self) -> list[PluggedDimm]:
        """Return the plugged DIMMs of the machine."""
        devices = await self._vm.execute("query-memory-devices")
        return [
            PluggedDimm(*(item["data"][key] for key in ("id", "addr", "size", "node")))
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

    def _read_event(self, line: bytes) -> None:
        if line == _MARK:
            self._mark_arrived = True
        elif match := _EVENT.fullmatch(line):
            action, node, number = match.groups()
            self.events.append((action.decode() + (" node" if node else ""), int(number)))

    # --- the kernel's answers to ACPI

    def _answers(self, name: str, sources: tuple[int, ...]) -> list[int]:
        """Return the _OST codes of the kernel's answers to notifications about a device."""
        infos = [data["info"] for notice, data in self._vm.notices if notice == "ACPI_DEVICE_OST"]
        return [
            info["status"]
            for info in infos
            if info.get("device") == name and info["source"] in sources
        ]

    def _failures(self, name: str) -> list[int]:
        return [code for code in self._answers(name, _EJECTION) if code not in _NO_FAILURE]

    def _deleted(self, name: str) -> bool:
        return any(
            notice == "DEVICE_DELETED" and data.get("device") == name
            for notice, data in self._vm.notices
        )


def _failure(result: str) -> str | None:
    """Return the name of the errno in the agent's result, or its text; None for success."""
    if not result.startswith(_FAILED):
        return None
    text = result.removeprefix(_FAILED)
    return _ERRNO_NAMES.get(text, text)


@asynccontextmanager
async def starting(
    host: Host, image: Image, machine: Machine, window: Window
) -> AsyncIterator[LiveGuest]:
    """Switch a guest on for the duration of the context; ready() waits until it has booted.

    KVM is used if the kernel starts under it. Raises virtual_machine.QemuFailed.
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
    """Return a machine under KVM; None, and use TCG from now on, if its kernel does not start."""
    async with AsyncExitStack() as trial:
        try:
            vm = await trial.enter_async_context(power_on(host, image, machine, window, "kvm"))
            if await _starts(vm):
                stack.push_async_exit(trial.pop_all())
                return vm
            problem = f"a kernel printed nothing within {FIRST_LINE_LIMIT:.0f} seconds"
        except QemuFailed as failure:
            problem = str(failure)
    distrust_kvm(problem)
    return None


async def _starts(vm: VirtualMachine) -> bool:
    """Return whether the kernel prints its first line in time."""

    def printed() -> bool:
        return any(_KERNEL_RUNS in line for line in vm.console.lines)

    try:
        await vm.until(printed, FIRST_LINE_LIMIT)
    except KernelDied:
        return printed()
    return True
