"""A virtual machine: QEMU with its monitor and the guest's serial ports.

Nothing is written to disk. QEMU inherits sockets, and the kernel and the guest's files as open
descriptors, so it boots exactly the image that was checked. It is killed when the context ends, and
by the host's kernel when this process dies, however it dies.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any, BinaryIO, Final

from qemu.qmp import ExecuteError, QMPClient, QMPError

from zonediff.engine.kernel import KernelDied
from zonediff.engine.trace import End
from zonediff.engine.units import MIB
from zonediff.live.console import Console
from zonediff.live.guest_spec import GuestSpec
from zonediff.live.host import Accelerator
from zonediff.live.qemu_arguments import MONITOR, NO_FILES, SERIAL_PORTS, Backing, arguments
from zonediff.variants.registry import VariantError

Take = Callable[[bytes], None]
"""Called with each line from a serial port."""

# The log would report that QEMU hangs up in the middle of a message, but this module kills it.
logging.getLogger("qemu.qmp").addHandler(logging.NullHandler())

_LINE_BYTES: Final = MIB
"""About the length of the lines that output without a newline is cut into."""

_EXIT_LIMIT: Final = 10.0
"""Seconds within which QEMU must end after it has hung up."""


class QemuFailed(VariantError):
    """QEMU itself failed, whatever the kernel did; the message is what QEMU printed."""


class VirtualMachine:
    """A running QEMU.

    console: the kernel's log. notices: QEMU's events as (name, data), oldest first.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.console = Console()
        self.notices: list[tuple[str, dict[str, Any]]] = []
        self._process = process
        self._takers: dict[str, Take] = {"console": self.console.take}
        self._transports: dict[str, asyncio.WriteTransport] = {}
        self._qmp = QMPClient()
        self._gone = False
        self._mistake: Exception | None = None
        self._news = asyncio.Event()

    def listen(self, port: str, take: Take) -> None:
        """Call take() with every line from a serial port."""
        self._takers[port] = take

    def send(self, port: str, data: bytes) -> None:
        """Send to a serial port."""
        self._transports[port].write(data)

    async def execute(self, command: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """Execute a command of QEMU's monitor. Raises ExecuteError when QEMU refuses it."""
        try:
            return await self._qmp.execute(command, dict(arguments or {}))
        except ExecuteError:
            raise
        except QMPError:  # QEMU has ended; the kernel's log says why
            await self.until(lambda: False, _EXIT_LIMIT)

    async def until(self, happened: Callable[[], bool], limit: float) -> None:
        """Wait until happened() is true; it is called after each line and each notice.

        Raises KernelDied when the kernel dies or so many seconds pass before, QemuFailed, and
        what taking a line raised: that is a mistake of ours, and says nothing about the kernel.
        """
        try:
            async with asyncio.timeout(limit):
                while True:
                    if self._mistake is not None:
                        raise self._mistake
                    if not self.console.death and happened():
                        return
                    if self._gone or self.console.complete:
                        raise KernelDied(self.console.death or self._unreported_end())
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise KernelDied(self.console.death or "hang") from None

    def _unreported_end(self) -> End:
        """Return how a kernel ended that printed nothing: a reset is a panic. Raises QemuFailed."""
        with suppress(subprocess.TimeoutExpired):
            if self._process.wait(_EXIT_LIMIT) == 0:
                return "panic"
        raise self._failure()

    def _failure(self) -> QemuFailed:
        self._process.kill()
        output = self._process.stderr.read() if self._process.stderr else b""
        text = output.decode(errors="replace").strip()
        return QemuFailed(text or f"QEMU ended with {self._process.wait()}")

    async def notice(self, name: str, limit: float) -> None:
        """Wait until QEMU has told of an event. Raises what until() raises."""
        await self.until(lambda: any(notice == name for notice, _ in self.notices), limit)

    # --- beginning and end

    async def connect(self, sockets: Mapping[str, socket.socket], stack: AsyncExitStack) -> None:
        """Connect to the sockets until the stack is left. Raises QemuFailed."""
        loop = asyncio.get_running_loop()
        stack.push_async_callback(asyncio.sleep, 0)  # lets the transports close
        for name in SERIAL_PORTS:
            transport, _ = await loop.create_connection(
                partial(_Port, partial(self._take, name), partial(self._lost, name)),
                sock=sockets[name],
            )
            stack.callback(transport.abort)
            self._transports[name] = transport
        try:
            await self._qmp.connect(sockets[MONITOR])
        except QMPError:
            raise self._failure() from None
        stack.push_async_callback(self._hang_up, asyncio.create_task(self._collect_notices()))

    async def _collect_notices(self) -> None:
        async for notice in self._qmp.events:
            event: dict[str, Any] = dict(notice)
            self.notices.append((event["event"], event.get("data", {})))
            self._news.set()

    async def _hang_up(self, collecting: asyncio.Task[None]) -> None:
        collecting.cancel()
        self._process.kill()
        with suppress(QMPError, OSError, EOFError):  # QEMU may have ended already
            await self._qmp.disconnect()

    def _take(self, port: str, lines: list[bytes]) -> None:
        take = self._takers.get(port)
        try:
            for line in lines:
                if take is not None:
                    take(line)
        except Exception as mistake:
            self._mistake = mistake
        self._news.set()

    def _lost(self, port: str) -> None:
        # The console is closed last, so all of the log has been read by now.
        if port == "console":
            self._gone = True
            self._news.set()


class _Port(asyncio.Protocol):
    """The host's end of a serial port: splits what the guest sends into lines."""

    def __init__(self, take: Callable[[list[bytes]], None], lost: Callable[[], None]) -> None:
        self._take = take
        self._lost = lost
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LINE_BYTES:
            lines, self._rest = [*lines, self._rest], b""
        self._take([line.rstrip(b"\r") for line in lines])

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost()


@asynccontextmanager
async def power_on(
    spec: GuestSpec,
    accelerator: Accelerator,
    backing: Backing = NO_FILES,
    incoming: bool = False,
) -> AsyncIterator[VirtualMachine]:
    """Start a virtual machine for the duration of the context; its kernel is just starting.

    incoming: it waits for a saved state instead (templates.py). Raises QemuFailed when QEMU
    refuses the machine, and VariantError when the image has changed.
    """
    async with AsyncExitStack() as stack:
        host_ends: dict[str, socket.socket] = {}
        guest_ends: dict[str, socket.socket] = {}
        for name in (*SERIAL_PORTS, MONITOR):
            pair = socket.socketpair()
            host_ends[name], guest_ends[name] = (stack.enter_context(end) for end in pair)
            host_ends[name].setblocking(False)
        with _boot_files(spec, backing) as (kernel, initrd):
            descriptors = {name: end.fileno() for name, end in guest_ends.items()}
            process = subprocess.Popen(
                [
                    *(spec.host.setpriv, "--pdeathsig", "KILL", "--", spec.host.qemu),
                    *arguments(
                        spec.machine,
                        spec.window,
                        spec.cmdline,
                        accelerator=accelerator,
                        kernel=f"/proc/self/fd/{kernel}",
                        initrd=f"/proc/self/fd/{initrd}",
                        sockets=descriptors,
                        backing=backing,
                        incoming=incoming,
                    ),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[kernel, initrd, *descriptors.values(), *backing.descriptors],
                process_group=0,  # keeps Ctrl-C from QEMU
            )
        stack.enter_context(process)
        stack.callback(process.kill)
        for end in guest_ends.values():
            end.close()
        vm = VirtualMachine(process)
        await vm.connect(host_ends, stack)
        yield vm


@contextmanager
def _boot_files(spec: GuestSpec, backing: Backing) -> Iterator[tuple[int, int]]:
    """Yield the descriptors of the kernel and the initramfs, those of the backing if it has them.

    Raises VariantError when the image has changed.
    """
    if backing.boot_files is not None:
        yield backing.boot_files
        return
    with (
        in_memory("kernel", spec.image.read()) as kernel,
        in_memory("initramfs", spec.initramfs) as initrd,
    ):
        yield kernel.fileno(), initrd.fileno()


@contextmanager
def in_memory(name: str, content: bytes) -> Iterator[BinaryIO]:
    """A file that only those who hold it know of."""
    with os.fdopen(os.memfd_create(name), "wb") as file:
        file.write(content)
        file.flush()
        yield file
