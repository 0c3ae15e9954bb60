"""Find the C functions that a diff changes, from hunk headers and from the lines of the hunks.

A hunk's header names the function above its first line, which is often not the changed one. So the
lines are read too: in the kernel's style, only code outside of functions begins in the first
column, apart from braces, labels and the preprocessor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from unidiff.patch import Hunk

_C: Final = (".c", ".h")

_DEFINITION: Final = re.compile(
    r"(?!(?:extern|typedef)\b)[A-Za-z_][\w\s*]*?\b([A-Za-z_]\w*)\s*\((?:[^;]*|[^;]*\)\s*\{.*)$"
)
"""A line that begins a function; one with a semicolon is a declaration or calls a macro."""

_BEGINS_WITH_NAME: Final = re.compile(r"([A-Za-z_]\w*)\s*\((?:[^;]*|[^;]*\)\s*\{.*)$")
"""The same where the return type is on a line of its own."""

_SYSCALL: Final = re.compile(r"(?:COMPAT_)?SYSCALL_DEFINE[0-6]\(\s*(\w+)")
"""A line that begins a system call."""

_LABEL: Final = re.compile(r"\w+:\s*(?:$|/)")

_STILL_INSIDE: Final = re.compile(rf"\s|$|[{{#]|{_LABEL.pattern}")
"""Lines that may stand inside a function: indented, empty, braces, preprocessor, labels."""


def is_c(path: str) -> bool:
    """Whether a file holds C, by its name."""
    return path.endswith(_C)


def functions_changed(hunks: Iterable[Hunk]) -> Iterator[str]:
    """The functions in which lines are added or removed, in order; one may come several times."""
    for hunk in hunks:
        yield from (name for name in _changed_in(hunk) if name)


def unnamed_places(hunks: Iterable[Hunk]) -> Iterator[int]:
    """Lines at which hunks begin that change a function and do not name it.

    The header of such a hunk has a goto label: git without a driver for C takes the line above.
    """
    for hunk in hunks:
        if _LABEL.match(hunk.section_header) and None in _changed_in(hunk):
            yield hunk.target_start


def _changed_in(hunk: Hunk) -> Iterator[str | None]:
    """For each added or removed line its function; None outside of functions, or if unknown."""
    current = _defined(hunk.section_header)
    for line in hunk:
        if not _STILL_INSIDE.match(line.value):
            # A brace in the first column still belongs to the function that it ends.
            current = current if line.value.startswith("}") else _defined(line.value)
        if line.is_added or line.is_removed:
            yield current
        if line.value.startswith("}"):
            current = None


def _defined(line: str) -> str | None:
    """The function that a line begins to define. Names in capitals are macros."""
    line = line.rstrip()
    if syscall := _SYSCALL.match(line):
        return f"sys_{syscall[1]}"
    definition = _BEGINS_WITH_NAME.match(line) or _DEFINITION.match(line)
    return definition[1] if definition and not definition[1].isupper() else None
