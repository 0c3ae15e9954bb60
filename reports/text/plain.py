"""Plain text for terminals and mails: no invisible characters, ASCII, wrapped."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Final

WIDTH: Final = 80
"""The most columns of text for a terminal."""

COLUMN_GAP: Final = 2
"""Spaces that tabulate puts between columns."""

_ASCII: Final = str.maketrans(
    {
        "→": "->",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "--",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{MULTIPLICATION SIGN}": "x",
        "≠": "!=",
        "≤": "<=",
        "≥": ">=",
        "·": "-",
        "\N{NO-BREAK SPACE}": " ",
    }
)

# Invisible characters that change the visible text: controls other than newline and tab,
# bidirectional and other format characters, and halves of surrogate pairs.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def visible(text: str) -> str:
    """The text with every invisible character as an escape, as in a Python literal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        _escape(char) if unicodedata.category(char) in _HIDDEN and char not in "\n\t" else char
        for char in text
    )


def to_ascii(text: str) -> str:
    """The text in printable ASCII and newlines: typography replaced, the rest as escapes."""
    text = visible(text.expandtabs(4)).translate(_ASCII)
    return text.encode("ascii", "backslashreplace").decode("ascii")


def one_line(text: str) -> str:
    """The text on one line: each run of white space becomes one space."""
    return " ".join(text.split())


def wrap(text: str, width: int, first: str = "", rest: str | None = None) -> list[str]:
    """ASCII lines of at most `width` columns; `first` starts the first line, `rest` the others.

    Words longer than a line are broken. A text without words gives no line.
    """
    return textwrap.wrap(
        to_ascii(one_line(text)),
        width,
        initial_indent=first,
        subsequent_indent=" " * len(first) if rest is None else rest,
        break_on_hyphens=False,
    )


def command(pieces: Sequence[str], width: int) -> list[str]:
    """A shell command in lines of at most `width` columns, continued with backslashes.

    Lines break between pieces. A piece longer than a line is broken anywhere: the shell joins the
    parts if the next line is not indented. An open quote is closed before the break and opened
    again after it.
    """
    lines: list[str] = []
    line = ""
    for piece in map(to_ascii, pieces):
        if line and len(line) + 1 + len(piece) > width - 2:
            lines.append(f"{line} \\")
            line = f"    {piece}"
        else:
            line = f"{line} {piece}" if line else piece
        while len(line) > width - 2:
            head, line = line[: width - 2], line[width - 2 :]
            quote = _open_quote(head)
            lines.append(f"{head}{quote}\\")
            line = quote + line
    return [*lines, line]


def _open_quote(text: str) -> str:
    """The quote that is still open at the end of a part of a command, or an empty string."""
    within = ""
    for char in text:
        if char in "'\"" and within in ("", char):
            within = "" if within else char
    return within


def _escape(char: str) -> str:
    number = ord(char)
    if number > 0xFFFF:
        return f"\\U{number:08x}"
    return f"\\u{number:04x}" if number > 0xFF else f"\\x{number:02x}"
