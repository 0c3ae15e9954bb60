"""Mistakes in a file and their positions, in words for the reader who corrects them."""

from __future__ import annotations

import difflib
import itertools
import os
from collections.abc import Iterable
from typing import NamedTuple

from zonediff.engine.bounds import PROBLEMS, SUGGESTION_CHARACTERS, SUGGESTION_WORDS
from zonediff.engine.errors import ZonediffError

Path = tuple[str | int, ...]
"""The keys that lead to a value from the top of a file: `("steps", 2, "online", "blocks")`."""


_SHOWN = 15  # known words in one message
_LONGEST = 80  # characters of a word in a message


class Mistake(NamedTuple):
    """A mistake at a path of a file, without its position in the text.

    on_key: the key itself is wrong, not the value under it.
    """

    path: Path
    message: str
    on_key: bool = False

    def below(self, *parents: str | int) -> Mistake:
        """The same mistake with a path that begins with these parents."""
        return self._replace(path=(*parents, *self.path))


class Problem(NamedTuple):
    """A mistake with its position; line and column count from 1, and are 0 if there is no text."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class ScenarioError(ZonediffError):
    """A scenario, claim or sweep file has mistakes; the message has a line for each problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__(self.problems)

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems[:PROBLEMS]]
        more = len(self.problems) - PROBLEMS
        return "\n".join([*lines, f"... and {more} more"] if more > 0 else lines)


def as_text(name: str) -> str:
    """Return the name of a file as text: bytes that are not UTF-8 become escapes."""
    return os.fsencode(name).decode(errors="backslashreplace")


def format_path(path: Path) -> str:
    """Write a path as `steps[2].online.blocks`; items of a list count from 0."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text.replace("\n", "\\n")


def unknown(kind: str, word: str, known: Iterable[str]) -> str:
    """Return a message about an unknown word, with the closest known word and the list of all."""
    names = [*dict.fromkeys(known)]
    close = closest(word, names)
    meant = f", did you mean {close!r}?" if close else ""
    known_words = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    return f"unknown {kind} {shortened(word)}{meant} (known: {known_words or 'none'})"


def shortened(word: str) -> str:
    """Return a word in quotes, cut where it is long."""
    return repr(word) if len(word) <= _LONGEST else f"{word[:_LONGEST]!r}..."


def closest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the known word that is most similar to this one; None if none is similar."""
    if len(word) > SUGGESTION_CHARACTERS:
        return None
    words = [
        *itertools.islice((w for w in known if len(w) <= SUGGESTION_CHARACTERS), SUGGESTION_WORDS)
    ]
    matches = difflib.get_close_matches(word, words, n=1, cutoff=likeness)
    return matches[0] if matches else None
