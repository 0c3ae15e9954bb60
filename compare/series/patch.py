"""What a unified diff changes: files, and which kernel functions."""

from __future__ import annotations

from typing import NamedTuple

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from zonediff.compare.series.functions import functions_changed, is_c, unnamed_places
from zonediff.engine.errors import ZonediffError
from zonediff.result.series import FileChange


class SeriesError(ZonediffError):
    """A series cannot be read; the message says where, why and what would help."""


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
    binary = [
        f"{file.path} is changed as a binary file: which functions change is not known"
        for file in files
        if file.binary and is_c(file.path)
    ]
    unnamed = [
        f"{_name(file.path)}: which function changes at line {line} is not known: its hunk's "
        "header names a label"
        for file in parsed
        for line in unnamed_places(file)
    ]
    return Diff(files, tuple(functions), (*binary, *unnamed))


def _name(path: str) -> str:
    """A path as people write it; git quotes those with unusual characters."""
    return path.removeprefix('"').removesuffix('"')
