"""Text as Markdown for a forge: markup in the text has no effect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from zonediff.reports.text.plain import one_line, visible

LIMIT: Final = 65_536
"""The bytes of a comment on GitHub; other forges allow more."""

_FOR_CUTS: Final = 2_000
"""The bytes kept free for the list of what was cut."""

_MARKUP: Final = re.compile(
    r"[\\`*\[\]<|~&$]"  # anywhere
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"  # not within a word
    r"|^[-+=>]"  # at the beginning
)
_NUMBERED: Final = re.compile(r"^(\d+)([.)])")

# Forges turn these into links and mentions; an invisible comment inside prevents that.
_AUTOLINK: Final = re.compile(r"[@#]|://|www(?=\.)", re.IGNORECASE)


def text(content: str) -> str:
    """Text on one line, for a paragraph, a list or a table cell."""
    plain = _MARKUP.sub(r"\\\g<0>", visible(one_line(content)))
    plain = _NUMBERED.sub(r"\1\\\2", plain)
    return _AUTOLINK.sub(r"\g<0><!-- -->", plain)


def html(content: str) -> str:
    """Text on one line within HTML, where Markdown has no effect."""
    apart = _AUTOLINK.sub("\\g<0>\0", visible(one_line(content)))
    return escape(apart).replace("\0", "<!-- -->")


def code(content: str, cell: bool = False) -> str:
    """Code on one line; cell: in a table cell, where a bar must be escaped."""
    plain = visible(one_line(content))
    if cell:
        plain = plain.replace("|", "\\|")
    if not plain:
        return ""
    fence = "`" * (_longest_run(plain) + 1)
    room = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{room}{plain}{room}{fence}"


def block(lines: Iterable[str]) -> list[str]:
    """A block of code."""
    shown = [visible(line) for line in lines]
    fence = "`" * max(3, 1 + max(map(_longest_run, shown), default=0))
    return [fence, *shown, fence]


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A table; its cells are Markdown already."""
    lines = [list(heads), *map(list, rows)]
    return [f"| {' | '.join(line)} |" for line in (lines[0], ["---"] * len(lines[0]), *lines[1:])]


def _longest_run(content: str) -> int:
    return max(map(len, re.findall("`+", content)), default=0)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a comment: a heading, lines, and items; whole items may be cut."""

    heading: str
    lines: Sequence[str] = ()
    items: Sequence[Sequence[str]] = ()


def comment(parts: Iterable[Part], end: Sequence[str]) -> str:
    """The parts that fit into a comment, a list of what was cut, and the end.

    A part is cut before its first item that does not fit.
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
    """The bytes of the lines with an empty line after them."""
    return sum(len(line.encode()) + 1 for line in lines) + 1
