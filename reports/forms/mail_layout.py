"""What the texts for a mailing list are made of: lines of pure ASCII, at most 72 columns wide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from tabulate import MIN_PADDING, tabulate

from zonediff.engine.trace import Reason
from zonediff.reports.page.index import Link
from zonediff.reports.page.reproduce import Part, Where
from zonediff.reports.text.plain import command, to_ascii, wrap
from zonediff.reports.text.scenario_names import families

WIDTH: Final = 72

_GAP: Final = 2
"""Blanks that tabulate puts between columns."""

_PROMPTS: Final[Mapping[Where, str]] = {
    "host": "$ ",
    "monitor": "(qemu) ",
    "guest": "# ",
    "by hand": "",
}


def once(reasons: Iterable[Reason]) -> list[Reason]:
    """The first reason of each rule."""
    first: dict[str, Reason] = {}
    for reason in reasons:
        first.setdefault(reason.rule, reason)
    return list(first.values())


class Notes:
    """Numbered footnotes: the reasons behind what a text says."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def marks(self, reasons: Iterable[Reason]) -> str:
        """`[1][2]`: a mark for each reason; the same rule for the next block says nothing new."""
        texts = [str(reason) for reason in once(reasons)]
        return "".join(
            f"[{self._numbers.setdefault(text, len(self._numbers) + 1)}]" for text in texts
        )

    def lines(self) -> Iterator[str]:
        """The notes themselves."""
        for text, number in self._numbers.items():
            yield from wrap(text, WIDTH, f"[{number}] ")


def ready(lines: Iterable[str]) -> str:
    """The lines as the text of a mail, which they can be by all means."""
    text = "\n".join(lines) + "\n"
    assert text.isascii()
    assert all(len(line) <= WIDTH for line in text.splitlines())
    return text


def heading(text: str) -> list[str]:
    """A heading with its underline, set apart from what is above."""
    return ["", "", text, "-" * len(text), ""]


def bullets(texts: Iterable[str]) -> Iterator[str]:
    """A list."""
    for text in texts:
        yield from wrap(text, WIDTH, "- ")


def listed(links: Sequence[Link]) -> str:
    """The names of links."""
    return ", ".join(link.name for link in links)


def scenarios(names: Iterable[str]) -> str:
    """The names of scenarios, each family in short."""
    return ", ".join(families(names))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table of at most WIDTH columns; while it is wider, its widest column is wrapped."""
    if not rows:
        return
    widths = [
        max(len(to_ascii(head)) + MIN_PADDING, *(len(to_ascii(row[at])) for row in rows))
        for at, head in enumerate(heads)
    ]
    room = WIDTH - _GAP * (len(heads) - 1)
    while sum(widths) > room:
        widths[widths.index(max(widths))] -= 1
    cells = [
        ["\n".join(wrap(text, width)) for text, width in zip(row, widths, strict=True)]
        for row in rows
    ]
    text = tabulate(cells, heads, tablefmt="simple", disable_numparse=True)
    yield from (line.rstrip() for line in text.splitlines())


def _to_the_monitor(text: str) -> Iterator[str]:
    """A line for QEMU's monitor, which knows no continued lines."""
    lines = wrap(text, WIDTH, f"  {_PROMPTS['monitor']}")
    yield from lines
    if len(lines) > 1:
        yield "    => (that is one line)"


def transcript(parts: Iterable[Part]) -> Iterator[str]:
    """What to type, with prompts, and comments on what to expect."""
    for part in parts:
        prompt = _PROMPTS[part.where]
        for line in part.lines:
            if line.comment:
                yield from wrap(line.pieces[0], WIDTH, "    => ")
            elif part.where == "monitor":
                yield from _to_the_monitor("".join(line.pieces))
            else:
                lines = command(line.pieces, WIDTH - 2 - len(prompt))
                for before, text in pairwise(["", *lines]):
                    margin = prompt if not before else " " * len(prompt)
                    whole = not before or before.endswith(" \\")
                    # A word that goes on may not be indented, or it would be two words.
                    yield f"  {margin}{text}" if whole else text
