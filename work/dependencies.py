"""The modules outside zonediff that a variant imports, as hashes of their files.

Imports are read from the source, not executed, so an import inside a function counts too. Not
covered: computed imports (`importlib.import_module(name)`), and data files that the code reads.
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
"""The files of a module that decide what it does."""

_OURS: Final = "zonediff"
"""The package whose sources contract.py hashes."""

_INSTALLED: Final = {"site-packages", "dist-packages"}
"""Folders of installed packages. Their files are hashed, but not what they import in turn."""

_PYTHON: Final = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))
"""Folders of Python's own modules, which its version stands for."""


class ModuleChanged(ZonediffError):
    """A module has changed since this process first read it; the message says which."""


@dataclass(frozen=True, slots=True)
class _Module:
    """The files of a top-level module as names and hashes, and the modules that they import."""

    files: tuple[tuple[str, bytes], ...]
    imports: frozenset[str]


_first_read: Final[dict[str, _Module]] = {}
"""Every module as it was when this process first read it; a missing module has no files. A process
loads a module only once, so it cannot follow a change."""


def imports(text: bytes) -> frozenset[str]:
    """Return the top-level modules that a source text imports; none for a syntax error."""
    try:
        nodes = [*ast.walk(ast.parse(text))]
    except (SyntaxError, ValueError):
        return frozenset()
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {
        node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level
    }
    return frozenset(name.partition(".")[0] for name in names)


def code_hashes(modules: Iterable[str]) -> Iterator[bytes]:
    """Yield the files of these top-level modules (whole packages) and of all that they import.

    Each file is its name, then the hash of its content; the order is always the same. Raises
    ModuleChanged, OSError.
    """
    for name_of_module, module in _closure(modules):
        for name, digest in module.files:
            yield f"{name_of_module} {name}".encode()
            yield digest


def recheck(modules: Iterable[str]) -> None:
    """Check that these modules, and those that they import, have not changed since they were read.

    Modules that this process has not read yet are left out. Raises ModuleChanged, OSError.
    """
    invalidate_caches()
    for _ in _closure(modules, {*_first_read}):
        pass


def _closure(
    modules: Iterable[str], within: Container[str] | None = None
) -> Iterator[tuple[str, _Module]]:
    """Yield these modules and all that they import; only those in `within`, unless it is None."""
    reached = set(modules)
    left = deque(sorted(reached))
    while left:
        name = left.popleft()
        if within is None or name in within:
            module = _read_module(name)
            yield name, module
            left.extend(sorted(module.imports - reached))
            reached |= module.imports


def _read_module(name: str) -> _Module:
    """Read a module. Raises ModuleChanged, OSError."""
    files: list[tuple[str, bytes]] = []
    imported: set[str] = set()
    for folder, path in _module_files(name):
        content = path.read_bytes()
        files.append((path.relative_to(folder).as_posix(), hashlib.sha256(content).digest()))
        if path.suffix == _SOURCE and _INSTALLED.isdisjoint(path.parts):
            imported |= imports(content)
    module = _Module(tuple(files), frozenset(imported))
    if _first_read.setdefault(name, module) != module:
        raise ModuleChanged(
            f"the module {name!r} has changed since this process first read it; restart the process"
        )
    return module


def _module_files(name: str) -> Iterator[tuple[Path, Path]]:
    """Yield (folder of the module, file) for each file of a top-level module.

    Yields nothing for Python's own modules, zonediff, and missing modules.
    """
    try:
        spec = None if name in ("", _OURS) else find_spec(name)
    except (ImportError, ValueError):
        return
    if spec is None:
        return
    if spec.submodule_search_locations is None:
        file = Path(spec.origin or "")
        files = [(file.parent, file)]
    else:
        folders = map(Path, spec.submodule_search_locations)
        files = [(folder, path) for folder in folders for path in sorted(folder.rglob("*"))]
    for folder, path in files:
        if path.suffix in _SUFFIXES and path.is_file() and not _is_of_python(path):
            yield folder, path


def _is_of_python(path: Path) -> bool:
    return _INSTALLED.isdisjoint(path.parts) and any(map(path.is_relative_to, _PYTHON))
