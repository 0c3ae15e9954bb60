"""What a page says again and again, kept once: pictures, and the lists behind a click.

A page of a thousand scenarios shows some thousand pictures tens of thousands of times, and names
the same rule as often. Whoever lays out the page asks for an id, and refers to that; what the ids
stand for is laid out once, at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from zonediff.engine.trace import Reason
from zonediff.reports.page.memory_strips import Strip
from zonediff.reports.page.reproduce import Line
from zonediff.reports.page.step_table import LONGEST_ROUND

_FEW: Final = 1
"""Lines alike that are as quickly read as what would stand for them."""


@dataclass(frozen=True, slots=True)
class Note:
    """What opens at a click: lines of text, each with the rule it comes from; or commands."""

    heading: str
    lines: tuple[tuple[str, str], ...] = ()
    commands: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Chip:
    """A kernel function to click on, and the id of the note that says what it decided."""

    id: str
    function: str


class Said:
    """Pictures and notes by id. No anchor of a result has `:` or `~` in it, so none can clash."""

    def __init__(self) -> None:
        self.strips: dict[Strip, str] = {}
        self.notes: dict[Note, str] = {}

    def strip(self, picture: Strip) -> str:
        """The id of a picture."""
        return self.strips.setdefault(picture, f":{len(self.strips)}")

    def lines(self, changes: Iterable[str], uevents: Sequence[str]) -> str:
        """The id of a note that says what changed, and which events user space got."""
        events = list(_brief([(event, "") for event in uevents]))
        told = [("uevents:", ""), *events] if events else []
        return self._note(Note("", (*((line, "") for line in changes), *told)))

    def commands(self, heading: str, lines: tuple[Line, ...]) -> str:
        """The id of a note with commands to copy."""
        return self._note(Note(heading, commands=lines))

    def reasons(self, reasons: Sequence[Reason]) -> list[Chip]:
        """One for each kernel function, in the order in which they first decided."""
        by_function: dict[str, list[tuple[str, str]]] = {}
        for reason in reasons:
            by_function.setdefault(reason.function, []).append((reason.text, _rule(reason)))
        return [
            Chip(self._note(Note(function, tuple(_brief(lines)))), function)
            for function, lines in by_function.items()
        ]

    def _note(self, note: Note) -> str:
        return self.notes.setdefault(note, f"~{len(self.notes)}")


_NUMBER: Final = re.compile(r"[0-9]+")


def _brief(lines: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The lines; of many in a row that differ in numbers only, or go round so, the ends."""
    keys = [_NUMBER.sub("", "".join(line)) for line in lines]
    at = 0
    while at < len(lines):
        for size in range(1, LONGEST_ROUND + 1):
            stop = at + size
            while keys[stop : stop + size] == keys[at : at + size]:
                stop += size
            if stop - at > 2 * size + _FEW:
                yield from lines[at : at + size]
                yield f"… {stop - at - 2 * size} more like this, then at last", ""
                yield from lines[stop - size : stop]
                at = stop
                break
        else:
            yield lines[at]
            at += 1


def _rule(reason: Reason) -> str:
    return "" if reason.rule == reason.function else reason.rule
