"""A patch of a series: who wrote it, which files it changes, and which kernel functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from zonediff.compare.series.functions import functions_changed, is_c


class SeriesError(Exception):
    """A series cannot be read; the message says where, why and what would help."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that a patch changes, with the lines it adds and removes (none of a binary file)."""

    path: str
    added: int
    removed: int
    binary: bool = False


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch.

    id: the commit or message-id. date: of authorship, `2017-02-27`; empty when unknown.
    functions: the C functions it changes, in order. number: its place as its mail gives it.
    notes: what was wrong in the source but could be coped with.
    """

    id: str
    subject: str
    author: str
    date: str
    files: tuple[FileChange, ...]
    functions: tuple[str, ...]
    number: int | None = None
    notes: tuple[str, ...] = ()


class Diff(NamedTuple):
    """What a unified diff changes: files, C functions, and notes on what cannot be told."""

    files: tuple[FileChange, ...]
    functions: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_diff(text: str, where: str) -> Diff:
    """The files that a unified diff changes, and the C functions.

    where: what the diff belongs to, for the message. Raises SeriesError.
    """
    try:
        parsed = PatchSet(text)
    except UnidiffParseError as error:
        why = " ".join(str(error).split())
        raise SeriesError(
            f"{where}: its diff is damaged ({why}); a mail program may have wrapped its lines"
        ) from None
    files = tuple(
        FileChange(_name(file.path), file.added, file.removed, file.is_binary_file)
        for file in parsed
    )
    functions = dict.fromkeys(name for file in parsed for name in functions_changed(file))
    notes = tuple(
        f"{file.path} is changed as a binary file: which functions change is not known"
        for file in files
        if file.binary and is_c(file.path)
    )
    return Diff(files, tuple(functions), notes)


def _name(path: str) -> str:
    """A path as people write it; git quotes those with unusual characters."""
    return path.removeprefix('"').removesuffix('"')
