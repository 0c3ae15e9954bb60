"""Steps of the alphabet: a write to a file of the guest, or QEMU plugs or unplugs a DIMM."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from zonediff.engine.errors import ZonediffError

MEMORY_FOLDER: Final = "/sys/devices/system/memory"

_MOST: Final = 4096
"""Characters of a line of an alphabet, and the lines themselves."""

_BLOCK: Final = re.compile(r"\bmemory\d+\b")
_WRITE: Final = re.compile(r"echo\s+(?P<value>.+?)\s*>\s*(?P<path>/(?:sys|proc)/\S+)")
_PLUG: Final = re.compile(r"(?P<verb>plug|unplug)\s+(?P<dimm>[A-Za-z][\w.-]*)")

Verb = Literal["write", "plug", "unplug"]


class AlphabetError(ZonediffError):
    """A file of steps has a line that is no step; the message names file, line and remedy."""


@dataclass(frozen=True, slots=True, order=True)
class Action:
    """A step. target: the path of a file, or the name of a DIMM. value: the text to write."""

    verb: Verb
    target: str
    value: str = ""

    @property
    def command(self) -> str:
        """The step as a shell command of the guest; `plug` and `unplug` are done by QEMU."""
        if self.verb == "write":
            return f"echo {shlex.quote(self.value)} > {self.target}"
        return f"{self.verb} {self.target}"

    @property
    def kind(self) -> str:
        """The step without the block's number: equal blocks have the same kinds of steps."""
        return _BLOCK.sub("memoryN", self.command)

    @property
    def short(self) -> str:
        """The step for a sentence, with the last two parts of the path."""
        if self.verb == "write":
            return f"{self.value} > {'/'.join(self.target.rsplit('/', 2)[-2:])}"
        return self.command


def rank(action: Action) -> int:
    """Return 1 for a step that mostly does what one of rank 0 does, and can be tried later.

    `online` and `online_kernel` choose a zone among those of boot memory; a block's file `online`
    is an older form of its file `state`; a switch of 0 and 1 takes effect with another step.
    """
    return int(action.value in ("online", "online_kernel", "0", "1"))


def parse_action(text: str) -> Action | None:
    """Return the step that a line describes as `command` writes it; None if it is none."""
    if match := _PLUG.fullmatch(text):
        return Action("plug" if match["verb"] == "plug" else "unplug", match["dimm"])
    if match := _WRITE.fullmatch(text):
        try:
            words = shlex.split(match["value"])
        except ValueError:
            return None
        if ".." not in match["path"].split("/"):
            return Action("write", match["path"], " ".join(words))
    return None


def read_alphabet(path: Path) -> tuple[Action, ...]:
    """Read the steps in a file, one a line; `#` begins a comment. Raises AlphabetError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise AlphabetError(f"{path}: {why}") from None
    actions = tuple(dict.fromkeys(_parsed(path, text)))
    if not actions:
        raise AlphabetError(f"{path}: has no step; write one command a line, as review prints them")
    return actions


def _parsed(path: Path, text: str) -> Iterator[Action]:
    lines = text.splitlines()
    if len(lines) > _MOST:
        raise AlphabetError(f"{path}: has {len(lines)} lines; {_MOST} is the most")
    for number, line in enumerate(lines, start=1):
        command = line.partition("#")[0].strip()
        if not command:
            continue
        action = parse_action(command)
        if action is None or not command.isascii() or not command.isprintable():
            raise AlphabetError(
                f"{path}:{number}: not a step: write `echo VALUE > PATH` with a PATH below /sys or "
                "/proc, `plug DIMM` or `unplug DIMM`"
            )
        if len(command) > _MOST:
            raise AlphabetError(f"{path}:{number}: longer than {_MOST} characters")
        yield action
