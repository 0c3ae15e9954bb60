"""What a worker has to agree on with the command that it works for, before anything is done.

Variants are sent to workers by name; those of the user's files go along as text. All else has to be
there already, and to be the same: other code would give other outcomes, and nobody would notice.
So what a worker agrees on is also what an outcome is known by (kept/code.py).
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
from typing import Final, TypeVar

from zonediff.engine.errors import ZonediffError
from zonediff.variants.registry import GROUP, Registry, VariantFile
from zonediff.work.dependencies import code, imports, recheck

T = TypeVar("T")
R = TypeVar("R")

FOLDERS: Final = ("engine", "variants", "corpus", "result", "work", "explore", "live", "compare")
"""Whose sources decide what comes out."""

SOURCES: Final = (".py", ".sh")
"""How their names end; what runs in the guest of a real kernel is a shell script."""


SAME: Final = "install the same on both, and start anew the workers that ran before it changed"
"""What would be right."""

_CLOCK: Final = "simpy"
"""The distribution that tells the time in scenarios."""


class Mismatch(ZonediffError):
    """A worker differs from the command; the message says in what."""


@dataclass(frozen=True, slots=True)
class WorkerContract:
    """The user's variant files, and what the command runs with, as versions() tells it.

    packages: distributions that decide outcomes too.
    """

    files: tuple[VariantFile, ...]
    packages: tuple[str, ...]
    versions: tuple[tuple[str, str], ...]

    @classmethod
    def here(
        cls, files: tuple[VariantFile, ...] = (), packages: tuple[str, ...] = ()
    ) -> WorkerContract:
        """What this process runs with, which has loaded the files."""
        return cls(files, packages, tuple(versions(files, packages).items()))


def versions(files: Sequence[VariantFile], packages: Sequence[str] = ()) -> dict[str, str]:
    """What this process runs with: Python, zonediff, these packages, and variants of others.

    It has to have loaded the files, as they may say themselves where to import from.
    """
    return {
        **own_versions(packages),
        "the variant files": digest(file.text for file in files),
        "the modules that variant files import": digest(code(_imported(files))),
        "the variants of installed packages": _installed(),
    }


def offered(files: Sequence[VariantFile], packages: Sequence[str]) -> dict[str, str]:
    """The same in a process that has not loaded the files, but may have loaded others.

    Raises VariantError when it cannot load them, Changed.
    """
    _load(files)
    return versions(files, packages)


def _load(files: Sequence[VariantFile]) -> Registry:
    recheck(_imported(files))  # before: what is loaded has to be what was looked at
    return Registry(files)


def _imported(files: Sequence[VariantFile]) -> set[str]:
    return {name for file in files for name in imports(file.text)}


def own_versions(packages: Sequence[str] = ()) -> dict[str, str]:
    """The same without variants of others."""
    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "zonediff": version(),
        "the sources of zonediff": _sources(),
        **{name: _version(name) for name in (_CLOCK, *packages)},
    }


def version() -> str:
    """The version of the installed distribution; `unknown` when it runs without one."""
    return _version("zonediff")


@cache
def _version(name: str) -> str:
    """As it was at first: a process loads a package once."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"


def differing(ours: Mapping[str, str], theirs: Mapping[str, str]) -> str | None:
    """In words what is different there; None when nothing is."""
    found = [
        f"{what} {theirs.get(what, 'none')} instead of {value}"
        for what, value in ours.items()
        if theirs.get(what) != value
    ]
    return ", ".join(found) or None


def perform(
    terms: WorkerContract, work: Callable[[Registry, T], R], items: Sequence[T], seconds: float
) -> tuple[list[R], float]:
    """Do the first items of a chunk, for about so long: what came of them, and how long it took.

    Always at least one. Raises Mismatch when this process is not what the terms ask for, and
    whatever the work raises.
    """
    return timed(_registry(terms), work, items, seconds)


def timed(
    registry: Registry, work: Callable[[Registry, T], R], items: Sequence[T], seconds: float
) -> tuple[list[R], float]:
    """The same with a registry that is here."""
    began = perf_counter()
    done: list[R] = []
    for item in items:
        done.append(work(registry, item))
        if perf_counter() - began > seconds:
            break
    return done, perf_counter() - began


_registries: Final[dict[WorkerContract, Registry]] = {}
_lock: Final = Lock()


def _registry(terms: WorkerContract) -> Registry:
    """This process's own, made once for the same terms, when it has agreed to them."""
    with _lock:
        if terms not in _registries:
            registry = _load(terms.files)
            found = differing(dict(terms.versions), versions(terms.files, terms.packages))
            if found is not None:
                raise Mismatch(f"a worker has {found}: {SAME}")
            _registries.clear()
            _registries[terms] = registry
        return _registries[terms]


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
    return digest(chain(names, code(value.partition(".")[0] for _, value in entries)))


def digest(texts: Iterable[bytes]) -> str:
    """A hash of texts and of where each ends, short enough to be read."""
    found = hashlib.sha256()
    for text in texts:
        found.update(hashlib.sha256(text).digest())
    return found.hexdigest()[:12]
