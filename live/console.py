"""The kernel's log, line by line, and whether the kernel has died."""

from __future__ import annotations

import re
from typing import Final

from zonediff.engine.trace import PRINTED, End, Reason
from zonediff.engine.units import MIB

_PANIC: Final = re.compile(r"Kernel panic - not syncing")
_OOPS: Final = re.compile(r"kernel BUG at |\[#[0-9]+\]")
"""BUG(), or an oops of any kind, which has its number in brackets."""

_LAST_LINE: Final = re.compile(r"---\[ end ")

_UNRELATED: Final = re.compile(r"(tsc|clocksource): ")
"""Messages about the calibration of the clock, which goes on for a second after boot."""

FIRST_LINES: Final = 8
LAST_LINES: Final = 32
"""The number of a step's lines that become its reasons; the middle ones are less useful
(registers)."""

_LINES_BEFORE_A_DEATH: Final = 8
"""The number of lines before the one that reports the death, among the last lines."""


LOG_BYTES: Final = 64 * MIB
"""A kernel that prints more does nothing else: it hangs. No more of its log is kept."""


class Console:
    """The kernel's log since power-on.

    death: how the kernel died; None while the log shows no death. complete: the report of the death
    has ended.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.death: End | None = None
        self.complete = False
        self._bytes = 0
        self._taken = 0
        self._fatal: int | None = None

    def take(self, printed: bytes) -> None:
        """Read the next line."""
        self._bytes += len(printed) + 1
        if self._bytes > LOG_BYTES:
            self.death, self.complete = self.death or "hang", True
            return
        line = printed.decode(errors="replace")
        self.lines.append(line)
        if self.death is None:
            if _OOPS.search(line):
                self.death = "BUG"
            elif _PANIC.search(line):
                self.death = "panic"
            if self.death is not None:
                self._fatal = len(self.lines) - 1
        self.complete = self.complete or (
            self.death is not None and _LAST_LINE.search(line) is not None
        )

    def has_news(self, text: str) -> bool:
        """Whether a line since the last reasons() has this text in it."""
        return any(text in line for line in self.lines[self._taken :])

    def reasons(self) -> tuple[Reason, ...]:
        """Return the lines printed since the last call as reasons; the middle of many is left out.

        Kept are the first lines, and the last ones or those around the kernel's death. The line
        that reports the death comes once more, as the last reason.
        """
        start, self._taken = self._taken, len(self.lines)
        new_lines = self.lines[start:]
        end = len(new_lines)
        if self._fatal is not None:
            end = min(end, self._fatal - start + LAST_LINES - _LINES_BEFORE_A_DEATH)
        texts = [
            line.strip() for line in new_lines[:end] if line.strip() and not _UNRELATED.match(line)
        ]
        left_out = len(texts) - FIRST_LINES - LAST_LINES
        if left_out > 0:
            texts[FIRST_LINES:-LAST_LINES] = [f"({left_out} lines left out)"]
        reasons = tuple(Reason(PRINTED, "printk", text) for text in texts)
        if self._fatal is None or self._fatal < start:
            return reasons
        return (
            *reasons,
            Reason("death", "(the kernel died)", new_lines[self._fatal - start].strip()),
        )
