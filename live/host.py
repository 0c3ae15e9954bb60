"""The programs and devices of this computer that live runs need: QEMU, busybox, KVM."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import importlib.util
import os
import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from zonediff.engine.units import KIB
from zonediff.live.agent_program import agent_program
from zonediff.live.initramfs import APPLETS
from zonediff.variants.registry import VariantError

Accelerator = Literal["kvm", "tcg"]

QEMU: Final = "qemu-system-x86_64"
OLDEST_QEMU: Final = (6, 2)
"""The first version that accepts devices as JSON."""

_KVM: Final = Path("/dev/kvm")
_KVM_CREATE_VM: Final = 0xAE01
_SYSTEM_FOLDERS: Final = "/usr/sbin:/sbin:/usr/libexec"
_INTERPRETER: Final = 3
"""PT_INTERP: p_type of the program header that names a dynamic loader."""

_REMEDIES: Final = {
    QEMU: ("apt-get install qemu-system-x86", "dnf install qemu-system-x86-core"),
    "busybox": ("apt-get install busybox-static", "dnf install busybox"),
    "setpriv": ("apt-get install util-linux", "dnf install util-linux"),
    "qemu.qmp": ("pip install 'zonediff[live]'",) * 2,
}
"""For each need of live runs, the commands that install it: on Debian and Ubuntu, on Fedora."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that live runs need and this computer lacks; why: what is wrong."""

    what: str
    why: str

    @property
    def debian(self) -> str:
        """The command that installs it on Debian and Ubuntu."""
        return _REMEDIES[self.what][0]

    @property
    def fedora(self) -> str:
        """The command that installs it on Fedora."""
        return _REMEDIES[self.what][1]


@dataclass(frozen=True, slots=True)
class Host:
    """The programs of live runs. qemu_version: as QEMU prints it. busybox_digest: a hash.

    agent: the compiled agent; None where no compiler could make it, and the shell's is used.
    """

    qemu: str
    qemu_version: str
    busybox: Path
    busybox_digest: str
    setpriv: str
    agent: Path | None = None


def find_host() -> Host:
    """Return the programs of this computer. Raises VariantError with remedies for missing ones."""
    host = look_for_host()
    if isinstance(host, Host):
        return host
    lacks = "; ".join(f"{item.what} {item.why} ({item.debian})" for item in host)
    raise VariantError(f"live kernels cannot be run: {lacks}: run `zonediff live doctor`")


@functools.cache
def look_for_host() -> Host | tuple[Missing, ...]:
    """Return the programs of this computer, or everything that is missing."""
    lacks = []
    qemu, version = shutil.which(QEMU), ""
    if qemu is None:
        lacks.append(Missing(QEMU, "was not found"))
    elif _numbers(version := _version(qemu)) < OLDEST_QEMU:
        oldest = ".".join(map(str, OLDEST_QEMU))
        lacks.append(
            Missing(
                QEMU,
                f"has version {version or 'unknown'}; {oldest} or later is needed",
            )
        )
    busybox, why = _busybox()
    if busybox is None:
        lacks.append(Missing("busybox", why))
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        lacks.append(Missing("setpriv", "was not found"))
    if not _has_qmp():
        lacks.append(Missing("qemu.qmp", "is not installed for this Python"))
    if qemu is None or busybox is None or setpriv is None or lacks:
        return tuple(lacks)
    digest = hashlib.sha256(busybox.read_bytes()).hexdigest()
    return Host(qemu, version, busybox, digest, setpriv, agent_program())


def _has_qmp() -> bool:
    try:
        return importlib.util.find_spec("qemu.qmp") is not None
    except ModuleNotFoundError:  # not even a package `qemu`
        return False


def _version(qemu: str) -> str:
    output = subprocess.run([qemu, "--version"], capture_output=True, text=True, check=False)
    match = re.search(r"version (\S+)", output.stdout)
    return match[1] if match else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"[0-9]+", version)[:2])


# --- busybox --------------------------------------------------------------------------------------


def _busybox() -> tuple[Path | None, str]:
    """Return a busybox that runs without shared libraries, or None and what is wrong."""
    program = shutil.which(
        "busybox", path=f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM_FOLDERS}"
    )
    if program is None:
        return None, "was not found"
    path = Path(program)
    if not is_static(path):
        return None, f"at {path} needs shared libraries, which the guest lacks"
    output = subprocess.run([path, "--list"], capture_output=True, text=True, check=False)
    lacking = sorted(set(APPLETS) - set(output.stdout.split()))
    if lacking:
        return None, f"at {path} was built without {', '.join(lacking)}"
    return path, ""


def is_static(program: Path) -> bool:
    """Return whether a 64-bit ELF program runs without a dynamic loader."""
    with program.open("rb") as file:
        header = file.read(64)
        if len(header) < 64 or header[:5] != b"\x7fELF\x02":
            return False
        (table,) = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        file.seek(table)
        rows = file.read(size * count)
    kinds = (struct.unpack_from("<I", rows, offset)[0] for offset in range(0, len(rows), size))
    return _INTERPRETER not in kinds


# --- KVM ------------------------------------------------------------------------------------------


@functools.cache
def kvm_problem() -> str | None:
    """Return why KVM cannot be used, as far as is known without a guest; None when it may work."""
    return next(_kvm_problems(), None)


def _kvm_problems() -> Iterator[str]:
    if not _KVM.exists():
        yield f"{_KVM} does not exist"
        return
    flags = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    if flags is None or not {"vmx", "svm"} & set(flags[1].split()):
        yield f"{_KVM} exists, but the processor has neither vmx nor svm"
        return
    try:
        with _KVM.open("r+b", buffering=0) as kvm:
            os.close(fcntl.ioctl(kvm, _KVM_CREATE_VM, 0))
    except OSError as error:
        remedy = ": join the group kvm" if isinstance(error, PermissionError) else ""
        yield f"{_KVM}: {error.strerror}{remedy}"


def memory_available() -> int:
    """Return the bytes of memory that programs can allocate on this computer now."""
    text = Path("/proc/meminfo").read_text()
    match = re.search(r"^MemAvailable:\s+([0-9]+) kB", text, re.MULTILINE)
    return int(match[1]) * KIB if match else 0
