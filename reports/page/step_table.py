"""The table of a scenario: a row for each act, a cell for what it did in each column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest
from typing import Final, Generic, Literal, TypeVar

from zonediff.engine import words
from zonediff.engine.observation import Observation, difference
from zonediff.engine.steps import Boot
from zonediff.engine.trace import Act, Reason, Trace
from zonediff.reports.page.fold import Done, fold, walk
from zonediff.reports.page.memory_strips import Scale, Strip
from zonediff.result.partings import partings

Mark = Literal["baseline", "same", "first", "later", "absent"]
"""What a cell is to the baseline's: itself, equal, where they part, after that; or no act."""

NOTES: Final[dict[Mark, str]] = {
    "baseline": "",
    "same": "as baseline",
    "first": "first difference",
    "later": "differs too",
    "absent": "",
}

LONGEST_ROUND: Final = 4
"""Most acts that go round and are folded: `plug`, and what udev or a daemon does about it."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spread(Generic[T]):
    """A cell that stands for itself and some equal neighbours: columns from `first` on."""

    cell: T
    first: int
    columns: int


def spread(cells: Sequence[T]) -> tuple[Spread[T], ...]:
    """The cells, equal neighbours as one."""
    found = []
    at = 0
    for cell, group in groupby(cells):
        columns = len(list(group))
        found.append(Spread(cell, at, columns))
        at += columns
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one act, or some folded ones, did in one column.

    do: where it is not what the row says. when: in a step in which time passes. changes, uevents:
    in words, where they differ from the baseline's. reasons: those that the baseline's cell has
    not. strip: the memory afterwards, where it changed and is not as in the baseline's cell.
    """

    mark: Mark
    result: str
    ok: bool = False
    do: str | None = None
    when: str = ""
    output: str | None = None
    changes: tuple[str, ...] = ()
    uevents: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    strip: Strip | None = None

    @property
    def note(self) -> str:
        """The mark in words."""
        return NOTES[self.mark]


@dataclass(frozen=True, slots=True)
class Row:
    """An act across the columns; without cells, the heading of a composite step's acts.

    same: all columns say what the first says, so it is enough to show that one.
    """

    label: str
    do: str
    cells: tuple[Cell, ...] = ()

    @property
    def same(self) -> bool:
        """Whether the first cell says it all: the others are as the baseline, memory included."""
        cells = self.cells
        return all(
            cell.mark in ("baseline", "same") and cell.do is None and not (cell.strip and at)
            for at, cell in enumerate(cells)
        ) and (len(cells) == 1 or (len(cells) > 1 and cells[-1].mark == "same"))

    @property
    def shown(self) -> tuple[Spread[Cell], ...]:
        """The cells that are worth showing."""
        return (Spread(self.cells[0], 0, len(self.cells)),) if self.same else spread(self.cells)


class Table:
    """All rows of a scenario.

    traces: one for each column, None where there is none. baseline: whether the first column is
    the baseline's.
    """

    def __init__(self, traces: Sequence[Trace | None], baseline: bool) -> None:
        self.traces = traces
        self.scale = Scale(seen for trace in traces for seen in _seen(trace))
        self.reference = traces[0] if traces and baseline else None
        self.parted: list[list[tuple[int, int]]] = [
            [at[:2] for at in partings(self.reference, trace)] if self.reference and trace else []
            for trace in traces
        ]

    def rows(self) -> tuple[Row, ...]:
        """The boot, then each step, then what is left in the end."""
        if not any(self.traces):
            return ()
        walked = [list(walk(trace)) if trace else [] for trace in self.traces]
        rows = [self._boot()]
        for number in range(max(len(trace.steps) for trace in self.traces if trace)):
            acts = [[done for step, _, done in column if step == number] for column in walked]
            rows.extend(self._step(number, acts))
        return (*rows, self._end(walked))

    def _boot(self) -> Row:
        line = [_booted(trace) if trace else None for trace in self.traces]
        cells = []
        for column, (trace, done) in enumerate(zip(self.traces, line, strict=True)):
            if trace is None or done is None:
                cells.append(Cell("absent", "no trace"))
                continue
            mark = self._mark(column, -1, 0, done)
            died = not trace.steps and trace.end != "ran"
            cells.append(
                Cell(
                    mark=mark,
                    ok=not died,
                    result=words.explain(trace.end) if died else "booted",
                    changes=() if mark == "same" else tuple(words.state(trace.boot)),
                    reasons=self._reasons(column, line),
                    strip=self._strip(column, mark, line),
                )
            )
        return Row("boot", "the machine boots", tuple(cells))

    def _end(self, walked: Sequence[Sequence[tuple[int, int, Done]]]) -> Row:
        """What is observed after the last act of each column."""
        cells: list[Cell] = []
        first: Observation | None = None
        for column, trace in enumerate(self.traces):
            if trace is None:
                cells.append(Cell("absent", "no trace"))
                continue
            last = walked[column][-1][-1].after if walked[column] else trace.boot
            state = words.state(last)
            if not column and self.reference:
                mark: Mark = "baseline"
                first = last
            else:
                mark = "same" if first and words.state(first) == state else "later"
            same = mark == "same"
            changes = tuple(_since(trace.boot, last))
            strip = self.scale.strip(last)
            nothing = "" if strip or changes else "as after boot"
            cells.append(
                Cell(
                    mark="baseline" if first is None else mark,
                    ok=trace.end == "ran",
                    result=nothing if trace.end == "ran" else words.result(trace.end),
                    changes=() if same else changes,
                    strip=None if same else strip,
                )
            )
        return Row("end", "since boot", tuple(cells))

    def _step(self, number: int, acts: Sequence[Sequence[Done]]) -> list[Row]:
        """The rows of one step; a composite step has a heading over its acts."""
        do = next(
            trace.steps[number].do
            for trace in self.traces
            if trace is not None and number < len(trace.steps)
        )
        lines = list(zip_longest(*acts))
        marks = [
            [self._mark(column, number, at, done) for column, done in enumerate(line)]
            for at, line in enumerate(lines)
        ]
        if not do.composite:
            label = str(number + 1)
            return [self._row(label, line, marks[at], number) for at, line in enumerate(lines)]
        rows = [Row(str(number + 1), str(do))]
        at = 0
        for line in fold(
            lines, lambda i, j: marks[i] == marks[j] and "first" not in marks[j], LONGEST_ROUND
        ):
            size = max(len(done.acts) for done in line if done)
            label = f"{number + 1}.{at + 1}" + (f"-{number + 1}.{at + size}" if size > 1 else "")
            rows.append(self._row(label, line, marks[at], number))
            at += size
        return rows

    def _row(
        self, label: str, line: Sequence[Done | None], marks: Sequence[Mark], number: int
    ) -> Row:
        do = next(str(done) for done in line if done)
        cells = []
        for column, (done, mark) in enumerate(zip(line, marks, strict=True)):
            if done is None:
                trace = self.traces[column]
                dead = trace is not None and trace.end != "ran" and number >= len(trace.steps) - 1
                missing = "not done" if trace else "no trace"
                cells.append(Cell(mark, "the kernel is dead" if dead else missing))
                continue
            same = mark == "same"
            cells.append(
                Cell(
                    mark=mark,
                    do=None if str(done) == do else str(done),
                    when=done.when,
                    ok=not any(done.results),
                    result="; ".join(map(words.explain, done.results)),
                    output=done.output,
                    changes=()
                    if same
                    else (
                        *(f"killed: {name}" for name in done.killed),
                        *words.changes(done.before, done.changed),
                    ),
                    uevents=() if same else tuple(words.uevents(done.uevents)),
                    reasons=() if same else self._reasons(column, line),
                    strip=self._strip(column, mark, line) if done.changed.blocks else None,
                )
            )
        return Row(label, do, tuple(cells))

    def _mark(self, column: int, step: int, act: int, done: Done | None) -> Mark:
        parted = self.parted[column]
        if (step, act) in parted:
            return "first" if parted[0] == (step, act) else "later"
        if done is None:
            return "absent"
        if not column or self.reference is None:
            return "baseline"
        # Acts are counted alike on both sides only as far as they are the same ones.
        uneven = bool(parted) and (step, act) > parted[0] and not self._even(column, step)
        return "later" if uneven else "same"

    def _even(self, column: int, step: int) -> bool:
        """Whether a step came down to the same acts here and in the baseline."""
        one, two = (
            [act.do for act in trace.steps[step].acts] if trace and step < len(trace.steps) else []
            for trace in (self.reference, self.traces[column])
        )
        return one == two

    def _reasons(self, column: int, line: Sequence[Done | None]) -> tuple[Reason, ...]:
        """The reasons that the baseline has not."""
        done, first = line[column], line[0]
        found = done.reasons if done else []
        known = first.reasons if first and column and self.reference else []
        return tuple(reason for reason in found if reason not in known)

    def _strip(self, column: int, mark: Mark, line: Sequence[Done | None]) -> Strip | None:
        """The memory after an act; not drawn again where it is as in the baseline's column."""
        done, first = line[column], line[0]
        if done is None:
            return None
        if mark == "same" and first is not None and first.after.blocks == done.after.blocks:
            return None
        return self.scale.strip(done.after)


def _since(boot: Observation, last: Observation) -> list[str]:
    """What is different from the machine that booted, but for the blocks, which are drawn."""
    change = difference(boot, last)
    return words.changes(boot, replace(change, blocks=type(change.blocks)()))


def _seen(trace: Trace | None) -> Iterator[Observation]:
    """Every observation of a trace: after boot and after each act."""
    if trace is not None:
        yield trace.boot
        yield from (done.after for _, _, done in walk(trace))


def _booted(trace: Trace) -> Done:
    """The boot as if it were an act."""
    return Done((Act(Boot(), reasons=trace.boot_reasons),), trace.boot, trace.boot)
