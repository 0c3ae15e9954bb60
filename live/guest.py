"""A guest: a kernel running in a virtual machine, driven through its agent and QEMU."""

from __future__ import annotations

import asyncio
import errno
import os
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any, Final, NamedTuple

from qemu.qmp import ExecuteError

from zonediff.engine.kernel import KernelDied
from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.managed_devices import virtio_mem_sizes
from zonediff.engine.steps import Plug
from zonediff.engine.units import PAGE
from zonediff.engine.words import count_of
from zonediff.live.accelerator import accelerator, distrust_kvm
from zonediff.live.agent import AGAIN, Agent, AgentFailed
from zonediff.live.console import Console
from zonediff.live.guest_spec import GuestSpec
from zonediff.live.memory_devices import (
    DAX_DRIVERS,
    KMEM,
    NO_DRIVER,
    dax_driver,
    dax_names,
    drivers_work,
)
from zonediff.live.qemu_arguments import NO_FILES, Backing, backend, backend_id, device, device_id
from zonediff.live.snapshot import Snapshot, read_files, read_snapshot
from zonediff.live.virtual_machine import QemuFailed, VirtualMachine, power_on

KNOWN_HANG_LIMIT: Final = 20.0
"""Seconds that a step may take where a step of its kind is known to hang."""

FIRST_LINE_LIMIT: Final = 20.0
"""Seconds within which a kernel under KVM must print its first line; otherwise TCG is used."""

BOOT_LIMIT: Final = 120.0
"""Seconds from power-on within which the agent must answer. TCG needs 3 to 5."""

STEP_LIMIT: Final = 180.0
"""Seconds that a step may take. Kernels of the time of 4.10 try for 120 s to offline a block."""

_KERNEL_RUNS: Final = "Linux version "

_UEVENT: Final = re.compile(
    rb"(add|remove|online|offline)@/devices/system/(?:memory/memory|(node)/node)([0-9]+)"
)
_MOST_EVENTS: Final = 1_000_000
_MARK: Final = b"change@/devices/system/memory/memory0"
_EVENT: Final = "event "
_HELLO_LINES: Final = 3
_TEXT: Final = "text "
_WRITABLE: Final = "writable "

_TRIES: Final = 50
"""The number of times that an answer may arrive damaged, or without its checksum."""

_MEMORY_STAYS: Final = {"capabilities": [{"capability": "x-ignore-shared", "state": True}]}
"""The state of a guest is saved without its memory, which is in files of ours."""

_CULPRIT_LIMIT: Final = 20.0
"""Seconds in which a guest that hangs has to say what hangs."""

_FRAME: Final = re.compile(r"\[<0>\] ([\w.]+)\+")
_STATE: Final = re.compile(r"memory([0-9]+)/state:(.*)")
_PAGES: Final = re.compile(r"pages ([0-9]+) flags 0x([0-9a-f]+)")

_PAGE_FLAGS: Final = {
    2: "referenced",
    3: "uptodate",
    4: "dirty",
    5: "lru",
    6: "active",
    7: "slab",
    10: "buddy",
    11: "mmap",
    12: "anon",
    15: "compound-head",
    16: "compound-tail",
    17: "huge",
    18: "unevictable",
    19: "hwpoison",
    23: "offline",
    26: "page-table",
    32: "reserved",
}
"""Bits of /proc/kpageflags (include/uapi/linux/kernel-page-flags.h, kernel-page-flags.h)."""

_POLL: Final = 0.005

_RESTS: Final = 3
"""So many times in a row, drivers have to be found at rest."""

_FAILED: Final = "failed: "
_ERRNO_NAMES: Final = {os.strerror(number): name for number, name in errno.errorcode.items()}

_INSERTION: Final = (0, 1)
_EJECTION: Final = (3,)
"""The ACPI notifications that _OST answers (ACPI 6.3.5): bus and device check; eject request."""

_SUCCESS: Final = 0x00
_NO_FAILURE: Final = (0x00, 0x84)
"""_OST codes of an ejection that succeeded or continues; QEMU reports the end by DEVICE_DELETED."""


class Refused(Exception):
    """Control flow: QEMU or the kernel refuses to plug or unplug a device, as the message says.

    result: the errno's name where the kernel's log shows it.
    """

    def __init__(self, message: str, result: str = "REFUSED") -> None:
        super().__init__(message)
        self.result = result


class PluggedDimm(NamedTuple):
    """A plugged DIMM. name: QEMU's id of it. address, size: in bytes."""

    name: str
    address: int
    size: int
    node: int


class VirtioMemSizes(NamedTuple):
    """A virtio-mem device. name: QEMU's id of it. Its region and its sizes are in bytes."""

    name: str
    address: int
    region: int
    requested: int
    plugged: int


class LiveGuest:
    """A booted kernel.

    events: its uevents of memory blocks and nodes until the last snapshot, as (`add`, 32) or
    (`add node`, 1); whoever uses them takes them out. hears_events: whether the kernel sends any.
    release, block_size: what the kernel says of itself, once ready() has returned.
    snapshot: the last one taken. files: the text of each watched file at that time, by its path.
    step_limit: seconds that a step may take; None is STEP_LIMIT.

    Whatever talks to the guest raises KernelDied when the kernel dies of it or does not answer, and
    AgentFailed.
    """

    def __init__(self, vm: VirtualMachine, machine: Machine) -> None:
        self.events: list[tuple[str, int]] = []
        self.hears_events = False
        self.release = ""
        self.block_size = 0
        self.snapshot = Snapshot()
        self.files: dict[str, str] = {}
        self.step_limit: float | None = None
        self._vm = vm
        self._machine = machine
        self._dax_names = dax_names(machine)
        self._agent = Agent()
        self._events_port = False
        self._mark_arrived = False
        vm.listen("agent", self._agent.take)
        vm.listen("events", self._read_event)

    @property
    def console(self) -> Console:
        """The kernel's log."""
        return self._vm.console

    async def ready(self) -> None:
        """Wait until the agent answers, and the drivers that it has loaded rest."""
        lines = await self._answer(BOOT_LIMIT)
        with _understood():
            hello = dict(line.split() for line in lines[:_HELLO_LINES])
            self.release = hello["release"]
            self.block_size = int(hello["block_size"], 16)
            self._events_port = hello["events"] == "port"
            self.hears_events = hello["events"] != "no"
        await self._look(lines[_HELLO_LINES:])
        await self.settle()
        self.events.clear()

    def take_over(self, other: LiveGuest) -> None:
        """Be what another guest was when its state was saved."""
        self.release, self.block_size = other.release, other.block_size
        self.hears_events, self.snapshot = other.hears_events, other.snapshot
        self.files = other.files
        self._events_port = other._events_port

    async def observe(self) -> Snapshot:
        """Look at the guest's memory, and hear all events of until then."""
        await self._look(await self._ask("observe"))
        return self.snapshot

    async def write(self, file: str, value: str) -> str | None:
        """Write to a file below /sys/devices/system/memory, and look: None, or the errno's name."""
        lines = await self._ask("write", file, value)
        await self._look(lines)
        with _understood():
            return _failure(lines[0])

    async def read(self, file: str) -> tuple[str | None, str | None]:
        """Read such a file, and look: (None, its text less the newline) or (errno name, None)."""
        lines = await self._ask("fetch", file)
        await self._look(lines)
        with _understood():
            failure = _failure(lines[0])
        texts = [line.removeprefix(_TEXT) for line in lines if line.startswith(_TEXT)]
        return (failure, None) if failure else (None, "\n".join(texts).rstrip("\n"))

    async def watch(self, path: str) -> None:
        """Look, and hold in `files` from now on this file, or what this folder has in it."""
        await self._look(await self._ask("watch", path))

    async def writable(self, folder: str) -> list[str]:
        """Return the paths of the files in a folder and its folders that root may write."""
        lines = await self._ask("list", folder)
        paths = (line.removeprefix(_WRITABLE) for line in lines if line.startswith(_WRITABLE))
        return sorted(paths)

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
        await self._vm.until(lambda: bool(self._answers(name, _INSERTION)), self.limit)
        code = self._answers(name, _INSERTION)[-1]
        if code != _SUCCESS:
            raise Refused(f"the kernel answers the insertion with _OST code {code:#x}")

    async def unplug(self, id: str) -> None:
        """Request a DIMM's ejection and wait until it succeeds or fails. Raises Refused."""
        self._vm.notices.clear()
        name = device_id(id)
        try:
            await self._vm.execute("device_del", {"id": name})
        except ExecuteError as error:
            raise Refused(str(error)) from None
        await self._vm.until(lambda: self._deleted(name) or bool(self._failures(name)), self.limit)
        if not self._deleted(name):
            code = self._failures(name)[0]
            raise Refused(f"the kernel answers the eject request with _OST code {code:#x}")
        await self._vm.execute("object-del", {"id": backend_id(id)})

    async def bind(self, id: str) -> str | None:
        """Give a dax device to kmem, taken from another driver: None, or the errno's name."""
        name = self._dax_names[id]
        driver = dax_driver(name, self.files)
        if driver not in (NO_DRIVER, KMEM):
            await self.write(f"{DAX_DRIVERS}/{driver}/unbind", name)
        return await self.write(f"{DAX_DRIVERS}/{KMEM}/bind", name)

    async def unbind(self, id: str) -> str | None:
        """Take a dax device from kmem: None, or the errno's name."""
        return await self.write(f"{DAX_DRIVERS}/{KMEM}/unbind", self._dax_names[id])

    async def resize(self, id: str, size: int) -> None:
        """Request that virtio-mem plugs so many bytes; settle() until it has. Raises Refused."""
        request = {"path": device_id(id), "property": "requested-size", "value": size}
        try:
            await self._vm.execute("qom-set", request)
        except ExecuteError as error:
            raise Refused(str(error)) from None
        await self.settle()
        [sizes] = [item for item in await self.virtio_mem() if item.name == device_id(id)]
        if sizes.plugged != sizes.requested:
            raise Refused(virtio_mem_sizes(sizes.requested, sizes.plugged))

    async def settle(self) -> None:
        """On a machine with virtio-mem, wait until its driver rests, and look.

        The driver works beside whoever writes to a file: after its device has asked for a size, and
        after blocks have gone online or offline. Raises KernelDied when it does not come to rest.
        """
        if not self._machine.virtio_mem:
            return
        try:
            async with asyncio.timeout(self.limit):
                resting = 0
                while resting < _RESTS:
                    resting = 0 if drivers_work(await self._stacks()) else resting + 1
        except TimeoutError:
            raise KernelDied("hang") from None
        await self.observe()

    async def plugged_in(self) -> list[PluggedDimm]:
        """Return the plugged DIMMs of the machine."""
        return [
            PluggedDimm(*(item[key] for key in ("id", "addr", "size", "node")))
            for item in await self._devices("dimm")
        ]

    async def virtio_mem(self) -> list[VirtioMemSizes]:
        """Return the virtio-mem devices of the machine."""
        keys = ("id", "memaddr", "max-size", "requested-size", "size")
        return [
            VirtioMemSizes(*(item[key] for key in keys))
            for item in await self._devices("virtio-mem")
        ]

    async def _devices(self, kind: str) -> list[dict[str, Any]]:
        devices = await self._vm.execute("query-memory-devices")
        return [item["data"] for item in devices if item["type"] == kind]

    async def culprits(self) -> list[str]:
        """The running and waiting tasks of a kernel that hangs, with their stacks, and blocks.

        Of a block that is between two states also the pages that are in use. Empty when the agent
        does not answer any more.
        """
        lines = await self._stacks()
        blocks = blocks_between_states(lines)
        pages = self.block_size // PAGE
        pages_in_use = [
            used_pages(block, await self._stacks(block * pages, pages)) for block in blocks
        ]
        return [*culprits_in(lines), *filter(None, pages_in_use)]

    async def _stacks(self, first_page: int = 0, count: int = 0) -> Sequence[str]:
        """The agent's answer to `stacks`; nothing when it does not answer."""
        self._vm.send("agent", self._agent.request("stacks", str(first_page), str(count)))
        try:
            await self._vm.until(lambda: self._agent.answer is not None, _CULPRIT_LIMIT)
        except KernelDied:
            return ()
        return self._agent.answer or ()

    async def save(self, state: str) -> None:
        """Write the guest's state, but for its memory, to a file; it does not run any more."""
        await self._vm.execute("migrate-set-capabilities", _MEMORY_STAYS)
        await self._vm.execute("migrate", {"uri": f"exec:cat > {state}"})
        await self._vm.notice("STOP", STEP_LIMIT)
        while (await self._vm.execute("query-migrate"))["status"] != "completed":
            await asyncio.sleep(_POLL)

    async def restore(self, state: int) -> None:
        """Go on from a state that is in the file with this descriptor of QEMU's."""
        await self._vm.execute("migrate-set-capabilities", _MEMORY_STAYS)
        await self._vm.execute("migrate-incoming", {"uri": f"fd:{state}"})
        await self._vm.notice("RESUME", STEP_LIMIT)

    @property
    def limit(self) -> float:
        """Seconds that a step may take."""
        return STEP_LIMIT if self.step_limit is None else self.step_limit

    # --- the agent

    async def _ask(self, verb: str, *arguments: str) -> list[str]:
        self._mark_arrived = False
        self._vm.send("agent", self._agent.request(verb, *arguments))
        return await self._answer(self.limit)

    async def _answer(self, limit: float) -> list[str]:
        """The answer to the last request, asked for again while it arrives damaged."""
        for _ in range(_TRIES):
            await self._vm.until(lambda: self._agent.answered, limit)
            if self._agent.answer is not None:
                return list(self._agent.answer)
            self._vm.send("agent", self._agent.request(AGAIN))
        raise AgentFailed(f"an answer of the guest's agent arrived damaged {_TRIES} times")

    async def _look(self, lines: list[str]) -> None:
        """Take the snapshot and the events of an answer."""
        with _understood():
            self.snapshot = read_snapshot(lines, self.snapshot)
            self.files = read_files(lines, self.files)
        if self._machine.dax or self._machine.virtio_mem:
            self.snapshot = replace(self.snapshot, devices=await self._device_states())
        if self._events_port:
            await self._vm.until(lambda: self._mark_arrived, self.limit)
        for line in lines:
            if line.startswith(_EVENT):
                self._read_event(line.removeprefix(_EVENT).encode())

    async def _device_states(self) -> dict[str, str]:
        """The state of each memory device that a driver manages, by id."""
        drivers = {id: dax_driver(name, self.files) for id, name in self._dax_names.items()}
        ids = {device_id(item.id): item.id for item in self._machine.virtio_mem}
        sizes = await self.virtio_mem() if ids else ()
        return drivers | {
            ids[item.name]: virtio_mem_sizes(item.requested, item.plugged) for item in sizes
        }

    def _read_event(self, line: bytes) -> None:
        if line == _MARK:
            self._mark_arrived = True
        elif match := _UEVENT.fullmatch(line):
            action, node, number = match.groups()
            if len(self.events) == _MOST_EVENTS:
                raise AgentFailed(f"the kernel sends more than {_MOST_EVENTS:,} uevents")
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


@contextmanager
def _understood() -> Iterator[None]:
    """Raise AgentFailed where an answer has another form than the agent gives it."""
    try:
        yield
    except (ValueError, LookupError) as error:
        raise AgentFailed(f"an answer of the guest's agent makes no sense: {error}") from None


def culprits_in(lines: Sequence[str]) -> list[str]:
    """The agent's answer to `stacks`: a line for each task, and each block between two states."""
    tasks: list[list[str]] = []
    blocks = []
    for line in lines:
        if line.startswith("task "):
            tasks.append([line.removeprefix("task ")])
        elif tasks and (match := _FRAME.match(line)):
            tasks[-1].append(match[1])
        elif (match := _STATE.fullmatch(line)) and match[2] not in ("online", "offline"):
            blocks.append(f"memory{match[1]} reads {match[2]}")
    return [*(f"task {task}: {' < '.join(frames)}" for task, *frames in tasks if frames), *blocks]


def blocks_between_states(lines: Sequence[str]) -> list[int]:
    """The blocks that are neither online nor offline in the agent's answer to `stacks`."""
    matches = (_STATE.fullmatch(line) for line in lines)
    return [int(match[1]) for match in matches if match and match[2] not in ("online", "offline")]


def used_pages(block: int, lines: Sequence[str]) -> str:
    """How many pages of a block are in use and for what, from the agent's answer to `stacks`."""
    counts: dict[str, int] = {}
    for line in lines:
        if match := _PAGES.fullmatch(line):
            flags = int(match[2], 16)
            names = [name for bit, name in _PAGE_FLAGS.items() if flags >> bit & 1]
            if names and "buddy" not in names:
                counts[" ".join(names)] = counts.get(" ".join(names), 0) + int(match[1])
    return (
        f"memory{block} has "
        + ", ".join(f"{count_of(count, 'page')} ({names})" for names, count in counts.items())
        if counts
        else ""
    )


def _failure(result: str) -> str | None:
    """Return the name of the errno in the agent's result, or its text; None for success."""
    if not result.startswith(_FAILED):
        return None
    text = result.removeprefix(_FAILED)
    return _ERRNO_NAMES.get(text, text)


@asynccontextmanager
async def starting(spec: GuestSpec, backing: Backing = NO_FILES) -> AsyncIterator[LiveGuest]:
    """A guest that has just been switched on; ready() tells when it has booted.

    Under KVM if a kernel runs there at all. Raises virtual_machine.QemuFailed.
    """
    async with AsyncExitStack() as stack:
        vm = None
        if accelerator() == "kvm":
            vm = await _under_kvm(spec, backing, stack)
        if vm is None:
            vm = await stack.enter_async_context(power_on(spec, "tcg", backing))
        yield LiveGuest(vm, spec.machine)


@asynccontextmanager
async def restored(
    spec: GuestSpec, backing: Backing, state: int, saved: LiveGuest
) -> AsyncIterator[LiveGuest]:
    """A guest in the state in which another one of this kind was saved.

    state: the descriptor of that state. Raises virtual_machine.QemuFailed.
    """
    async with power_on(spec, accelerator(), backing, incoming=True) as vm:
        guest = LiveGuest(vm, spec.machine)
        await guest.restore(state)
        guest.take_over(saved)
        yield guest


async def _under_kvm(
    spec: GuestSpec, backing: Backing, stack: AsyncExitStack
) -> VirtualMachine | None:
    """Return a machine under KVM; None, and use TCG from now on, if its kernel does not start."""
    async with AsyncExitStack() as trial:
        try:
            vm = await trial.enter_async_context(power_on(spec, "kvm", backing))
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
