"""The code of others that variants are made of: the modules that they import, as text.

It is found by reading and not by running, so that what a function imports when it is called
counts too. What an import computes (`importlib.import_module(name)`), and the data that code
reads, are not seen.
"""

from __future__ import annotations

import ast
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_SOURCE: Final = ".py"
_SUFFIXES: Final = (_SOURCE, ".so")

_KNOWN: Final = {*sys.stdlib_module_names, *sys.builtin_module_names, "__main__", "zonediff"}
"""Python's own modules are known by its version, and ours by a hash of their own."""

_INSTALLED: Final = {"site-packages", "dist-packages"}
"""Folders of packages that others have made: what those import in turn is theirs to know."""


def imports(text: bytes) -> set[str]:
    """The top-level modules that a source text imports, wherever in it; none of a faulty one."""
    try:
        nodes = [*ast.walk(ast.parse(text))]
    except (SyntaxError, ValueError):
        return set()
    named = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named |= {
        node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level
    }
    return {name.partition(".")[0] for name in named}


def code(modules: Iterable[str]) -> Iterator[bytes]:
    """The files of these top-level modules, whole packages, and of all that they import.

    Each is told by its name and its content, once, in the same order each time. Modules that are
    not there are left out. Raises OSError.
    """
    seen = set(modules) - _KNOWN
    left = deque(sorted(seen))
    while left:
        module = left.popleft()
        found: set[str] = set()
        for path in _files(module):
            text = path.read_bytes()
            yield f"{module} {path.name}".encode()
            yield text
            if path.suffix == _SOURCE and _INSTALLED.isdisjoint(path.parts):
                found |= imports(text)
        left.extend(sorted(found - seen - _KNOWN))
        seen |= found


def _files(module: str) -> Iterator[Path]:
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return
    if spec is None:
        return
    if spec.submodule_search_locations is None:
        if spec.origin is not None and Path(spec.origin).suffix in _SUFFIXES:
            yield Path(spec.origin)
        return
    for place in spec.submodule_search_locations:
        yield from sorted(path for path in Path(place).rglob("*") if path.suffix in _SUFFIXES)
