"""Content that many places of the page share: pictures of memory, and notes that open at a click.

A page of a thousand scenarios shows about a thousand different pictures tens of thousands of times,
and names the same rules as often. Templates ask for the id of a picture or a note and refer to it;
the end of the page has each of them once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from zonediff.engine.trace import Reason
from zonediff.reports.page.memory_strips import Strip
from zonediff.reports.page.reproduce import Line
from zonediff.reports.page.step_table import LONGEST_ROUND
from zonediff.reports.text.plain import visible

_LEAST_OMITTED: Final = 2
"""The fewest similar lines that one line replaces."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note: lines of text, each with the id of its rule, or commands."""

    heading: str
    lines: tuple[tuple[str, str], ...] = ()
    commands: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Chip:
    """A kernel function, and the id of the note with its decisions."""

    id: str
    function: str


_CONTRADICTION: Final = re.compile(r"\b(online=[01])\b")
"""The mark of words.block() for a block whose files `online` and `state` contradict each other."""

ONLINE: Final = Note(
    "online",
    (
        (
            "The files online and state of this block contradict each other. The file online shows "
            "dev->offline of the driver core. Before v4.11 the kernel did not clear it when it "
            "onlined a block by itself.",
            "",
        ),
    ),
)
"""The meaning of `online=0` beside a block."""


class SharedContent:
    """Pictures and notes by id. Ids contain `:` or `~`, which no anchor of a result does."""

    def __init__(self) -> None:
        self.strips: dict[Strip, str] = {}
        self.notes: dict[Note, str] = {}

    def strip(self, picture: Strip) -> str:
        """The id of a picture."""
        return self.strips.setdefault(picture, f":{len(self.strips)}")

    def lines(self, changes: Iterable[str], uevents: Sequence[str]) -> str:
        """The id of a note with changes and with the events that user space got."""
        events = list(_shortened([(event, "") for event in uevents]))
        sent = [("uevents:", ""), *events] if events else []
        return self._note(Note("", (*((line, "") for line in changes), *sent)))

    def commands(self, heading: str, lines: tuple[Line, ...]) -> str:
        """The id of a note with commands to copy."""
        return self._note(Note(heading, commands=lines))

    def reasons(self, reasons: Sequence[Reason]) -> list[Chip]:
        """A chip for each kernel function, in the order in which they first decided."""
        by_function: dict[str, list[tuple[str, str]]] = {}
        for reason in reasons:
            by_function.setdefault(reason.function, []).append((reason.text, _rule(reason)))
        return [
            Chip(self._note(Note(function, tuple(_shortened(lines)))), function)
            for function, lines in by_function.items()
        ]

    def explained(self, text: str) -> Markup:
        """Text with a link from each `online=0` to a note on its meaning."""
        pieces = _CONTRADICTION.split(visible(text))
        return Markup("").join(
            Markup("<a href=#{}>{}</a>").format(self._note(ONLINE), piece)
            if number % 2
            else Markup.escape(piece)
            for number, piece in enumerate(pieces)
        )

    def all_notes(self) -> list[tuple[Note, str]]:
        """Every note with its id; call it when nothing else of the page is left."""
        if any(_CONTRADICTION.search(text) for text in self._texts()):
            self._note(ONLINE)
        return list(self.notes.items())

    def _texts(self) -> Iterator[str]:
        for note in self.notes:
            yield from (text for text, _ in note.lines)
            yield from (line.pieces[0] for line in note.commands if line.comment)

    def _note(self, note: Note) -> str:
        return self.notes.setdefault(note, f"~{len(self.notes)}")


_NUMBER: Final = re.compile(r"[0-9]+")


def _shortened(lines: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The lines; of many similar lines or rounds of lines in a row only the first and the last.

    Similar lines differ only in numbers.
    """
    keys = [_NUMBER.sub("", "".join(line)) for line in lines]
    start = 0
    while start < len(lines):
        for size in range(1, LONGEST_ROUND + 1):
            stop = start + size
            while keys[stop : stop + size] == keys[start : start + size]:
                stop += size
            if stop - start >= 2 * size + _LEAST_OMITTED:
                yield from lines[start : start + size]
                yield f"… {stop - start - 2 * size} similar lines, then", ""
                yield from lines[stop - size : stop]
                start = stop
                break
        else:
            yield lines[start]
            start += 1


def _rule(reason: Reason) -> str:
    return "" if reason.rule == reason.function else reason.rule
