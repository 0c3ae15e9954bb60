"""Examine whether real kernels can run on this machine, and what would bring what is missing."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from zonediff.live.host import Host, kvm_problem, look_for_host
from zonediff.live.image import read_image
from zonediff.variants.registry import VariantError

_INSTALLED_KERNELS: Final = Path("/boot")
_GET_A_KERNEL: Final = (
    ("Debian, Ubuntu", "apt-get install linux-image-cloud-amd64  (Ubuntu: linux-image-virtual)"),
    ("Fedora", "dnf install kernel-core"),
)


class Finding(NamedTuple):
    """Something that a live run needs, and whether it is there.

    remedies: (system, command) pairs that bring it.
    """

    ok: bool
    what: str
    remedies: tuple[tuple[str, str], ...] = ()


def examine(images: Sequence[Path] = ()) -> list[Finding]:
    """Examine the programs, KVM and kernel images; without images, those in /boot."""
    return [*_tools(), _kvm(), *_images(images)]


def _tools() -> Iterator[Finding]:
    host = look_for_host()
    if isinstance(host, Host):
        yield Finding(True, f"{host.qemu}, version {host.qemu_version}")
        yield Finding(True, f"{host.busybox}, static")
        yield Finding(True, host.setpriv)
        yield Finding(True, f"qemu.qmp for Python {platform.python_version()}")
        return
    for item in host:
        remedies = dict.fromkeys([("Debian, Ubuntu", item.debian), ("Fedora", item.fedora)])
        yield Finding(False, f"{item.what} {item.why}", tuple(remedies))


def _kvm() -> Finding:
    problem = kvm_problem()
    if problem is None:
        return Finding(True, "KVM (if a kernel does not start under it, TCG is used instead)")
    return Finding(True, f"TCG, several times slower than KVM: {problem}")


def _images(named: Sequence[Path]) -> Iterator[Finding]:
    images = named or sorted(_INSTALLED_KERNELS.glob("vmlinuz-*"))
    for path in images:
        try:
            yield Finding(True, f"{path}: Linux {read_image(path).release}")
        except VariantError as error:
            yield Finding(False, str(error))
    if not images:
        yield Finding(False, f"no kernel image in {_INSTALLED_KERNELS}: name one", _GET_A_KERNEL)
