"""Examine whether real kernels can run on this machine; name the remedy for each missing thing."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from zonediff.live.build_tools import install_commands, missing_tools
from zonediff.live.host import Host, kvm_problem, look_for_host
from zonediff.live.image import read_image
from zonediff.variants.registry import VariantError

_INSTALLED_KERNELS: Final = ("boot/vmlinuz-*", "usr/lib/modules/*/vmlinuz")
"""Where distributions install kernel images."""

NEEDED_OPTIONS: Final = (
    *("ACPI_HOTPLUG_MEMORY", "MEMORY_HOTREMOVE", "NUMA", "SERIAL_8250_CONSOLE"),
    *("BLK_DEV_INITRD", "BINFMT_SCRIPT"),
)
"""Options that a kernel has to have built in (docs/live.md)."""

_GET_A_KERNEL: Final = (
    ("Debian, Ubuntu", "apt-get install linux-image-cloud-amd64  (Ubuntu: linux-image-virtual)"),
    ("Fedora", "dnf install kernel-core"),
)


class Finding(NamedTuple):
    """Something that a live run needs, and whether it is there.

    remedies: (system, command) pairs that bring it. needed: whether live runs fail without it.
    """

    ok: bool
    what: str
    remedies: tuple[tuple[str, str], ...] = ()
    needed: bool = True


_INSTALLERS: Final = ("apt-get install", "dnf install", "pip install")


def commands(findings: Sequence[Finding]) -> dict[str, str]:
    """Return one command for each system that installs all that is missing."""
    wanted: dict[str, dict[str, dict[str, None]]] = {}
    for finding in findings:
        for system, remedy in finding.remedies:
            for part in remedy.partition("  (")[0].split(" && "):
                for installer in _INSTALLERS:
                    if part.startswith(f"{installer} "):
                        things = wanted.setdefault(system, {}).setdefault(installer, {})
                        things.update(dict.fromkeys(part.removeprefix(installer).split()))
    return {
        system: " && ".join(
            f"{installer} {' '.join(things)}" for installer, things in parts.items()
        )
        for system, parts in wanted.items()
    }


def examine(images: Sequence[Path] = ()) -> list[Finding]:
    """Examine the programs, KVM and kernel images; without images, those installed."""
    return [*_tools(), _kvm(), *_build_tools(), *_images(images)]


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


def _build_tools() -> Iterator[Finding]:
    """Examine the tools that `zonediff review` needs to build kernels, and optional ones."""
    lacks = missing_tools()
    needed = [tool for tool in lacks if tool.needed]
    if not needed:
        yield Finding(True, "kernels can be built (zonediff review)")
    for tools, why in (
        (needed, "to build kernels (zonediff review)"),
        ([tool for tool in lacks if not tool.needed], "for zonediff review, which can do without"),
    ):
        if tools:
            names = ", ".join(tool.name for tool in tools)
            yield Finding(False, f"{names}: {why}", install_commands(tools), needed=False)


def _images(named: Sequence[Path]) -> Iterator[Finding]:
    installed = sorted(path for pattern in _INSTALLED_KERNELS for path in Path("/").glob(pattern))
    for path in named or installed:
        try:
            yield from _image(path)
        except VariantError as error:
            yield Finding(False, str(error))
    if not named and not installed:
        where = " and ".join(f"/{pattern}" for pattern in _INSTALLED_KERNELS)
        yield Finding(False, f"no kernel image as {where}: name one", _GET_A_KERNEL)


def _image(path: Path) -> Iterator[Finding]:
    """Examine an image. Raises VariantError when the file is not an image."""
    image = read_image(path)
    yield Finding(True, f"{path}: Linux {image.kernel}")
    config = image.config()
    if config is None:
        yield Finding(True, f"{path}: no config beside it: what it was built with is not known")
        return
    lacks = [option for option in NEEDED_OPTIONS if config.get(option) != "y"]
    if lacks:
        yield Finding(False, f"{path}: built without {', '.join(lacks)}")
    if config.get("NET") != "y":
        yield Finding(True, f"{path}: built without NET: its uevents cannot be heard")
    online_type = image.default_online_type()
    if online_type != "offline":
        yield Finding(
            True, f"{path}: makes added memory {online_type} by itself; guests are told not to"
        )
    if not image.option("ARCH_MEMORY_PROBE"):
        yield Finding(True, f"{path}: has no probe file (ARCH_MEMORY_PROBE)")
