"""Rows of acts that say the same of neighbouring blocks, folded into one.

Onlining a DIMM of 64 blocks is 64 writes; a reader wants to see where they begin to differ.
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

_BLOCK_FILE: Final = re.compile(r"memory([0-9]{1,9})/(\w+)")

Column = Sequence[Act | None]
"""The acts of one step in one trace; None where this trace has no act and another has."""


@dataclass(frozen=True, slots=True)
class Done:
    """One act, or some that were folded, with what was observed before and after."""

    acts: tuple[Act, ...]
    before: Observation
    after: Observation

    @property
    def result(self) -> str | None:
        """The result that all of them gave."""
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
        """When the first began and whose act it was, where time passes: `at 12500us, udev`."""
        first = self.acts[0]
        return "" if first.at is None else f"at {format_duration(first.at)}, {first.by}"

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
        first, last = self.acts[0].do, self.acts[-1].do
        if len(self.acts) == 1 or not isinstance(first, Write) or not isinstance(last, Write):
            return str(first)
        return f"{first} … {last.file}"


def walk(trace: Trace) -> Iterator[tuple[int, int, Done]]:
    """Every act of a trace with what was observed around it: (step, act, done)."""
    seen = trace.boot
    for step, index, act in trace.acts():
        after = apply(seen, act.changed)
        yield step, index, Done((act,), seen, after)
        seen = after


def fold(
    rows: Sequence[Sequence[Done | None]], together: Callable[[int, int], bool]
) -> list[list[Done | None]]:
    """Fold consecutive rows in which every column repeats itself for the next block.

    rows: for each act its outcome in each column. together(i, j): whether rows i and j = i + 1
    may be folded as far as the caller is concerned.
    """
    folded: list[list[Done | None]] = []
    for index, row in enumerate(rows):
        last = folded[-1] if folded else None
        if (
            last is not None
            and together(index - 1, index)
            and all(_repeats(old, new) for old, new in zip(last, row, strict=True))
        ):
            folded[-1] = [_joined(old, new) for old, new in zip(last, row, strict=True)]
        else:
            folded.append(list(row))
    return folded


def _repeats(old: Done | None, new: Done | None) -> bool:
    """Whether `new` does to the next block (up or down) what `old` did, and as successfully."""
    if old is None or new is None:
        return old is new
    one, two = old.acts[-1], new.acts[0]
    left, right = _target(one), _target(two)
    if left is None or right is None:
        return False
    steps = {right[0] - left[0]}
    if len(old.acts) > 1:
        before = _target(old.acts[-2])
        steps.add(left[0] - before[0] if before else 0)
    return (
        left[1:] == right[1:]
        and steps in ({1}, {-1})
        and (one.result, one.output, one.by) == (two.result, two.output, two.by)
        and not two.killed
        and [reason.rule for reason in one.reasons] == [reason.rule for reason in two.reasons]
    )


def _target(act: Act) -> tuple[int, str, str] | None:
    """The block that an act writes to, its file and the value."""
    if not isinstance(act.do, Write):
        return None
    match = _BLOCK_FILE.fullmatch(act.do.file)
    return None if match is None else (int(match[1]), match[2], act.do.value)


def _joined(old: Done | None, new: Done | None) -> Done | None:
    if old is None or new is None:
        return None
    return Done((*old.acts, *new.acts), old.before, new.after)
