"""What the kernel prints, line by line, and whether it has died."""

from __future__ import annotations

import re
from typing import Final

from zonediff.engine.trace import End, Reason

_PANIC: Final = re.compile(r"Kernel panic - not syncing")
_OOPS: Final = re.compile(r"kernel BUG at |\[#[0-9]+\]")
"""BUG(), or an oops of any kind: each carries its number."""

_LAST_LINE: Final = re.compile(r"---\[ end ")

_UNRELATED: Final = re.compile(r"(tsc|clocksource): ")
"""The clock is still being calibrated a second after boot."""

FIRST_LINES: Final = 8
LAST_LINES: Final = 32
"""How many of the lines printed in a step are its reasons; dumps of registers say little."""

_LINES_BEFORE_A_DEATH: Final = 8
"""Of the last lines, so many lead up to the one that says how the kernel died."""


class Console:
    """The kernel's log since it was started.

    death: how the kernel died, None while nothing tells. told: it has printed all about it.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.death: End | None = None
        self.told = False
        self._taken = 0
        self._fatal: int | None = None

    def take(self, printed: bytes) -> None:
        """Note the next line."""
        line = printed.decode(errors="replace")
        self.lines.append(line)
        if self.death is None:
            if _OOPS.search(line):
                self.death = "BUG"
            elif _PANIC.search(line):
                self.death = "panic"
            if self.death is not None:
                self._fatal = len(self.lines) - 1
        self.told = self.told or (self.death is not None and _LAST_LINE.search(line) is not None)

    def reasons(self) -> tuple[Reason, ...]:
        """What was printed since the last call, as reasons of what happened: the lines that count.

        These are the first, and the last or those around the kernel's death.
        """
        start, self._taken = self._taken, len(self.lines)
        fresh = self.lines[start:]
        end = len(fresh)
        if self._fatal is not None:
            end = min(end, self._fatal - start + LAST_LINES - _LINES_BEFORE_A_DEATH)
        texts = [
            line.strip() for line in fresh[:end] if line.strip() and not _UNRELATED.match(line)
        ]
        left_out = len(texts) - FIRST_LINES - LAST_LINES
        if left_out > 0:
            texts[FIRST_LINES:-LAST_LINES] = [f"({left_out} lines left out)"]
        return tuple(Reason("printk", "printk", text) for text in texts)
