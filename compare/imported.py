"""The code of others that variants are made of: the modules that they import, as hashes of files.

It is found by reading and not by running, so that what a function imports when it is called
counts too. What an import computes (`importlib.import_module(name)`), and the data that code
reads, are not seen.
"""

from __future__ import annotations

import ast
import hashlib
import sys
import sysconfig
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_SOURCE: Final = ".py"
_SUFFIXES: Final = (_SOURCE, ".so")

_OURS: Final = "zonediff"
"""Whose sources have a hash of their own."""

_INSTALLED: Final = {"site-packages", "dist-packages"}
"""Folders of packages that others have made: what those import in turn is theirs to know."""

_PYTHON: Final = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))
"""Folders of Python's own modules, which are known by its version."""


@dataclass(frozen=True, slots=True)
class _File:
    """What there is to know of a file with code."""

    digest: bytes
    imports: frozenset[str]


_files: Final[dict[Path, _File]] = {}
"""As they were when they were looked at last before they were loaded: a process loads a module
once, whatever becomes of its file."""


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

    Each is told by its name and a hash of its content, once, in the same order each time. Modules
    that are not there are left out. Raises OSError.
    """
    loaded = {getattr(module, "__file__", None) for module in [*sys.modules.values()]}
    seen = set(modules)
    left = deque(sorted(seen))
    while left:
        module = left.popleft()
        found: set[str] = set()
        for path in _places(module):
            if path not in _files or str(path) not in loaded:
                _files[path] = _look_at(path)
            yield f"{module} {path.name}".encode()
            yield _files[path].digest
            found |= _files[path].imports
        left.extend(sorted(found - seen))
        seen |= found


def _look_at(path: Path) -> _File:
    content = path.read_bytes()
    followed = path.suffix == _SOURCE and _INSTALLED.isdisjoint(path.parts)
    return _File(hashlib.sha256(content).digest(), imports(content) if followed else frozenset())


def _places(module: str) -> Iterator[Path]:
    """The files of a top-level module; none of one that is Python's or ours, or not there."""
    try:
        spec = None if module in ("", _OURS) else find_spec(module)
    except (ImportError, ValueError):
        return
    if spec is None:
        return
    folders = spec.submodule_search_locations
    if folders is None:
        found = [Path(spec.origin or "")]
    else:
        found = sorted(path for folder in folders for path in Path(folder).rglob("*"))
    for path in found:
        if path.suffix in _SUFFIXES and path.is_file() and not _is_pythons(path):
            yield path


def _is_pythons(path: Path) -> bool:
    return _INSTALLED.isdisjoint(path.parts) and any(map(path.is_relative_to, _PYTHON))
