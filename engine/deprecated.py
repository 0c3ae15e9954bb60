"""Words that variants used before KernelState: they still work, and warn for one release."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from zonediff.engine.memory import Memory
    from zonediff.engine.state import KernelState

_SAME: Final = (
    *("block_pages", "has", "is_online", "node", "node_is", "nodes", "pages", "present_pages"),
    *("span", "zone"),
)
_RENAMED: Final = {
    **{name: f"kernel.{name}" for name in _SAME},
    "early": "kernel.early_pages(node)",
    "initialised": "kernel.was_used(node, zone)",
    "present": "kernel.present_pages(node, zone)",
    "spans": "kernel.span(node, zone)",
}
"""The new expression for each WORD that a policy read as `kernel.memory.WORD`."""


class DeprecatedName(DeprecationWarning):
    """A variant uses a word that has a new name."""


class Deprecation(NamedTuple):
    """The use of a deprecated word: the message, and the file and line that use the word."""

    message: str
    file: str
    line: int

    def warn(self) -> None:
        """Warn in this process, as if the word were used here."""
        warnings.warn_explicit(self.message, DeprecatedName, self.file, self.line)


_recorded: ContextVar[dict[Deprecation, None]] = ContextVar("recorded deprecations")


@contextmanager
def recorded_deprecations() -> Iterator[dict[Deprecation, None]]:
    """Record the deprecated words that this thread uses, instead of warning; each use once."""
    uses: dict[Deprecation, None] = {}
    before = _recorded.set(uses)
    try:
        yield uses
    finally:
        _recorded.reset(before)


class DeprecatedMemory:
    """`kernel.memory` as variants knew it: the same answers, and a warning for each word."""

    def __init__(self, kernel: KernelState, tables: Memory) -> None:
        self._kernel = kernel
        self._tables = tables

    def __getattr__(self, name: str) -> Any:
        if not hasattr(type(self._tables), name):
            return getattr(self._kernel, name)
        if name in ("was_used", "early_pages"):  # functions of ours ask, given `kernel.memory`
            return getattr(self._tables, name)
        new = _RENAMED.get(name)
        warn(
            f"kernel.memory.{name} is now {new}"
            if new
            else f"kernel.memory.{name} is not for variants and will go; KernelState has what is"
        )
        return getattr(self._tables, name)


def warn(message: str) -> None:
    """Warn of a deprecated word, at the line outside zonediff that uses it."""
    frame = sys._getframe(1)
    while frame.f_globals.get("__name__", "").startswith("zonediff.") and frame.f_back is not None:
        frame = frame.f_back
    recorded = _recorded.get(None)
    if recorded is not None:
        recorded[Deprecation(message, frame.f_code.co_filename, frame.f_lineno)] = None
        return
    warnings.warn_explicit(
        message,
        DeprecatedName,
        frame.f_code.co_filename,
        frame.f_lineno,
        frame.f_globals.get("__name__", "__main__"),
        frame.f_globals.setdefault("__warningregistry__", {}),
    )
