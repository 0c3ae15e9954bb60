"""Gives inputs of a kind to the commands that read them, and notes what must not happen."""

from __future__ import annotations

import re
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic
from types import FrameType
from typing import Final

from tests.fuzz.kinds import Kind, call
from tests.fuzz.readers import READERS

LONGEST: Final = 20
"""Seconds in which an input has its answer, for each mebibyte or part of one."""

_MIB: Final = 1 << 20

_LAST_FRAME: Final = re.compile(r'File "[^"]*?([^/"]+/[^/"]+)", line (\d+), in .*')
_ERROR: Final = re.compile(r"^([A-Za-z_.]+(?:Error|Exception|Exit|Interrupt)\w*)", re.MULTILINE)


class TooSlow(BaseException):
    """There was no answer in time."""


@dataclass(slots=True)
class Tally:
    """What became of the inputs of a kind.

    codes: how often each exit code came. failures: by what failed, in words, the inputs' numbers.
    slowest: seconds, and the number of the input.
    """

    inputs: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    failures: dict[str, list[int]] = field(default_factory=dict)
    slowest: tuple[float, int] = (0.0, 0)

    def __str__(self) -> str:
        codes = ", ".join(
            f"{count} with exit code {code}" for code, count in sorted(self.codes.items())
        )
        seconds, number = self.slowest
        lines = [f"{self.inputs} inputs: {codes}; slowest {seconds:.1f} s (input {number})"]
        lines += [
            f"  {len(numbers)} x {what} (inputs {', '.join(map(str, numbers[:5]))})"
            for what, numbers in sorted(self.failures.items())
        ]
        return "\n".join(lines)


def fuzz(
    kind: Kind, count: int, seed: int, folder: Path, *, first: int = 0, keep: Path | None = None
) -> Tally:
    """Try `count` inputs, each made from the seed and its number alone, from number `first` on.

    folder: where the inputs are written. keep: a folder that inputs which fail are copied to.
    """
    tally = Tally()
    file = folder / kind.file
    for number in range(first, first + count):
        random = Random(f"{kind.name} {seed} {number}")
        content = kind.make(random)
        started = monotonic()
        for command in kind.commands(file, random):
            file.write_bytes(content)
            code, failure = _try(kind, command, LONGEST * (1 + len(content) // _MIB))
            tally.codes[code] += 1
            if failure:
                tally.failures.setdefault(failure, []).append(number)
                if keep is not None:
                    (keep / f"{kind.name}-{seed}-{number}{file.suffix}").write_bytes(content)
        tally.inputs += 1
        tally.slowest = max(tally.slowest, (monotonic() - started, number))
    return tally


def _try(kind: Kind, command: tuple[str, ...], longest: int) -> tuple[int, str]:
    """Run a command; return its exit code, and what is wrong with the answer (empty: nothing).

    longest: seconds within which it has to answer.
    """
    try:
        with _alarm(longest):
            reader = READERS.get(command[0])
            code, output = call(*command) if reader is None else reader(*command[1:])
    except TooSlow:
        return -1, f"no answer within {longest} s"
    except BaseException as error:
        return -1, f"{type(error).__name__} escaped: {error}"[:200]
    if "Traceback (most recent call last)" in output:
        frames, errors = _LAST_FRAME.findall(output), _ERROR.findall(output)
        where = ":".join(frames[-1]) if frames else "?"
        return code, f"traceback: {errors[-1] if errors else '?'} at {where}"
    if code not in kind.codes:
        return code, f"exit code {code}: {output.strip()[-200:]}"
    if code == 2 and not output.strip():
        return code, "exit code 2 without a message"
    return code, ""


@contextmanager
def _alarm(longest: int) -> Iterator[None]:
    """Raise TooSlow when what is inside takes too long."""

    def ring(_: int, frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(longest)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
