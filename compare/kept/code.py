"""The code that decides an outcome, as a hash: what other code found is never taken for it."""

from __future__ import annotations

import hashlib
import inspect
from importlib import metadata
from pathlib import Path
from typing import Final

from zonediff.compare.terms import versions
from zonediff.engine.policy import Policy
from zonediff.variants.registry import variant_file

_PACKAGES: Final = ("simpy", "hypothesis")
"""Who tells the time, and who draws walks, where it is installed."""


def fingerprint(*policies: Policy) -> str:
    """A hash of all that a worker would have to agree on, and of the sources of these variants."""
    digest = hashlib.sha256(f"{versions(())} {_packages()}".encode())
    for policy in policies:
        for cls in type(policy).__mro__[:-1]:
            digest.update(hashlib.sha256(_source(cls)).digest())
    return digest.hexdigest()


def image_digest(path: Path) -> str:
    """A hash of a kernel image, which decides what it does. Raises OSError."""
    with path.open("rb") as image:
        return hashlib.file_digest(image, "sha256").hexdigest()


def _source(cls: type) -> bytes:
    """The source that a class came from; of a variant file, as it was loaded."""
    if (text := variant_file(cls)) is not None:
        return text
    file = Path(inspect.getsourcefile(cls) or "")
    return file.read_bytes() if file.is_file() else b""


def _packages() -> str:
    found = {dist.name: dist.version for dist in map(_distribution, _PACKAGES) if dist}
    return str(found)


def _distribution(name: str) -> metadata.Distribution | None:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
