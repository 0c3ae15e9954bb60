"""Run a program of strangers within bounds: processes, memory, time, output, and disk."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from zonediff.engine.units import GIB, MIB

_GROUPS: Final = (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup"))
"""Where control groups that count processes are made: version 1 and 2."""

_POLL: Final = 0.25
"""Seconds between two looks at the processes."""

_POLLS_OF_DISK: Final = 20
"""Looks at the processes for each look at the folder that grows."""

_LINE_BYTES: Final = 4096
"""The longest line that is kept whole."""

_END_SECONDS: Final = 10.0

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of a program. memory, log, disk: bytes, of all its processes together."""

    processes: int = 512
    memory: int = 16 * GIB
    seconds: float = 3 * 3600.0
    log: int = 64 * MIB
    disk: int = 16 * GIB

    def applied(self, program: Sequence[str]) -> list[str]:
        """Return the command that runs a program with the limits that the kernel keeps.

        The kernel does not limit the number of root's processes; a control group and watch() do.
        """
        return [
            "prlimit",
            f"--nproc={8 * self.processes}",
            f"--as={self.memory}",
            f"--fsize={self.disk}",
            "--core=0",
            "--",
            *program,
        ]


class Ended(NamedTuple):
    """How a program ended. stopped: which bound it crossed, None if it ended by itself."""

    code: int
    stopped: str | None


def watch(
    command: Sequence[str],
    bounds: Bounds,
    log: Path,
    *,
    disk: Path | None = None,
    on_line: Callable[[str], None] = lambda line: None,
) -> Ended:
    """Run a command, write its output to `log`, and kill all of it when it crosses a bound.

    disk: the folder it writes to. on_line: called with each line. When an exception such as
    KeyboardInterrupt leaves this function, nothing of the command runs any longer. Raises OSError.
    """
    with log.open("wb", buffering=0) as file, control_group(4 * bounds.processes) as prefix:
        process = subprocess.Popen(
            [*prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            bufsize=0,
        )
        try:
            stopped = _follow(process, bounds, file, disk, on_line)
        finally:
            _kill_all(process)
    return Ended(process.returncode, stopped)


@contextlib.contextmanager
def control_group(processes: int) -> Iterator[list[str]]:
    """Make a control group that the kernel keeps below a number of processes; remove it at the end.

    Yields what to put before a command that is to run in it: nothing where this user cannot make
    one (root can). Processes that fork without end can be faster than watch(), but not than this.
    """
    group = _new_group(processes)
    if group is None:
        yield []
        return
    try:
        yield ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(group / "cgroup.procs")]
    finally:
        _remove(group)


def _remove(group: Path) -> None:
    """Remove a control group; it is busy until the kernel has done with its killed processes."""
    end = time.monotonic() + _END_SECONDS
    while time.monotonic() < end:
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(_POLL / 10)


def _new_group(processes: int) -> Path | None:
    for folder in _GROUPS:
        group = folder / f"zonediff-{os.getpid()}-{secrets.token_hex(4)}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / "pids.max").write_text(str(processes))
        except OSError:
            group.rmdir()
            continue
        return group
    return None


def _follow(
    process: subprocess.Popen[bytes],
    bounds: Bounds,
    log: io.FileIO,
    disk: Path | None,
    on_line: Callable[[str], None],
) -> str | None:
    """Read the output until the program ends; return the bound that it crossed, if it did."""
    assert process.stdout is not None
    begin = looked = time.monotonic()
    looks = 0
    lines = _Lines(on_line)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            readable = selector.select(_POLL)
            if readable:
                data = os.read(process.stdout.fileno(), 1 << 16)
                if not data:
                    return None
                if log.tell() + len(data) > bounds.log:
                    return f"it printed more than {bounds.log // MIB} MiB"
                log.write(data)
                lines.take(data)
            now = time.monotonic()
            if now - begin > bounds.seconds:
                return f"it took longer than {bounds.seconds:.0f} s"
            if now - looked < _POLL:
                continue
            looked = now
            looks += 1
            crossed = _crossed(process.pid, bounds, disk if looks % _POLLS_OF_DISK == 0 else None)
            if crossed is not None:
                return crossed
            if process.poll() is not None and not readable:
                return None  # something that outlived it holds its output open


class _Lines:
    """Puts lines together from parts, the beginning of each line that is too long."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._rest = b""

    def take(self, data: bytes) -> None:
        *lines, rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._on_line(line[:_LINE_BYTES].decode(errors="replace"))
        self._rest = rest[:_LINE_BYTES]


def _crossed(pid: int, bounds: Bounds, disk: Path | None) -> str | None:
    """Return which bound the processes below this one have crossed."""
    below = descendants(pid)
    if len(below) > bounds.processes:
        return f"it ran more than {bounds.processes} processes at once"
    if sum(map(_memory, below)) > bounds.memory:
        return f"it used more than {bounds.memory / GIB:.2g} GiB of memory"
    if disk is not None and size_of(disk) > bounds.disk:
        return f"it wrote more than {bounds.disk / GIB:.2g} GiB"
    return None


def descendants(pid: int) -> list[int]:
    """Return the processes below a process.

    In a PID namespace, processes whose parent ended belong to its first process: none gets away.
    """
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                stat = (entry / "stat").read_bytes()
                parent = int(stat.rpartition(b")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    below = list(children.get(pid, ()))
    for process in below:  # grows meanwhile
        below += children.get(process, ())
    return below


def _memory(pid: int) -> int:
    """Bytes of memory that a process has of its own; 0 when it has ended."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        _, resident, shared = Path(f"/proc/{pid}/statm").read_text().split()[:3]
        return (int(resident) - int(shared)) * _PAGE
    return 0


def size_of(folder: Path) -> int:
    """Bytes on the disk of all files in a folder; what vanishes meanwhile does not count."""
    return sum(_sizes(folder))


def _sizes(folder: Path) -> Iterator[int]:
    waiting = [str(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        yield entry.stat(follow_symlinks=False).st_blocks * 512


def _kill_all(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and all below it, and wait for them.

    The first process of a PID namespace takes all others of it with it.
    """
    end = time.monotonic() + _END_SECONDS
    while (below := descendants(process.pid)) and time.monotonic() < end:
        for pid in below:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if process.poll() is not None:
            break
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
