"""Rows of acts that say the same of neighbouring blocks, folded into one.

Onlining a DIMM of 64 blocks is 64 writes; a reader wants to see where they begin to differ. Where
time passes, DIMMs come and udev onlines them in turn: such rounds are folded as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from zonediff.engine.observation import Change, Observation, apply, difference
from zonediff.engine.steps import Write
from zonediff.engine.trace import Act, Reason, Trace
from zonediff.engine.units import format_duration

_NUMBER: Final = re.compile(r"0x[0-9a-f]+|[0-9]+")

_FEWEST_ROUNDS: Final = 3
"""Two rounds of several acts are as quickly read as what would stand for them."""

Column = Sequence[Act | None]
"""The acts of one step in one trace; None where this trace has no act and another has."""


@dataclass(frozen=True, slots=True)
class Done:
    """One act, or some that were folded, with what was observed before and after.

    round: how many acts of those that were folded make a round, which the next ones repeat.
    """

    acts: tuple[Act, ...]
    before: Observation
    after: Observation
    round: int = 1

    @property
    def results(self) -> tuple[str | None, ...]:
        """The results of a round, one where all are equal."""
        found = tuple(act.result for act in self.acts[: self.round])
        return found[:1] if len(set(found)) == 1 else found

    @property
    def result(self) -> str | None:
        """The result that all of them gave; of several different ones the first."""
        return self.acts[0].result

    @property
    def output(self) -> str | None:
        """The text that all of them read."""
        return self.acts[0].output

    @property
    def changed(self) -> Change:
        """What they changed together."""
        if len(self.acts) == 1:
            return self.acts[0].changed
        return difference(self.before, self.after)

    @property
    def killed(self) -> list[str]:
        """The processes that the OOM killer took meanwhile, in order."""
        return [name for act in self.acts for name in act.killed]

    @property
    def when(self) -> str:
        """When it began and whose act it was, where time passes: `at 12500us, udev`.

        Of several, when the last one began as well: `at 2s…94s, acpi, daemon`.
        """
        first, last = self.acts[0], self.acts[-1]
        if first.at is None:
            return ""
        until = "" if last is first or last.at is None else f"…{format_duration(last.at)}"
        who = dict.fromkeys(str(act.by) for act in self.acts[: self.round])
        return f"at {format_duration(first.at)}{until}, {', '.join(who)}"

    @property
    def uevents(self) -> list[str]:
        """The events of all of them, in order."""
        return [event for act in self.acts for event in act.uevents]

    @property
    def reasons(self) -> list[Reason]:
        """The reasons of all of them, in order, each once."""
        found = {(r.rule, r.text): r for act in self.acts for r in act.reasons}
        return list(found.values())

    def __str__(self) -> str:
        """What was done, as a shell user would write it."""
        begun = "; ".join(str(act.do) for act in self.acts[: self.round])
        rounds = len(self.acts) // self.round
        if rounds == 1:
            return begun
        first, last = self.acts[0].do, self.acts[-1].do
        if self.round == 1 and isinstance(first, Write) and isinstance(last, Write):
            return (
                f"{begun} … {last.file}" if last.file != first.file else f"{begun}, {rounds} times"
            )
        ended = "; ".join(str(act.do) for act in self.acts[-self.round :])
        return f"{begun}, {rounds} times" if begun == ended else f"{begun} … {ended}"


def walk(trace: Trace) -> Iterator[tuple[int, int, Done]]:
    """Every act of a trace with what was observed around it: (step, act, done)."""
    seen = trace.boot
    for step, index, act in trace.acts():
        after = apply(seen, act.changed)
        yield step, index, Done((act,), seen, after)
        seen = after


Line = list[Done | None]
"""One act of a step in each column."""


def fold(
    rows: Sequence[Sequence[Done | None]],
    together: Callable[[int, int], bool],
    longest: int = 1,
) -> list[Line]:
    """Fold consecutive rows in which every column repeats itself for the next block.

    rows: for each act its outcome in each column. together(i, j): whether row j may be folded
    as a repetition of row i, as far as the caller is concerned. longest: most acts in a round.
    """
    folded: list[Line] = []
    at = 0
    while at < len(rows):
        size, rounds = _rounds(rows, at, together, longest)
        folded.append(
            [_joined(column, size) for column in zip(*rows[at : at + size * rounds], strict=True)]
        )
        at += size * rounds
    return folded


def _rounds(
    rows: Sequence[Sequence[Done | None]],
    at: int,
    together: Callable[[int, int], bool],
    longest: int,
) -> tuple[int, int]:
    """How many rows from this one on make a round, and how often it is gone through."""
    for size in range(1, longest + 1):
        rounds = 1
        while at + size * (rounds + 1) <= len(rows) and all(
            together(row - size, row) and _repeats(rows, row, size, rounds)
            for row in range(at + size * rounds, at + size * (rounds + 1))
        ):
            rounds += 1
        if rounds >= (2 if size == 1 else _FEWEST_ROUNDS):
            return size, rounds
    return 1, 1


def _repeats(rows: Sequence[Sequence[Done | None]], row: int, size: int, rounds: int) -> bool:
    """Whether every column does in this row to the next block what it did a round earlier."""
    earlier = rows[row - 2 * size] if rounds > 1 else [None] * len(rows[row])
    return all(
        _continues(*column, size)
        for column in zip(earlier, rows[row - size], rows[row], strict=True)
    )


def _continues(earlier: Done | None, old: Done | None, new: Done | None, size: int) -> bool:
    """Whether `new` does to the next block (up or down) what `old` did, and as successfully."""
    if old is None or new is None:
        return old is new
    one, two = old.acts[-1], new.acts[0]
    stride = _stride(one, two, size)
    return (
        stride is not None
        and (earlier is None or _stride(earlier.acts[-1], one, size) == stride)
        and (one.result, one.output, one.by) == (two.result, two.output, two.by)
        and not two.killed
        and [reason.rule for reason in one.reasons] == [reason.rule for reason in two.reasons]
    )


def _stride(one: Act, two: Act, size: int) -> tuple[int, ...] | None:
    """By how much the numbers in one act differ from those in another that is like it.

    None when it is another kind of act, or goes on by more blocks or devices than a round has
    acts. Addresses may differ by anything.
    """
    old, new = str(one.do), str(two.do)
    if type(one.do) is not type(two.do) or _NUMBER.sub("", old) != _NUMBER.sub("", new):
        return None
    numbers = list(zip(_NUMBER.findall(old), _NUMBER.findall(new), strict=True))
    stride = tuple(_number(after) - _number(before) for before, after in numbers)
    if isinstance(one.do, Write) and not any(stride) and one.at is None:
        return None
    far = any(
        abs(by) > 1 and text.isdecimal() for by, (text, _) in zip(stride, numbers, strict=True)
    )
    return None if far else stride


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else int(text, 16)


def _joined(column: Sequence[Done | None], size: int) -> Done | None:
    """One for all of these, which are the acts of several rounds."""
    done = [item for item in column if item is not None]
    if not done:
        return None
    if len(done) == 1:
        return done[0]
    acts = tuple(act for item in done for act in item.acts)
    return Done(acts, done[0].before, done[-1].after, size * len(done) // len(column))
