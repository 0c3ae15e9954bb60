"""Our side of the protocol that agent.sh speaks: requests out, whole answers in."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

FIRST: Final = 0
"""The number of the answer that the agent gives without being asked, when it is ready."""

AGAIN: Final = "again"


class Agent:
    """Puts answers together out of the lines of a port on which the kernel may print, too.

    answer: the lines of the answer to the last request. answered: something came that should be
    one; without an answer then, it was damaged on its way.
    """

    def __init__(self) -> None:
        self.answer: Sequence[str] | None = None
        self.answered = False
        self._number = FIRST
        self._lines: list[bytes] = []

    def request(self, verb: str, *arguments: str) -> bytes:
        """The line that asks for something; from now on the answer to it is awaited."""
        if verb != AGAIN:
            self._number += 1
        self.answer, self.answered = None, False
        self._lines.clear()
        words = (str(self._number), verb, *map(escaped, arguments))
        return " ".join(words).encode() + b"\n"

    def take(self, line: bytes) -> None:
        """Note the next line of the port."""
        if not line.endswith(b"end %d" % self._number):
            self._lines.append(line)
            return
        self.answer = self._whole()
        self.answered = True
        self._lines.clear()

    def _whole(self) -> Sequence[str] | None:
        """The lines of the answer if they arrived as they were sent."""
        begin = b"begin %d " % self._number
        for at, line in enumerate(self._lines):
            if line.startswith(begin):
                body = self._lines[at + 1 :]
                digest = hashlib.md5(b"".join(part + b"\n" for part in body)).hexdigest()
                if line.split()[2] == digest.encode():
                    return [part.decode(errors="replace") for part in body]
        return None


def escaped(text: str) -> str:
    r"""Text as a word that the shell's `echo -ne` turns back into it: `\x` for every byte."""
    return "".join(rf"\x{byte:02x}" for byte in text.encode())
