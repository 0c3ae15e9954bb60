"""Kernel images: checking that QEMU can boot one; its release and its config."""

from __future__ import annotations

import hashlib
import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from zonediff.variants.registry import VariantError

_HEADER: Final = struct.Struct("<H2x4s8xH")
"""boot_flag, header and kernel_version of the boot protocol (Documentation/x86/boot.rst)."""

_HEADER_OFFSET: Final = 0x1FE
_BOOT_FLAG: Final = 0xAA55
_SETUP_OFFSET: Final = 0x200
_MAX_SETUP_SIZE: Final = 0x10000

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
                matches = (_OPTION.fullmatch(line) for line in lines)
                return {match[1]: match[2] for match in matches if match}
        return None


def read_image(path: Path) -> Image:
    """Read a kernel image's header. Raises VariantError when it is unreadable or not a bzImage."""
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


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
