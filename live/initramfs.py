"""The guest's files, busybox and the agent, in a cpio archive that the kernel unpacks into memory.

The archive is written here because making its device nodes on disk would need root.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

DIRECTORY: Final = 0o040755
PROGRAM: Final = 0o100755
LINK: Final = 0o120777
CHARACTER_DEVICE: Final = 0o020600

APPLETS: Final = (
    *("cat", "find", "grep", "insmod", "md5sum", "mount", "mv", "readlink", "sed", "sh", "stty"),
    *("uevent", "uname"),
)
"""The commands of busybox that the agent uses, besides those built into the shell."""

_NO_MODULES: Final[Mapping[str, bytes]] = {}

SHELL_AGENT: Final = Path(__file__).with_name("agent.sh")


class Entry(NamedTuple):
    """A file of the archive; device: the major and minor number of a device node."""

    name: str
    mode: int
    content: bytes = b""
    device: tuple[int, int] = (0, 0)


def initramfs(
    busybox: Path, agent: Path | None = None, modules: Mapping[str, bytes] = _NO_MODULES
) -> bytes:
    """The archive of a guest. agent: the compiled agent; without one it is the shell's.

    modules: the kernel modules to load, by name, in this order. Raises OSError when a program
    cannot be read.
    """
    entries = _entries(busybox.read_bytes(), (agent or SHELL_AGENT).read_bytes())
    return cpio(chain(entries, _modules(modules)))


def _modules(modules: Mapping[str, bytes]) -> Iterator[Entry]:
    if modules:
        yield Entry("modules", DIRECTORY)
    for number, (name, content) in enumerate(modules.items()):
        yield Entry(f"modules/{number}-{name}.ko", PROGRAM, content)


def _entries(busybox: bytes, agent: bytes) -> Iterator[Entry]:
    for name in ("bin", "dev", "proc", "sys"):
        yield Entry(name, DIRECTORY)
    yield Entry("bin/busybox", PROGRAM, busybox)
    for name in APPLETS:
        yield Entry(f"bin/{name}", LINK, b"busybox")
    # Not every kernel has devtmpfs.
    yield Entry("dev/console", CHARACTER_DEVICE, device=(5, 1))
    yield Entry("dev/null", CHARACTER_DEVICE, device=(1, 3))
    yield Entry("dev/ttyS1", CHARACTER_DEVICE, device=(4, 65))
    yield Entry("dev/ttyS2", CHARACTER_DEVICE, device=(4, 66))
    yield Entry("init", PROGRAM, agent)


def cpio(entries: Iterator[Entry]) -> bytes:
    """Return a cpio archive in the format of Documentation/driver-api/early-userspace."""
    parts = []
    for number, entry in enumerate((*entries, Entry("TRAILER!!!", 0)), start=1):
        name = entry.name.encode() + b"\0"
        numbers = (
            number,
            entry.mode,
            *(0, 0, 1, 0),  # owner, group, links, time
            len(entry.content),
            *(0, 0),  # the device that holds it
            *entry.device,
            len(name),
            0,
        )
        header = b"070701" + b"".join(b"%08X" % value for value in numbers)
        parts += [_padded(header + name), _padded(entry.content)]
    return b"".join(parts)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
