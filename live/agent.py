"""Our side of the protocol that agent.c and agent.sh speak: requests out, whole answers in."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from zonediff.engine.units import MIB
from zonediff.variants.registry import VariantError

FIRST: Final = 0
"""The number of the answer that the agent sends without a request, when it is ready."""

AGAIN: Final = "again"
"""The verb that asks for the last answer once more."""

_DIGITS: Final = 32
"""Of a checksum."""


ANSWER_BYTES: Final = 64 * MIB
"""No answer is longer, whatever memory the guest has."""


class AgentFailed(VariantError):
    """The agent in the guest cannot be understood; says nothing about the kernel."""


class Agent:
    """Assembles answers from the lines of a port on which the kernel may print, too.

    answer: the lines of the answer to the last request. answered: something came that should be
    one; without an answer then, it was damaged on its way, or its checksum could not be made.
    """

    def __init__(self) -> None:
        self.answer: Sequence[str] | None = None
        self.answered = False
        self._number = FIRST
        self._lines: list[bytes] = []
        self._bytes = 0

    def request(self, verb: str, *arguments: str) -> bytes:
        """Return the line that requests something, and expect its answer from now on."""
        if verb != AGAIN:
            self._number += 1
        self.answer, self.answered = None, False
        self._lines.clear()
        self._bytes = 0
        words = (str(self._number), verb, *map(escaped, arguments))
        return " ".join(words).encode() + b"\n"

    def take(self, line: bytes) -> None:
        """Read the next line of the port. Raises AgentFailed for an answer without end."""
        self._bytes += len(line) + 1
        if self._bytes > ANSWER_BYTES:
            most = ANSWER_BYTES // MIB
            raise AgentFailed(f"an answer of the guest's agent has more than {most} MiB")
        if not line.endswith(b"end %d" % self._number):
            self._lines.append(line)
            return
        self.answer = self._checked_answer()
        self.answered = True
        self._lines.clear()

    def _checked_answer(self) -> Sequence[str] | None:
        """Return the lines of the answer; None when their checksum is wrong."""
        begin = b"begin %d " % self._number
        for index, line in enumerate(self._lines):
            if line.startswith(begin):
                body = self._lines[index + 1 :]
                text = b"".join(part + b"\n" for part in body)
                digest = hashlib.md5(text, usedforsecurity=False).hexdigest()
                if line.removeprefix(begin)[:_DIGITS] == digest.encode():
                    return [part.decode(errors="replace") for part in body]
        return None


def escaped(text: str) -> str:
    r"""Return text as a word that the shell's `echo -ne` decodes: `\xHH` for every byte."""
    return "".join(rf"\x{byte:02x}" for byte in text.encode())
