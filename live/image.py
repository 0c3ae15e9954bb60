"""Kernel images: checking that QEMU can boot one; its release and its config."""

from __future__ import annotations

import bz2
import hashlib
import lzma
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from zonediff.engine.words import kernel_name
from zonediff.live.kernel_package import SUFFIX, unpacked_image
from zonediff.variants.registry import VariantError

_HEADER: Final = struct.Struct("<H2x4s8xH")
"""boot_flag, header and kernel_version of the boot protocol (Documentation/x86/boot.rst)."""

_HEADER_OFFSET: Final = 0x1FE
_BOOT_FLAG: Final = 0xAA55
_SETUP_OFFSET: Final = 0x200
_MAX_SETUP_SIZE: Final = 0x10000

_ONLINE_TYPES: Final = {
    "MHP_DEFAULT_ONLINE_TYPE_ONLINE_AUTO": "online",
    "MHP_DEFAULT_ONLINE_TYPE_ONLINE_KERNEL": "online_kernel",
    "MHP_DEFAULT_ONLINE_TYPE_ONLINE_MOVABLE": "online_movable",
}

_EMBEDDED: Final = b"IKCFG_ST"
"""The bytes before the config of a kernel built with CONFIG_IKCONFIG."""

_OPTION: Final = re.compile(r"CONFIG_(\w+)=(.*)")


@dataclass(frozen=True, slots=True)
class Image:
    """A bzImage for x86-64.

    release: as `uname -r` prints it. banner: the release, who built it and when. digest: the
    SHA-256 hash of the file.
    """

    path: Path
    banner: str
    digest: str

    @property
    def release(self) -> str:
        return self.banner.partition(" ")[0]

    @property
    def kernel(self) -> str:
        """The release, and the distribution's patch level where there is one."""
        return kernel_name(self.banner)

    def read(self) -> bytes:
        """Return the file's content. Raises VariantError when it has changed since read_image()."""
        with _opened(self.path) as file:
            content = file.read()
        if _digest(content) != self.digest:
            raise VariantError(f"{self.path}: changed while it was in use; run the command again")
        return content

    def config(self) -> dict[str, str] | None:
        """Return the kernel's config options, without CONFIG_; None when there is no config file.

        The config file is config-RELEASE beside the image, as distributions install it, or .config
        of the kernel tree if the image is in its arch/x86/boot.
        """
        path = self.path.resolve()
        candidates = [
            path.with_name(path.name.replace("vmlinuz", "config")),
            path.with_name("config"),
        ]
        if path.parent.parts[-3:] == ("arch", "x86", "boot"):
            candidates.append(path.parents[3] / ".config")
        for file in candidates:
            if file != path and file.is_file() and os.access(file, os.R_OK):
                lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
                return _options(lines)
        return _embedded_config(self.read())

    def option(self, name: str) -> bool | None:
        """Return whether a switch of engine.machine.Config is on; None when that is unknown."""
        config = self.config()
        if config is None:
            return None
        if name == "MEMORY_HOTPLUG_DEFAULT_ONLINE":
            return self.default_online_type() == "online"
        return config.get(name) == "y"

    def default_online_type(self) -> str | None:
        """Return what memory is onlined as by default, `offline` for not; None when unknown.

        Older kernels have a switch for it, newer ones a choice (mm/Kconfig).
        """
        config = self.config()
        if config is None:
            return None
        if config.get("MEMORY_HOTPLUG_DEFAULT_ONLINE") == "y":
            return "online"
        chosen = (
            online_type
            for option, online_type in _ONLINE_TYPES.items()
            if config.get(option) == "y"
        )
        return next(chosen, "offline")


def read_image(path: Path) -> Image:
    """Read the header of a kernel image, or of the one in a Debian package.

    The path may be a pattern that a single file matches. Raises VariantError when the image is
    unreadable or not a bzImage.
    """
    path = _single(path)
    if path.suffix == SUFFIX:
        path = unpacked_image(path)
    with _opened(path) as file:
        start = file.read(_MAX_SETUP_SIZE)
        if len(start) >= _HEADER_OFFSET + _HEADER.size:
            flag, magic, version_offset = _HEADER.unpack_from(start, _HEADER_OFFSET)
            if (flag, magic) == (_BOOT_FLAG, b"HdrS"):
                banner, end, _ = start[_SETUP_OFFSET + version_offset :].partition(b"\0")
                text = banner.decode(errors="replace") if version_offset and end else "unknown"
                return Image(path, text, _digest(start + file.read()))
    raise VariantError(
        f"{path}: not a bootable kernel image for x86: name a bzImage, such as /boot/vmlinuz-* or "
        "arch/x86/boot/bzImage of a kernel tree (not vmlinux)"
    )


def _single(path: Path) -> Path:
    """Return the file that a path or pattern names. Raises VariantError when several match."""
    if path.exists() or not set("*?[") & set(str(path)):
        return path
    files = sorted(map(str, path.parent.glob(path.name)))
    if len(files) > 1:
        raise VariantError(f"{path}: {len(files)} files match, name one: {', '.join(files)}")
    return Path(files[0]) if files else path


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading. Raises VariantError when that fails."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        remedy = ""
        if isinstance(error, PermissionError):
            remedy = ": as root, make it readable (chmod a+r), or copy it to where you can read it"
        raise VariantError(f"{path}: {error.strerror}{remedy}") from error


def _options(lines: Iterable[str]) -> dict[str, str]:
    matches = (_OPTION.fullmatch(line) for line in lines)
    return {match[1]: match[2] for match in matches if match}


def _embedded_config(image: bytes) -> dict[str, str] | None:
    """Return the options that an image itself holds (CONFIG_IKCONFIG); None when it holds none.

    The kernel is compressed in it; of gzip, xz and bzip2.
    """
    decompressors: dict[bytes, Callable[[], Any]] = {
        b"\x1f\x8b\x08": lambda: zlib.decompressobj(zlib.MAX_WBITS | 16),
        b"\xfd7zXZ\0": lzma.LZMADecompressor,
        b"BZh": bz2.BZ2Decompressor,
    }
    for magic, make in decompressors.items():
        offset = image.find(magic, _SETUP_OFFSET)
        while offset >= 0:
            try:
                kernel = make().decompress(image[offset:])
            except (zlib.error, lzma.LZMAError, OSError):
                kernel = b""
            _, marker, compressed = kernel.partition(_EMBEDDED)
            if marker:
                text = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(compressed)
                return _options(text.decode(errors="replace").splitlines())
            offset = image.find(magic, offset + 1)
    return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
