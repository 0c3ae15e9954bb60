"""Kernel modules that a guest loads at boot: drivers of its memory devices that the image lacks.

They are looked for where a distribution puts them, in lib/modules/RELEASE: beside the image, as in
an unpacked package, or of this computer.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from zonediff.engine.machine import Machine
from zonediff.live.device_drivers import Driver, drivers
from zonediff.live.image import Image
from zonediff.variants.registry import VariantError

_SUFFIXES: Final[dict[str, Callable[[bytes], bytes]]] = {
    ".ko": bytes,
    ".ko.xz": lzma.decompress,
    ".ko.gz": gzip.decompress,
}


@cache
def modules(image: Image, machine: Machine) -> Mapping[str, bytes]:
    """Return the modules that a kernel has to load for a machine, by name, in their order.

    Raises VariantError when one cannot be read.
    """
    files = {driver.module: module_file(image, driver) for driver in drivers(machine)}
    return {name: _content(file) for name, file in files.items() if file is not None}


def modules_digest(image: Image, machine: Machine) -> str:
    """Return the hash of all these modules; empty when there are none."""
    contents = modules(image, machine).values()
    return hashlib.sha256(b"".join(contents)).hexdigest() if contents else ""


def module_file(image: Image, driver: Driver) -> Path | None:
    """Return the file of a driver's module; None if it is built in, or there is none."""
    config = image.config()
    if config is not None and config.get(driver.option) == "y":
        return None
    return next(_files(image, driver.module), None)


def _files(image: Image, module: str) -> Iterator[Path]:
    path = image.path.resolve()
    above = path.parent.parent
    roots = (above / "lib", above / "usr/lib", Path("/lib"))
    for folder in (path.parent, *(root / "modules" / image.release for root in roots)):
        for suffix in _SUFFIXES:
            yield from folder.glob(f"{module}{suffix}")
            yield from folder.glob(f"kernel/drivers/**/{module}{suffix}")


def _content(file: Path) -> bytes:
    suffix = file.name[file.name.index(".") :]
    try:
        return _SUFFIXES[suffix](file.read_bytes())
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise VariantError(f"{file}: cannot be read: {error}") from error
