"""Splits a unified diff into the files that it changes, each with its name and its hunks.

Names are read as git reads them (`git apply`): from the lines `---`, `+++`, `rename to` and
`copy to`, and without these from `diff --git`, which names the same file twice. So a name may hold
blanks, also ` b/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from zonediff.engine.bounds import DIFF_NUMBER_DIGITS

_PREFIX: Final = re.compile(r"[abciow12]/")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_DIGITS: Final = f"[0-9]{{1,{DIFF_NUMBER_DIGITS}}}"
_HUNK: Final = re.compile(rf"@@ -{_DIGITS}(?:,({_DIGITS}))? \+{_DIGITS}(?:,({_DIGITS}))? @@")
_NO_FILE: Final = "/dev/null"
_RENAMED: Final = ("rename to ", "copy to ")


class DiffError(ValueError):
    """Control flow: the text is not a unified diff; the message says why."""


@dataclass(slots=True)
class DiffFile:
    """A file of a diff. hunks: their lines, headers included."""

    path: str
    binary: bool = False
    hunks: list[str] = field(default_factory=list)


def split_files(text: str) -> Iterator[DiffFile]:
    """Yield the files of a diff in order. Raises DiffError for a hunk that belongs to no file."""
    lines = text.removesuffix("\n").split("\n")
    current: DiffFile | None = None
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        opened = _opened(line, lines[number] if number < len(lines) else "", current)
        if opened is not None:
            if current is not None and opened is not current:
                yield current
            current = opened
        elif line.startswith("@@ -"):
            if current is None:
                raise DiffError(f"a hunk that belongs to no file: {line[:40]}")
            number = _take_hunk(current, lines, number - 1)
        elif line.startswith("\\ ") and current is not None and current.hunks:
            current.hunks.append(line)
        elif line.strip() and current is not None and current.hunks:
            yield current
            current = None
    if current is not None:
        yield current


def _opened(line: str, after: str, current: DiffFile | None) -> DiffFile | None:
    """Return the file that a line of a header is about: a new one or `current`; None for others."""
    new = current is None or bool(current.hunks)
    if line.startswith("diff --git "):
        return DiffFile(_same_name(line[11:].rstrip("\r")))
    if line.startswith("--- ") and after.startswith("+++ "):
        before, path = _name(line[4:]), _name(after[4:])
        path = before if path == _NO_FILE else path
        if new or current is None:
            return DiffFile(path)
        current.path = path
        return current
    if line.startswith("Binary files ") and line.rstrip().endswith(" differ"):
        if new or current is None:
            return DiffFile(_name(line[13:].partition(" and ")[0]), binary=True)
        current.binary = True
        return current
    if current is None or current.hunks:
        return None
    if line.rstrip() == "GIT binary patch":
        current.binary = True
        return current
    for words in _RENAMED:
        if line.startswith(words):
            current.path = _unquoted(line.removeprefix(words).rstrip("\r"))
            return current
    return None


def _take_hunk(file: DiffFile, lines: list[str], start: int) -> int:
    """Add a hunk to its file; return the number of the line after it."""
    header = _HUNK.match(lines[start])
    if header is None:
        raise DiffError(f"not the header of a hunk: {lines[start][:40]}")
    old, new = (1 if count is None else int(count) for count in header.groups())
    file.hunks.append(lines[start])
    number = start + 1
    while (old > 0 or new > 0) and number < len(lines):
        line = lines[number]
        number += 1
        file.hunks.append(line)
        sign = line[:1].rstrip("\r") or " "
        old -= sign in " -"
        new -= sign in " +"
        if sign not in " -+\\":
            break
    return number


def _same_name(names: str) -> str:
    """Return the name that the two names after `diff --git` share, or else the second one."""
    if quoted := _QUOTED.match(names):
        return _without_prefix(quoted[1])
    middle = len(names) // 2
    first, second = _without_prefix(names[:middle]), _without_prefix(names[middle + 1 :])
    if names[middle : middle + 1] == " " and first == second:
        return first
    return _without_prefix(names.rpartition(" ")[2].strip('"'))


def _name(text: str) -> str:
    """Return the name after `---` or `+++`; a date may follow it after a tab."""
    return _without_prefix(_unquoted(text.partition("\t")[0].rstrip("\r")))


def _unquoted(name: str) -> str:
    """Return a name without the quotes that git writes around unusual characters."""
    quoted = _QUOTED.fullmatch(name)
    return quoted[1] if quoted else name


def _without_prefix(name: str) -> str:
    return name[2:] if _PREFIX.match(name) else name
