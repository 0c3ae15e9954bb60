"""Kernel images out of Debian packages, unpacked once to our cache."""

from __future__ import annotations

import hashlib
import io
import lzma
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from zonediff.live.cache import cached
from zonediff.live.device_drivers import DRIVERS
from zonediff.variants.registry import VariantError

SUFFIX: Final = ".deb"

_MAGIC: Final = b"!<arch>\n"
_MEMBER: Final = re.compile(rb"([^ /]+)/? *\d* *\d* *\d* *[0-7]* *(\d+) *`\n")
_MEMBER_HEADER: Final = 60

_IMAGE: Final = re.compile(r"boot/vmlinuz-[^/]+|(?:usr/)?lib/modules/[^/]+/vmlinuz")
_DRIVERS: Final = "|".join(driver.module for driver in DRIVERS)
_MODULE: Final = re.compile(rf"(?:usr/)?lib/modules/.*/(?:{_DRIVERS})\.ko(?:\.[gx]z)?")
_CONFIG: Final = re.compile(r"boot/config-[^/]+|(?:usr/)?lib/modules/[^/]+/config")


def unpacked_image(package: Path) -> Path:
    """Return the kernel image of a .deb file, its config and drivers beside it, all in our cache.

    linux-image-* packages of Debian and Ubuntu have the image in /boot, linux-binary-* packages in
    /usr/lib/modules/VERSION. Raises VariantError.
    """
    try:
        content = package.read_bytes()
        folder = f"kernels/{hashlib.sha256(content).hexdigest()[:16]}"
        image = None
        for name, data in _files(package, content):
            path = cached(f"{folder}/{name}", lambda data=data: data)  # type: ignore[misc]
            image = path if name.startswith("vmlinuz") else image
    except OSError as error:
        raise VariantError(f"{error.filename or package}: {error.strerror}") from error
    except (tarfile.TarError, lzma.LZMAError, EOFError) as error:
        raise VariantError(f"{package}: a damaged Debian package: {error}") from error
    if image is None:
        raise VariantError(
            f"{package}: no kernel image in this package: name a linux-image-*.deb, or the "
            "linux-binary-*.deb that it depends on"
        )
    return image


def _files(package: Path, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a package that guests use, by the name of the file without folders."""
    with tarfile.open(fileobj=io.BytesIO(_data(package, content))) as archive:
        for member in archive:
            path = member.name.removeprefix("./")
            if member.isfile() and any(kind.fullmatch(path) for kind in (_IMAGE, _CONFIG, _MODULE)):
                file = archive.extractfile(member)
                if file is not None:
                    yield PurePosixPath(path).name, file.read()


def _data(package: Path, content: bytes) -> bytes:
    """Return the archive of the package's files. Raises VariantError."""
    if not content.startswith(_MAGIC):
        raise VariantError(f"{package}: not a Debian package")
    offset = len(_MAGIC)
    while match := _MEMBER.fullmatch(content, offset, offset + _MEMBER_HEADER):
        name, size = match[1].decode(), int(match[2])
        offset += _MEMBER_HEADER
        if name == "data.tar.zst":
            return _from_dpkg(package)
        if name.startswith("data.tar"):
            return content[offset : offset + size]
        offset += size + size % 2
    raise VariantError(f"{package}: a damaged Debian package: it has no data.tar")


def _from_dpkg(package: Path) -> bytes:
    """The same through dpkg-deb: Python before 3.14 cannot read zstd."""
    try:
        process = subprocess.run(
            ["dpkg-deb", "--fsys-tarfile", package], check=True, capture_output=True
        )
    except FileNotFoundError:
        raise VariantError(
            f"{package}: compressed with zstd, which dpkg-deb unpacks (dnf install dpkg)"
        ) from None
    except subprocess.CalledProcessError as error:
        message = error.stderr.decode(errors="replace").strip()
        raise VariantError(f"{package}: a damaged Debian package: {message}") from error
    return process.stdout
