"""The layout of texts for a mailing list: ASCII lines of at most 72 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from tabulate import MIN_PADDING, tabulate

from zonediff.engine.trace import Reason
from zonediff.reports.page.index import Link
from zonediff.reports.page.reproduce import Part, Where
from zonediff.reports.text.plain import COLUMN_GAP, command, to_ascii, wrap
from zonediff.reports.text.scenario_names import families

WIDTH: Final = 72

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
    """Numbered footnotes with reasons."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def marks(self, reasons: Iterable[Reason]) -> str:
        """A mark for each reason, as `[1][2]`; each rule has one mark, also for several blocks."""
        texts = [str(reason) for reason in once(reasons)]
        return "".join(
            f"[{self._numbers.setdefault(text, len(self._numbers) + 1)}]" for text in texts
        )

    def lines(self) -> Iterator[str]:
        """The footnotes."""
        for text, number in self._numbers.items():
            yield from wrap(text, WIDTH, f"[{number}] ")


def ready(lines: Iterable[str]) -> str:
    """The lines as the text of a mail; they must be ASCII and at most WIDTH columns wide."""
    text = "\n".join(lines) + "\n"
    assert text.isascii()
    assert all(len(line) <= WIDTH for line in text.splitlines())
    return text


def heading(text: str) -> list[str]:
    """A heading: two empty lines, the text, its underline, an empty line."""
    return ["", "", text, "-" * len(text), ""]


def bullets(texts: Iterable[str]) -> Iterator[str]:
    """A list with a bullet for each text."""
    for text in texts:
        yield from wrap(text, WIDTH, "- ")


def listed(links: Sequence[Link]) -> str:
    """The names of links, joined by commas."""
    return ", ".join(link.name for link in links)


def scenarios(names: Iterable[str]) -> str:
    """The names of scenarios, joined by commas, families in short form."""
    return ", ".join(families(names))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table of at most WIDTH columns; the widest columns are wrapped until it fits."""
    if not rows:
        return
    widths = [
        max(len(to_ascii(head)) + MIN_PADDING, *(len(to_ascii(row[column])) for row in rows))
        for column, head in enumerate(heads)
    ]
    room = WIDTH - COLUMN_GAP * (len(heads) - 1)
    while sum(widths) > room:
        widths[widths.index(max(widths))] -= 1
    cells = [
        ["\n".join(wrap(text, width)) for text, width in zip(row, widths, strict=True)]
        for row in rows
    ]
    text = tabulate(cells, heads, tablefmt="simple", disable_numparse=True)
    yield from (line.rstrip() for line in text.splitlines())


def _monitor_command(text: str) -> Iterator[str]:
    """A command for QEMU's monitor, which does not accept continued lines."""
    lines = wrap(text, WIDTH, f"  {_PROMPTS['monitor']}")
    yield from lines
    if len(lines) > 1:
        yield "    => (this is one line)"


def transcript(parts: Iterable[Part]) -> Iterator[str]:
    """Commands with prompts, and the expected results after `=>`."""
    for part in parts:
        prompt = _PROMPTS[part.where]
        for line in part.lines:
            if line.note:
                by_hand = "by hand: " if part.where == "by hand" else ""
                yield from wrap(f"({by_hand}{line.pieces[0]})", WIDTH, "  ", "   ")
            elif line.comment:
                yield from wrap(line.pieces[0], WIDTH, "    => ")
            elif part.where == "monitor":
                yield from _monitor_command("".join(line.pieces))
            else:
                lines = command(line.pieces, WIDTH - 2 - len(prompt))
                for previous, text in pairwise(["", *lines]):
                    margin = prompt if not previous else " " * len(prompt)
                    new_word = not previous or previous.endswith(" \\")
                    # Within a word, indentation would split the word into two.
                    yield f"  {margin}{text}" if new_word else text
