"""The worker contract: code and versions that a worker must share with the command.

Variants are sent to workers by name, and the user's variant files as text. Everything else must
already be there and be the same, because other code would silently give other outcomes. The same
facts decide which stored outcomes are reused (fingerprint.py).
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module, metadata
from itertools import chain
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Final, Generic, NamedTuple, TypeVar

from zonediff.engine.deprecated import Deprecation, recorded_deprecations
from zonediff.engine.errors import ZonediffError
from zonediff.variants.registry import GROUP, Registry, VariantFile
from zonediff.work.dependencies import code_hashes, imports, recheck

T = TypeVar("T")
R = TypeVar("R")

FOLDERS: Final = ("engine", "variants", "corpus", "result", "work", "explore", "live", "compare")
"""The folders whose sources decide outcomes."""

SOURCES: Final = (".py", ".sh", ".c")
"""The suffixes of sources; the agent in the guest of a real kernel is in C or a shell script."""

REMEDY: Final = "install the same on both, and restart workers that ran before the change"
"""The remedy for a difference."""

_CLOCK: Final = "simpy"
"""The distribution that simulates time in scenarios."""


class Mismatch(ZonediffError):
    """A worker differs from the command; the message says how."""


@dataclass(frozen=True, slots=True)
class WorkerContract:
    """The variant files and versions that a worker needs.

    files: the user's variant files. packages: more distributions that decide outcomes. versions:
    the items of versions().
    """

    files: tuple[VariantFile, ...]
    packages: tuple[str, ...]
    versions: tuple[tuple[str, str], ...]

    @classmethod
    def of_this_process(
        cls, files: tuple[VariantFile, ...] = (), packages: tuple[str, ...] = ()
    ) -> WorkerContract:
        """Return the contract of this process, which must have loaded the files."""
        return cls(files, packages, tuple(versions(files, packages).items()))


def versions(files: Sequence[VariantFile], packages: Sequence[str] = ()) -> dict[str, str]:
    """Return what this process runs: versions and hashes of Python, zonediff, packages, variants.

    This process must have loaded the files, because they may change the import path.
    """
    return {
        **own_versions(packages),
        "the variant files": digest(file.text for file in files),
        "the modules that variant files import": digest(code_hashes(_imported_modules(files))),
        "the variants of installed packages": _installed(),
    }


def worker_versions(files: Sequence[VariantFile], packages: Sequence[str]) -> dict[str, str]:
    """Load the variant files in a worker; return its versions().

    Raises VariantError when it cannot load them, and ModuleChanged.
    """
    _load(files)
    return versions(files, packages)


def _load(files: Sequence[VariantFile]) -> Registry:
    recheck(_imported_modules(files))  # before loading: the files must be those that were read
    return Registry(files)


def _imported_modules(files: Sequence[VariantFile]) -> set[str]:
    return {name for file in files for name in imports(file.text)}


def own_versions(packages: Sequence[str] = ()) -> dict[str, str]:
    """Return versions() without variants from outside zonediff."""
    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "zonediff": version(),
        "the sources of zonediff": _sources(),
        **{name: _version(name) for name in (_CLOCK, *packages)},
    }


def version() -> str:
    """Return the version of the installed distribution; `unknown` when there is none."""
    return _version("zonediff")


@cache
def _version(name: str) -> str:
    """Return a distribution's version; cached, because a process loads a package only once."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"


def describe_differences(ours: Mapping[str, str], theirs: Mapping[str, str]) -> str | None:
    """Return the differences in words; None when there is none."""
    differences = [
        f"{name} {theirs.get(name, 'none')} instead of {value}"
        for name, value in ours.items()
        if theirs.get(name) != value
    ]
    return ", ".join(differences) or None


class ChunkResult(NamedTuple, Generic[R]):
    """The outcomes of the first items of a chunk, and the seconds that they took.

    deprecations: the deprecated words that variants used in another process, which cannot warn.
    """

    outcomes: list[R]
    seconds: float
    deprecations: tuple[Deprecation, ...] = ()


def run_chunk(
    contract: WorkerContract, work: Callable[[Registry, T], R], items: Sequence[T], seconds: float
) -> ChunkResult[R]:
    """Do the first items of a chunk in a worker.

    Stops after the item that ends past `seconds`, so at least one item is done. Raises Mismatch
    when this process does not fulfil the contract, and whatever the work raises.
    """
    with recorded_deprecations() as deprecations:
        result = run_items(_registry(contract), work, items, seconds)
    return result._replace(deprecations=tuple(deprecations))


def run_items(
    registry: Registry, work: Callable[[Registry, T], R], items: Sequence[T], seconds: float
) -> ChunkResult[R]:
    """Do the first items of a chunk with a registry of this process."""
    began = perf_counter()
    outcomes: list[R] = []
    for item in items:
        outcomes.append(work(registry, item))
        if perf_counter() - began > seconds:
            break
    return ChunkResult(outcomes, perf_counter() - began)


_registries: Final[dict[WorkerContract, Registry]] = {}
_lock: Final = Lock()


def _registry(contract: WorkerContract) -> Registry:
    """Return this process's registry for a contract, made once. Raises Mismatch."""
    with _lock:
        if contract not in _registries:
            registry = _load(contract.files)
            differences = describe_differences(
                dict(contract.versions), versions(contract.files, contract.packages)
            )
            if differences is not None:
                raise Mismatch(f"a worker has {differences}: {REMEDY}")
            _registries.clear()
            _registries[contract] = registry
        return _registries[contract]


@cache
def _sources() -> str:
    folders = [Path(str(import_module(f"zonediff.{name}").__file__)).parent for name in FOLDERS]
    return digest(
        text
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix in SOURCES and path.is_file()
        for text in (path.relative_to(folder.parent).as_posix().encode(), path.read_bytes())
    )


def _installed() -> str:
    entries = sorted((entry.name, entry.value) for entry in metadata.entry_points(group=GROUP))
    names = (str(entry).encode() for entry in entries)
    return digest(chain(names, code_hashes(value.partition(".")[0] for _, value in entries)))


def digest(texts: Iterable[bytes]) -> str:
    """Return a hash of texts and of where each ends: 12 hexadecimal digits."""
    total = hashlib.sha256()
    for text in texts:
        total.update(hashlib.sha256(text).digest())
    return total.hexdigest()[:12]
