"""Standard input, output and error: open, and without invisible characters in what is printed."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast


class VisibleStream:
    """A text stream that shows control, escape and bidirectional characters as escapes.

    Names of files, keys of YAML, subjects of mails and lines of consoles come from anywhere; none
    of them may move the cursor, set colours or reorder a line. Bytes written to `buffer` stay as
    they are. unescaped: the stream itself, for progress bars, which move the cursor.
    """

    def __init__(self, stream: TextIO) -> None:
        self.unescaped = stream

    def write(self, text: str) -> int:
        """Write text; newlines and tabs stay."""
        if not (text.isascii() and text.replace("\n", "").isprintable()):
            # Imported here, as `zonediff --help` imports no other package of ours.
            from zonediff.reports.text.plain import visible

            text = visible(text)
        return self.unescaped.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each text."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unescaped, name)


@contextmanager
def visible_output() -> Iterator[None]:
    """Let all that is printed meanwhile, by whatever code, pass through a VisibleStream."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (
        cast(TextIO, VisibleStream(stream)) if stream is not None else stream for stream in before
    )
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def terminal() -> TextIO:
    """Standard error for progress bars."""
    stream: TextIO = getattr(sys.stderr, "unescaped", sys.stderr)
    return stream


def open_standard_streams() -> None:
    """Open /dev/null where standard input, output or error is closed; show what has no encoding.

    Otherwise the next file that is opened would take its number, and messages would go into it.
    """
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(descriptor, mode, closefd=False, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a character is no reason to fail.
            stream.reconfigure(errors="backslashreplace")


def drop_output() -> None:
    """Discard buffered output when standard output takes no more."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
