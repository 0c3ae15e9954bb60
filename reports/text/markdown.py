"""Text in Markdown, as forges show it: whatever it says, it is text and no markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from zonediff.reports.text.plain import one_line, visible

LIMIT: Final = 65_536
"""Bytes that a comment may have on GitHub; other forges take more."""

_FOR_CUTS: Final = 2_000
"""Bytes of it that are kept for saying what was cut."""

_MARKUP: Final = re.compile(
    r"[\\`*\[\]<|~&$]"  # wherever it stands
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"  # not within a word
    r"|^[-+=>]"  # at the beginning
)
_NUMBERED: Final = re.compile(r"^(\d+)([.)])")

# Forges make links and calls of these by themselves; a comment that nobody sees takes them apart.
_ALIVE: Final = re.compile(r"[@#]|://|www(?=\.)", re.IGNORECASE)


def text(content: str) -> str:
    """On one line, for a paragraph, a list or a cell of a table."""
    plain = _MARKUP.sub(r"\\\g<0>", visible(one_line(content)))
    plain = _NUMBERED.sub(r"\1\\\2", plain)
    return _ALIVE.sub(r"\g<0><!-- -->", plain)


def html(content: str) -> str:
    """On one line, where Markdown is not read: within a line of HTML."""
    apart = _ALIVE.sub("\\g<0>\0", visible(one_line(content)))
    return escape(apart).replace("\0", "<!-- -->")


def code(content: str, cell: bool = False) -> str:
    """On one line, as code; in a cell of a table a bar would end the cell."""
    plain = visible(one_line(content))
    if cell:
        plain = plain.replace("|", "\\|")
    if not plain:
        return ""
    fence = "`" * (_longest_run(plain) + 1)
    room = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{room}{plain}{room}{fence}"


def block(lines: Iterable[str]) -> list[str]:
    """Lines as a block of code."""
    shown = [visible(line) for line in lines]
    fence = "`" * max(3, 1 + max(map(_longest_run, shown), default=0))
    return [fence, *shown, fence]


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A table of cells that are Markdown already."""
    lines = [list(heads), *map(list, rows)]
    return [f"| {' | '.join(line)} |" for line in (lines[0], ["---"] * len(lines[0]), *lines[1:])]


def _longest_run(content: str) -> int:
    return max(map(len, re.findall("`+", content)), default=0)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a comment: a heading in plain text, lines, and items that may be left out whole."""

    heading: str
    lines: Sequence[str] = ()
    items: Sequence[Sequence[str]] = ()


def comment(parts: Iterable[Part], end: Sequence[str]) -> str:
    """The parts in order as far as a forge takes them, how much was cut, and the end.

    A part is shown down to its first item that does not fit.
    """
    room = LIMIT - _FOR_CUTS - _size(end)
    lines: list[str] = []
    cut = []
    for part in parts:
        used = [f"### {part.heading}", "", *part.lines]
        shown = 0
        for item in part.items:
            if _size(used) + _size(item) > room:
                break
            used += item
            shown += 1
        if shown < len(part.items) or _size(used) > room:
            number = f"{len(part.items) - shown} of {len(part.items)}" if part.items else "all"
            cut.append(f"{number} under {part.heading}")
        if (shown or not part.items) and _size(used) <= room:
            lines += [*used, ""]
            room -= _size(used)
    if cut:
        lines += [f"**Cut to fit into a comment:** {'; '.join(cut)}.", ""]
    return "\n".join([*lines, *end]).rstrip("\n") + "\n"


def _size(lines: Iterable[str]) -> int:
    """Bytes, with an empty line after them."""
    return sum(len(line.encode()) + 1 for line in lines) + 1
