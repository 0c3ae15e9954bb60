"""Folding: acts that repeat for the next block become one row.

Onlining a DIMM of 64 blocks takes 64 writes, and a reader wants to see where they begin to differ.
Where time passes, DIMMs arrive and udev onlines them in turn; such rounds of acts are folded too.
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
"""The fewest rounds of several acts that are folded; two are as quick to read as one row."""

Column = Sequence[Act | None]
"""The acts of one step in one trace; None where only other traces have an act."""


@dataclass(frozen=True, slots=True)
class ActGroup:
    """One act or several folded ones, with the observations before and after.

    round: the number of acts in a round; the other acts repeat the first round.
    """

    acts: tuple[Act, ...]
    before: Observation
    after: Observation
    round: int = 1

    @property
    def results(self) -> tuple[str | None, ...]:
        """The results of a round; just one if all are equal."""
        results = tuple(act.result for act in self.acts[: self.round])
        return results[:1] if len(set(results)) == 1 else results

    @property
    def result(self) -> str | None:
        """The result of the first act."""
        return self.acts[0].result

    @property
    def output(self) -> str | None:
        """The text that the acts read."""
        return self.acts[0].output

    @property
    def changed(self) -> Change:
        """The change from before the first act to after the last."""
        if len(self.acts) == 1:
            return self.acts[0].changed
        return difference(self.before, self.after)

    @property
    def killed(self) -> list[str]:
        """The processes that the OOM killer killed during these acts, in order."""
        return [name for act in self.acts for name in act.killed]

    @property
    def when(self) -> str:
        """The start and the actor, in a step in which time passes: `at 12500us, udev`.

        Several acts have the start of the last one too: `at 2s…94s, acpi, daemon`.
        """
        first, last = self.acts[0], self.acts[-1]
        if first.at is None:
            return ""
        until = "" if last is first or last.at is None else f"…{format_duration(last.at)}"
        who = dict.fromkeys(str(act.by) for act in self.acts[: self.round])
        return f"at {format_duration(first.at)}{until}, {', '.join(who)}"

    @property
    def uevents(self) -> list[str]:
        """The events of all acts, in order."""
        return [event for act in self.acts for event in act.uevents]

    @property
    def reasons(self) -> list[Reason]:
        """The reasons of all acts, in order, each once."""
        reasons = {(r.rule, r.text): r for act in self.acts for r in act.reasons}
        return list(reasons.values())

    def __str__(self) -> str:
        """The acts as a shell user would write them."""
        opening = "; ".join(str(act.do) for act in self.acts[: self.round])
        rounds = len(self.acts) // self.round
        if rounds == 1:
            return opening
        first, last = self.acts[0].do, self.acts[-1].do
        if self.round == 1 and isinstance(first, Write) and isinstance(last, Write):
            if last.file != first.file:
                return f"{opening} … {last.file}"
            return f"{opening}, {rounds} times"
        closing = "; ".join(str(act.do) for act in self.acts[-self.round :])
        return f"{opening}, {rounds} times" if opening == closing else f"{opening} … {closing}"


def walk(trace: Trace) -> Iterator[tuple[int, int, ActGroup]]:
    """Every act of a trace with the observations around it: (step, number of the act, act)."""
    before = trace.boot
    for step, number, act in trace.acts():
        after = apply(before, act.changed)
        yield step, number, ActGroup((act,), before, after)
        before = after


Line = list[ActGroup | None]
"""A row: one act of a step for each column."""


def fold(
    rows: Sequence[Sequence[ActGroup | None]],
    together: Callable[[int, int], bool],
    longest: int = 1,
) -> list[Line]:
    """Fold consecutive rows in which every column repeats its acts for the next block.

    together(i, j): whether the caller allows row j to be folded as a repetition of row i.
    longest: the most acts in a round.
    """
    folded: list[Line] = []
    start = 0
    while start < len(rows):
        size, rounds = _rounds(rows, start, together, longest)
        stop = start + size * rounds
        folded.append([_folded(column, size) for column in zip(*rows[start:stop], strict=True)])
        start = stop
    return folded


def _rounds(
    rows: Sequence[Sequence[ActGroup | None]],
    start: int,
    together: Callable[[int, int], bool],
    longest: int,
) -> tuple[int, int]:
    """The number of rows in the round that starts here, and the number of rounds."""
    for size in range(1, longest + 1):
        rounds = 1
        while start + size * (rounds + 1) <= len(rows) and all(
            together(row - size, row) and _repeats(rows, row, size, rounds)
            for row in range(start + size * rounds, start + size * (rounds + 1))
        ):
            rounds += 1
        if rounds >= (2 if size == 1 else _FEWEST_ROUNDS):
            return size, rounds
    return 1, 1


def _repeats(rows: Sequence[Sequence[ActGroup | None]], row: int, size: int, rounds: int) -> bool:
    """Whether every column repeats in this row, for the next block, its act of a round earlier."""
    earlier = rows[row - 2 * size] if rounds > 1 else [None] * len(rows[row])
    return all(
        _continues(*column) for column in zip(earlier, rows[row - size], rows[row], strict=True)
    )


def _continues(earlier: ActGroup | None, old: ActGroup | None, new: ActGroup | None) -> bool:
    """Whether `new` repeats `old` for the next block (up or down), with the same result."""
    if old is None or new is None:
        return old is new
    first, second = old.acts[-1], new.acts[0]
    stride = _stride(first, second)
    return (
        stride is not None
        and (earlier is None or _stride(earlier.acts[-1], first) == stride)
        and (first.result, first.output, first.by) == (second.result, second.output, second.by)
        and not second.killed
        and [reason.rule for reason in first.reasons] == [reason.rule for reason in second.reasons]
    )


def _stride(first: Act, second: Act) -> tuple[int, ...] | None:
    """The differences between the numbers of two acts of one kind.

    None for two kinds of act, and for block or device numbers that differ by more than one.
    Addresses may differ by anything.
    """
    old, new = str(first.do), str(second.do)
    if type(first.do) is not type(second.do) or _NUMBER.sub("", old) != _NUMBER.sub("", new):
        return None
    numbers = list(zip(_NUMBER.findall(old), _NUMBER.findall(new), strict=True))
    stride = tuple(_number(after) - _number(before) for before, after in numbers)
    if isinstance(first.do, Write) and not any(stride) and first.at is None:
        return None
    far = any(
        abs(step) > 1 and text.isdecimal() for step, (text, _) in zip(stride, numbers, strict=True)
    )
    return None if far else stride


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else int(text, 16)


def _folded(column: Sequence[ActGroup | None], size: int) -> ActGroup | None:
    """One group for the acts of all these rounds; size: the number of rows in a round."""
    groups = [item for item in column if item is not None]
    if not groups:
        return None
    if len(groups) == 1:
        return groups[0]
    acts = tuple(act for item in groups for act in item.acts)
    return ActGroup(acts, groups[0].before, groups[-1].after, size * len(groups) // len(column))
