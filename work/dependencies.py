"""The code of others that variants are made of: the modules that they import, as hashes of files.

It is found by reading and not by running, so that what a function imports when it is called
counts too. What an import computes (`importlib.import_module(name)`), and the data that code
reads, are not seen.
"""

from __future__ import annotations

import ast
import hashlib
import sysconfig
from collections import deque
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from zonediff.engine.errors import ZonediffError

_SOURCE: Final = ".py"
_SUFFIXES: Final = (_SOURCE, ".so")

_OURS: Final = "zonediff"
"""Whose sources have a hash of their own."""

_INSTALLED: Final = {"site-packages", "dist-packages"}
"""Folders of packages that others have made: what those import in turn is theirs to know."""

_PYTHON: Final = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))
"""Folders of Python's own modules, which are known by its version."""


class Changed(ZonediffError):
    """A module is not what it was when this process saw it first; the message says which."""


@dataclass(frozen=True, slots=True)
class _Module:
    """The files of a top-level module as names and hashes, and what they import."""

    files: tuple[tuple[str, bytes], ...]
    imports: frozenset[str]


_seen: Final[dict[str, _Module]] = {}
"""All modules that were looked at, as they were then; one that was not there has no files. A
process loads a module once, or fails to, so that it cannot go along with a change."""


def imports(text: bytes) -> frozenset[str]:
    """The top-level modules that a source text imports, wherever in it; none of a faulty one."""
    try:
        nodes = [*ast.walk(ast.parse(text))]
    except (SyntaxError, ValueError):
        return frozenset()
    named = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named |= {
        node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level
    }
    return frozenset(name.partition(".")[0] for name in named)


def code(modules: Iterable[str]) -> Iterator[bytes]:
    """The files of these top-level modules, whole packages, and of all that they import.

    Each is told by its name and a hash of its content, once, in the same order each time. Raises
    Changed, OSError.
    """
    for module, found in _reached(modules):
        for name, digest in found.files:
            yield f"{module} {name}".encode()
            yield digest


def recheck(modules: Iterable[str]) -> None:
    """See that these and what they import are what they were, as far as they were looked at.

    Raises Changed, OSError.
    """
    invalidate_caches()
    for _ in _reached(modules, {*_seen}):
        pass


def _reached(
    modules: Iterable[str], within: Container[str] | None = None
) -> Iterator[tuple[str, _Module]]:
    """These modules and all that they import, or that they import of some."""
    seen = set(modules)
    left = deque(sorted(seen))
    while left:
        module = left.popleft()
        if within is None or module in within:
            found = _look_at(module)
            yield module, found
            left.extend(sorted(found.imports - seen))
            seen |= found.imports


def _look_at(module: str) -> _Module:
    files: list[tuple[str, bytes]] = []
    found: set[str] = set()
    for folder, path in _places(module):
        content = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        files.append((name, hashlib.sha256(content).digest()))
        if path.suffix == _SOURCE and _INSTALLED.isdisjoint(path.parts):
            found |= imports(content)
    now = _Module(tuple(files), frozenset(found))
    if _seen.setdefault(module, now) != now:
        raise Changed(
            f"the module {module!r} is not what it was when this process saw it first; start the "
            "process anew"
        )
    return now


def _places(module: str) -> Iterator[tuple[Path, Path]]:
    """The files of a top-level module, each with the folder that the module is in.

    None of one that is Python's or ours, or not there.
    """
    try:
        spec = None if module in ("", _OURS) else find_spec(module)
    except (ImportError, ValueError):
        return
    if spec is None:
        return
    if spec.submodule_search_locations is None:
        file = Path(spec.origin or "")
        found = [(file.parent, file)]
    else:
        folders = map(Path, spec.submodule_search_locations)
        found = [(folder, path) for folder in folders for path in sorted(folder.rglob("*"))]
    for folder, path in found:
        if path.suffix in _SUFFIXES and path.is_file() and not _is_pythons(path):
            yield folder, path


def _is_pythons(path: Path) -> bool:
    return _INSTALLED.isdisjoint(path.parts) and any(map(path.is_relative_to, _PYTHON))
