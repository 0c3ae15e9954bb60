"""What the kernel prints, line by line, and whether it has died."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from zonediff.engine.trace import End, Reason

_PANIC: Final = re.compile(r"Kernel panic - not syncing")
_OOPS: Final = re.compile(r"kernel BUG at |\[#[0-9]+\]")
"""BUG(), or an oops of any kind: each carries its number."""

_LAST_LINE: Final = re.compile(r"---\[ end ")

LINES_OF_A_STEP: Final = 10
LINES_OF_A_DEATH: Final = 40
"""How many of the last lines are kept as reasons."""


class Console:
    """The kernel's log since it was started.

    death: how the kernel died, None while nothing tells. told: it has printed all about it.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.death: End | None = None
        self.told = False
        self._taken = 0

    def take(self, printed: bytes) -> None:
        """Note the next line."""
        line = printed.decode(errors="replace")
        self.lines.append(line)
        if self.death is None:
            if _OOPS.search(line):
                self.death = "BUG"
            elif _PANIC.search(line):
                self.death = "panic"
        self.told = self.told or (self.death is not None and _LAST_LINE.search(line) is not None)

    def reasons(self) -> tuple[Reason, ...]:
        """The last of the lines printed since the last call, as the reasons of what happened."""
        fresh = [line for line in self.lines[self._taken :] if line.strip()]
        self._taken = len(self.lines)
        number = LINES_OF_A_STEP if self.death is None else LINES_OF_A_DEATH
        return tuple(reasons(fresh[-number:]))


def reasons(lines: list[str]) -> Iterator[Reason]:
    """Lines of the kernel's log as reasons."""
    for line in lines:
        yield Reason("printk", "printk", line)
