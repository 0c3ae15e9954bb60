"""The text of `zonediff list`: names, each with a description beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from zonediff.reports.text.plain import WIDTH, wrap

_WIDEST: Final = 32
"""The most columns that names take; a scenario's id can be longer."""


def listing(entries: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Names in a column of their own, each with its paragraphs beside it."""
    entries = list(entries)
    width = min(_WIDEST, max((len(name) for name, _ in entries), default=0))
    lines = [line for name, about in entries for line in _entry(name, about, width)]
    return "".join(f"{line}\n" for line in lines)


def _entry(name: str, about: Sequence[str], width: int) -> Iterator[str]:
    """A name and its paragraphs, which start a line below where the name is too long."""
    lines = [part for text in about for part in wrap(text, WIDTH - width - 2)]
    if len(name) > width or not lines:
        yield name
        name = ""
    for number, line in enumerate(lines):
        yield f"{name if number == 0 else '':<{width}}  {line}"
