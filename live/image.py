"""A kernel image: whether it is one that QEMU can boot, which release it is, how it was built."""

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

_HEADER_AT: Final = 0x1FE
_BOOT_FLAG: Final = 0xAA55
_SETUP_AT: Final = 0x200
_MOST_OF_SETUP: Final = 0x10000

_OPTION: Final = re.compile(r"CONFIG_(\w+)=(.*)")


@dataclass(frozen=True, slots=True)
class Image:
    """A bzImage for x86-64.

    release: as `uname -r` prints it. banner: the release, who built it and when. digest: a hash of
    the file.
    """

    path: Path
    banner: str
    digest: str

    @property
    def release(self) -> str:
        return self.banner.partition(" ")[0]

    def read(self) -> bytes:
        """The file's content. Raises VariantError when it is not what it was any more."""
        with _opened(self.path) as file:
            content = file.read()
        if _digest(content) != self.digest:
            raise VariantError(f"{self.path}: changed while it was in use; start again with it")
        return content

    def config(self) -> dict[str, str] | None:
        """What the kernel was built with, by option without CONFIG_; None when no file says so.

        Looked at are config-RELEASE beside the image, as distributions install it, and .config in
        the tree that an image at arch/x86/boot was built in.
        """
        path = self.path.resolve()
        beside = [path.with_name(path.name.replace("vmlinuz", "config")), path.with_name("config")]
        if path.parent.parts[-3:] == ("arch", "x86", "boot"):
            beside.append(path.parents[3] / ".config")
        for file in beside:
            if file != path and file.is_file() and os.access(file, os.R_OK):
                lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
                found = (_OPTION.fullmatch(line) for line in lines)
                return {match[1]: match[2] for match in found if match}
        return None


def read_image(path: Path) -> Image:
    """Look at a kernel image. Raises VariantError when it cannot be read or is none."""
    with _opened(path) as file:
        start = file.read(_MOST_OF_SETUP)
        if len(start) >= _HEADER_AT + _HEADER.size:
            flag, magic, version_at = _HEADER.unpack_from(start, _HEADER_AT)
            if (flag, magic) == (_BOOT_FLAG, b"HdrS"):
                banner, end, _ = start[_SETUP_AT + version_at :].partition(b"\0")
                told = banner.decode(errors="replace") if version_at and end else "unknown"
                return Image(path, told, _digest(start + file.read()))
    raise VariantError(
        f"{path}: not a bootable kernel image for x86: name a bzImage, such as /boot/vmlinuz-* or "
        "arch/x86/boot/bzImage of a kernel tree (vmlinux is none)"
    )


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file, to be read. Raises VariantError when it cannot be."""
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
