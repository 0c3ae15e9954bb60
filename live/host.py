"""What this computer has for live runs: QEMU, busybox, KVM."""

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
from zonediff.live.initramfs import APPLETS
from zonediff.variants.registry import VariantError

Accelerator = Literal["kvm", "tcg"]

QEMU: Final = "qemu-system-x86_64"
OLDEST_QEMU: Final = (6, 2)
"""The first that takes devices as JSON."""

_KVM: Final = Path("/dev/kvm")
_KVM_CREATE_VM: Final = 0xAE01
_SYSTEM_PLACES: Final = "/usr/sbin:/sbin:/usr/libexec"
_INTERPRETER: Final = 3
"""p_type of the program header that names a dynamic loader (PT_INTERP)."""


_REMEDIES: Final = {
    QEMU: ("apt-get install qemu-system-x86", "dnf install qemu-system-x86-core"),
    "busybox": ("apt-get install busybox-static", "dnf install busybox"),
    "setpriv": ("apt-get install util-linux", "dnf install util-linux"),
    "qemu.qmp": ("pip install 'zonediff[live]'",) * 2,
}
"""What live runs need, and the command that brings it: on Debian and Ubuntu, and on Fedora."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that live runs need and this computer lacks; why: what is wrong with it."""

    what: str
    why: str

    @property
    def debian(self) -> str:
        """The command that brings it on Debian and Ubuntu."""
        return _REMEDIES[self.what][0]

    @property
    def fedora(self) -> str:
        """The command that brings it on Fedora."""
        return _REMEDIES[self.what][1]


@dataclass(frozen=True, slots=True)
class Host:
    """What live runs use; qemu_version as QEMU tells it, busybox_digest a hash of the program."""

    qemu: str
    qemu_version: str
    busybox: Path
    busybox_digest: str
    setpriv: str


def find_host() -> Host:
    """What this computer has. Raises VariantError when something is missing, with the remedy."""
    host = look_for_host()
    if isinstance(host, Host):
        return host
    lacks = "; ".join(f"{item.what} {item.why} ({item.debian})" for item in host)
    raise VariantError(f"live kernels cannot be run: {lacks}: see `zonediff live doctor`")


@functools.cache
def look_for_host() -> Host | tuple[Missing, ...]:
    """What this computer has, or all that it lacks."""
    lacks = []
    qemu, version = shutil.which(QEMU), ""
    if qemu is None:
        lacks.append(Missing(QEMU, "was not found"))
    elif _numbers(version := _version(qemu)) < OLDEST_QEMU:
        oldest = ".".join(map(str, OLDEST_QEMU))
        lacks.append(Missing(QEMU, f"is {version or 'of no version'}, not {oldest} or later"))
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
    return Host(qemu, version, busybox, digest, setpriv)


def _has_qmp() -> bool:
    try:
        return importlib.util.find_spec("qemu.qmp") is not None
    except ModuleNotFoundError:  # not even a package `qemu`
        return False


def _version(qemu: str) -> str:
    said = subprocess.run([qemu, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\S+)", said.stdout)
    return found[1] if found else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"[0-9]+", version)[:2])


# --- busybox --------------------------------------------------------------------------------------


def _busybox() -> tuple[Path | None, str]:
    """A busybox that can run alone in a guest, else why there is none."""
    found = shutil.which("busybox", path=f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM_PLACES}")
    if found is None:
        return None, "was not found"
    path = Path(found)
    if not is_static(path):
        return None, f"at {path} needs shared libraries, which the guest lacks"
    said = subprocess.run([path, "--list"], capture_output=True, text=True, check=False)
    lacking = sorted(set(APPLETS) - set(said.stdout.split()))
    if lacking:
        return None, f"at {path} was built without {', '.join(lacking)}"
    return path, ""


def is_static(program: Path) -> bool:
    """Whether a 64-bit ELF program runs without a dynamic loader."""
    with program.open("rb") as file:
        header = file.read(64)
        if len(header) < 64 or header[:5] != b"\x7fELF\x02":
            return False
        (table,) = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        file.seek(table)
        rows = file.read(size * count)
    kinds = (struct.unpack_from("<I", rows, at)[0] for at in range(0, len(rows), size))
    return _INTERPRETER not in kinds


# --- KVM ------------------------------------------------------------------------------------------


@functools.cache
def kvm_problem() -> str | None:
    """Why KVM is of no use here, as far as one can tell without a guest; None when it may be."""
    return next(_kvm_problems(), None)


def _kvm_problems() -> Iterator[str]:
    if not _KVM.exists():
        yield f"there is no {_KVM}"
        return
    flags = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    if flags is None or not {"vmx", "svm"} & set(flags[1].split()):
        yield f"{_KVM} is there, but the processor offers neither vmx nor svm"
        return
    try:
        with _KVM.open("r+b", buffering=0) as kvm:
            os.close(fcntl.ioctl(kvm, _KVM_CREATE_VM, 0))
    except OSError as error:
        remedy = ": join the group kvm" if isinstance(error, PermissionError) else ""
        yield f"{_KVM}: {error.strerror}{remedy}"


def memory_available() -> int:
    """Bytes of memory that programs can take on this computer now."""
    text = Path("/proc/meminfo").read_text()
    found = re.search(r"^MemAvailable:\s+([0-9]+) kB", text, re.MULTILINE)
    return int(found[1]) * KIB if found else 0
