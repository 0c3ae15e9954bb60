"""What is wrong with a scenario, and where: for people who have to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NamedTuple

from zonediff.engine.errors import ZonediffError

Path = tuple[str | int, ...]
"""The way to a value from the top of a file: `("steps", 2, "online", "blocks")`."""


_SHOWN = 15  # known words in one message


class Mistake(NamedTuple):
    """Something wrong at a path of a file whose place in the text is not looked up yet.

    on_key: it is the key itself that is wrong, rather than the value under it.
    """

    path: Path
    message: str
    on_key: bool = False

    def below(self, *parents: str | int) -> Mistake:
        """The same mistake, seen from further up."""
        return self._replace(path=(*parents, *self.path))


class Problem(NamedTuple):
    """A mistake with its position; line and column count from 1, and are 0 without a text."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class ScenarioError(ZonediffError):
    """Scenarios that cannot be used: everything wrong with them, one problem a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


def format_path(path: Path) -> str:
    """Write a path as `steps[2].online.blocks`; items of a list count from 0."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def unknown(what: str, word: str, known: Iterable[str]) -> str:
    """Say that there is no such thing, what was probably meant, and what there is."""
    names = [*dict.fromkeys(known)]
    close = closest(word, names)
    meant = f", did you mean {close!r}?" if close else ""
    some = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    return f"unknown {what} {word!r}{meant} (known: {some or 'none'})"


def closest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known word that looks most like this one, None when none is like it."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=likeness)
    return found[0] if found else None
