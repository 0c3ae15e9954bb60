"""The changes of a unified diff: files, and kernel functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk, PatchSet

from zonediff.compare.series.diff_files import DiffError, split_files
from zonediff.compare.series.functions import functions_changed, is_c, unnamed_places
from zonediff.engine.errors import ZonediffError
from zonediff.result.series import FileChange


class SeriesError(ZonediffError):
    """A series cannot be read; the message says where, why and what would help."""


class Diff(NamedTuple):
    """The changes of a unified diff: files, C functions, and notes on unknown ones."""

    files: tuple[FileChange, ...]
    functions: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_diff(text: str, where: str) -> Diff:
    """The files that a unified diff changes, and the C functions.

    where: the mail or commit of the diff, for the message. Raises SeriesError.
    """
    try:
        parsed = [(file, _hunks(file.hunks)) for file in split_files(text)]
    except (DiffError, UnidiffParseError) as error:
        why = " ".join(str(error).split())
        raise SeriesError(
            f"{where}: its diff is damaged ({why}); a mail program may have wrapped its lines"
        ) from None
    files = tuple(
        FileChange(
            file.path,
            sum(hunk.added for hunk in hunks),
            sum(hunk.removed for hunk in hunks),
            file.binary,
        )
        for file, hunks in parsed
    )
    in_c = [(file.path, hunks) for file, hunks in parsed if is_c(file.path)]
    functions = dict.fromkeys(name for _, hunks in in_c for name in functions_changed(hunks))
    binary = [
        f"{file.path} is changed as a binary file: which functions change is not known"
        for file in files
        if file.binary and is_c(file.path)
    ]
    unnamed = [
        f"{path}: which function changes at line {line} is not known: its hunk's "
        "header names a label"
        for path, hunks in in_c
        for line in unnamed_places(hunks)
    ]
    return Diff(files, tuple(functions), (*binary, *unnamed))


def _hunks(lines: Sequence[str]) -> Sequence[Hunk]:
    """Parse the hunks of a file. Raises UnidiffParseError."""
    if not lines:
        return ()
    # Names are read elsewhere, as unidiff would take a blank for the end of one.
    [file] = PatchSet("--- a/file\n+++ b/file\n" + "\n".join(lines) + "\n")
    return file
