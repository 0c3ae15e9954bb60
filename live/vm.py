"""A virtual machine: QEMU with its monitor and the guest's serial ports.

Nothing is written to disk: QEMU inherits sockets, and the kernel and the archive of the guest's
files as open descriptors, so what boots is what was looked at. It is killed when its context is
left, and by the kernel when our process dies, however it dies.
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
from zonediff.engine.machine import Machine
from zonediff.engine.trace import End
from zonediff.live.console import Console
from zonediff.live.host import Accelerator, Host
from zonediff.live.image import Image
from zonediff.live.initramfs import initramfs
from zonediff.live.qemu import MONITOR, SERIAL_PORTS, Window, arguments
from zonediff.variants.registry import VariantError

Take = Callable[[bytes], None]
"""Called with each line that comes from a serial port."""

# That QEMU hangs up in the middle of a word is no news: we kill it.
logging.getLogger("qemu.qmp").addHandler(logging.NullHandler())

_EXIT_LIMIT: Final = 10.0
"""Seconds in which QEMU has to be gone once it has hung up."""


class QemuFailed(VariantError):
    """QEMU itself failed, whatever the kernel did; the message is what it said."""


class VirtualMachine:
    """QEMU at work.

    console: what the kernel prints. notices: QEMU's events as (name, data), oldest first.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.console = Console()
        self.notices: list[tuple[str, dict[str, Any]]] = []
        self._process = process
        self._takers: dict[str, Take] = {"console": self.console.take}
        self._transports: dict[str, asyncio.WriteTransport] = {}
        self._qmp = QMPClient()
        self._gone = False
        self._news = asyncio.Event()

    def listen(self, port: str, take: Take) -> None:
        """Have every line from a serial port taken by this function."""
        self._takers[port] = take

    def send(self, port: str, data: bytes) -> None:
        """Send to a serial port."""
        self._transports[port].write(data)

    async def execute(self, command: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """Have QEMU's monitor do something. Raises ExecuteError when it will not."""
        try:
            return await self._qmp.execute(command, dict(arguments or {}))
        except ExecuteError:
            raise
        except QMPError:  # QEMU is gone; what the kernel printed tells why
            await self.until(lambda: False, _EXIT_LIMIT)

    async def until(self, happened: Callable[[], bool], limit: float) -> None:
        """Wait for something that a line or a notice brings about.

        Raises KernelDied when the kernel dies or so many seconds pass before, and QemuFailed.
        """
        try:
            async with asyncio.timeout(limit):
                while self.console.death or not happened():
                    if self._gone or self.console.told:
                        raise KernelDied(self.console.death or self._reset())
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise KernelDied(self.console.death or "hang") from None

    def _reset(self) -> End:
        """How a kernel ended that printed nothing about it: it reset the machine."""
        with suppress(subprocess.TimeoutExpired):
            if self._process.wait(_EXIT_LIMIT) == 0:
                return "panic"
        raise self._failure()

    def _failure(self) -> QemuFailed:
        self._process.kill()
        said = self._process.stderr.read() if self._process.stderr else b""
        text = said.decode(errors="replace").strip()
        return QemuFailed(text or f"QEMU ended with {self._process.wait()}")

    # --- beginning and end

    async def connect(self, sockets: Mapping[str, socket.socket], stack: AsyncExitStack) -> None:
        """Take up our ends of the sockets until the stack is left. Raises QemuFailed."""
        loop = asyncio.get_running_loop()
        stack.push_async_callback(asyncio.sleep, 0)  # in which the transports close
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
        stack.push_async_callback(self._hang_up, asyncio.create_task(self._hear()))

    async def _hear(self) -> None:
        async for notice in self._qmp.events:
            told: dict[str, Any] = dict(notice)
            self.notices.append((told["event"], told.get("data", {})))
            self._news.set()

    async def _hang_up(self, hearing: asyncio.Task[None]) -> None:
        hearing.cancel()
        self._process.kill()
        with suppress(QMPError, OSError, EOFError):  # it may be gone already
            await self._qmp.disconnect()

    def _take(self, port: str, lines: list[bytes]) -> None:
        take = self._takers.get(port)
        for line in lines:
            if take is not None:
                take(line)
        self._news.set()

    def _lost(self, port: str) -> None:
        # The console is closed last: all that was printed has been taken then.
        if port == "console":
            self._gone = True
            self._news.set()


class _Port(asyncio.Protocol):
    """Our end of a serial port: what the guest sends, as lines without their ends."""

    def __init__(self, take: Callable[[list[bytes]], None], lost: Callable[[], None]) -> None:
        self._take = take
        self._lost = lost
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._take([line.rstrip(b"\r") for line in lines])

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost()


@asynccontextmanager
async def power_on(
    host: Host, image: Image, machine: Machine, window: Window, accelerator: Accelerator
) -> AsyncIterator[VirtualMachine]:
    """A virtual machine for as long as the context lasts, its kernel just starting.

    Raises QemuFailed when QEMU cannot make such a machine, VariantError when the image changed.
    """
    async with AsyncExitStack() as stack:
        ours: dict[str, socket.socket] = {}
        theirs: dict[str, socket.socket] = {}
        for name in (*SERIAL_PORTS, MONITOR):
            pair = socket.socketpair()
            ours[name], theirs[name] = (stack.enter_context(end) for end in pair)
            ours[name].setblocking(False)
        with (
            _in_memory("kernel", image.read()) as kernel,
            _in_memory("initramfs", initramfs(host.busybox)) as initrd,
        ):
            descriptors = {name: end.fileno() for name, end in theirs.items()}
            process = subprocess.Popen(
                [
                    *(host.setpriv, "--pdeathsig", "KILL", "--", host.qemu),
                    *arguments(
                        machine,
                        window,
                        accelerator=accelerator,
                        kernel=f"/proc/self/fd/{kernel.fileno()}",
                        initrd=f"/proc/self/fd/{initrd.fileno()}",
                        sockets=descriptors,
                    ),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[kernel.fileno(), initrd.fileno(), *descriptors.values()],
                process_group=0,  # Ctrl-C is for us
            )
        stack.enter_context(process)
        stack.callback(process.kill)
        for end in theirs.values():
            end.close()
        vm = VirtualMachine(process)
        await vm.connect(ours, stack)
        yield vm


@contextmanager
def _in_memory(name: str, content: bytes) -> Iterator[BinaryIO]:
    with os.fdopen(os.memfd_create(name), "wb") as file:
        file.write(content)
        file.flush()
        yield file
