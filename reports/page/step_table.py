"""The table of a scenario: a row for each act, a column for variants that behave alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest
from typing import Final, Generic, Literal, TypeVar

from zonediff.engine import words
from zonediff.engine.observation import Observation, difference
from zonediff.engine.steps import Boot
from zonediff.engine.trace import Act, Reason, Trace
from zonediff.reports.page.fold import ActGroup, fold, walk
from zonediff.reports.page.memory_strips import Scale, Strip
from zonediff.result.causes import own_reasons
from zonediff.result.partings import partings

Mark = Literal["baseline", "same", "first", "later", "absent"]
"""A cell against the baseline's: the baseline's own, equal, the first difference, a later one; or
without an act."""

NOTES: Final[dict[Mark, str]] = {
    "baseline": "",
    "same": "as baseline",
    "first": "first difference",
    "later": "differs too",
    "absent": "",
}

LONGEST_ROUND: Final = 4
"""The most acts in a folded round: `plug`, then the acts of udev or a daemon."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SpanningCell(Generic[T]):
    """A cell that spans `columns` columns with equal content, from the column `first` on."""

    cell: T
    first: int
    columns: int


def merge_equal(cells: Sequence[T]) -> tuple[SpanningCell[T], ...]:
    """The cells with equal neighbours merged."""
    merged = []
    first = 0
    for cell, group in groupby(cells):
        columns = len(list(group))
        merged.append(SpanningCell(cell, first, columns))
        first += columns
    return tuple(merged)


@dataclass(frozen=True, slots=True)
class Cell:
    """One act, or several folded ones, in one column.

    do: the act, if it is not the row's. when: the time, in a step in which time passes. changes,
    uevents: in words, if they differ from the baseline's. reasons: those that the baseline's cell
    does not have. strip: memory after the act, if it changed and differs from the baseline's cell.
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

    same: all columns equal the first, so only that one is shown.
    """

    label: str
    do: str
    cells: tuple[Cell, ...] = ()

    @property
    def same(self) -> bool:
        """Whether all cells equal the baseline's, memory included."""
        cells = self.cells
        return all(
            cell.mark in ("baseline", "same") and cell.do is None and not (cell.strip and column)
            for column, cell in enumerate(cells)
        ) and (len(cells) == 1 or (len(cells) > 1 and cells[-1].mark == "same"))

    @property
    def shown(self) -> tuple[SpanningCell[Cell], ...]:
        """The cells with equal neighbours merged."""
        return (
            (SpanningCell(self.cells[0], 0, len(self.cells)),)
            if self.same
            else merge_equal(self.cells)
        )


class StepTable:
    """The table of a scenario.

    traces: one for each column, None for a column without a trace. baseline: whether the first
    column is the baseline's.
    """

    def __init__(self, traces: Sequence[Trace | None], baseline: bool) -> None:
        self.traces = traces
        self.scale = Scale(item for trace in traces for item in _observations(trace))
        self.reference = traces[0] if traces and baseline else None
        self.parted: list[list[tuple[int, int]]] = [
            [(parting.step, parting.act) for parting in partings(self.reference, trace)]
            if self.reference and trace
            else []
            for trace in traces
        ]

    def rows(self) -> tuple[Row, ...]:
        """The boot, then each step, then the final state."""
        if not any(self.traces):
            return ()
        walked = [list(walk(trace)) if trace else [] for trace in self.traces]
        rows = [self._boot()]
        for number in range(max(len(trace.steps) for trace in self.traces if trace)):
            acts = [[group for step, _, group in column if step == number] for column in walked]
            rows.extend(self._step(number, acts))
        return (*rows, self._end(walked))

    def _boot(self) -> Row:
        line = [_booted(trace) if trace else None for trace in self.traces]
        cells = []
        for column, (trace, group) in enumerate(zip(self.traces, line, strict=True)):
            if trace is None or group is None:
                cells.append(Cell("absent", "no trace"))
                continue
            mark = self._mark(column, -1, 0, group)
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

    def _end(self, walked: Sequence[Sequence[tuple[int, int, ActGroup]]]) -> Row:
        """The row of the final state: the observation after the last act of each column."""
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

    def _step(self, number: int, acts: Sequence[Sequence[ActGroup]]) -> list[Row]:
        """The rows of one step; a composite step has a heading above its acts."""
        do = next(
            trace.steps[number].do
            for trace in self.traces
            if trace is not None and number < len(trace.steps)
        )
        lines = list(zip_longest(*acts))
        marks = [
            [self._mark(column, number, act, group) for column, group in enumerate(line)]
            for act, line in enumerate(lines)
        ]
        if not do.composite:
            label = str(number + 1)
            return [self._row(label, line, marks[act], number) for act, line in enumerate(lines)]
        rows = [Row(str(number + 1), str(do))]
        first = 0
        for line in fold(
            lines, lambda i, j: marks[i] == marks[j] and "first" not in marks[j], LONGEST_ROUND
        ):
            size = max(len(group.acts) for group in line if group)
            label = f"{number + 1}.{first + 1}"
            if size > 1:
                label += f"-{number + 1}.{first + size}"
            rows.append(self._row(label, line, marks[first], number))
            first += size
        return rows

    def _row(
        self, label: str, line: Sequence[ActGroup | None], marks: Sequence[Mark], number: int
    ) -> Row:
        do = next(str(group) for group in line if group)
        cells = []
        for column, (group, mark) in enumerate(zip(line, marks, strict=True)):
            if group is None:
                trace = self.traces[column]
                dead = trace is not None and trace.end != "ran" and number >= len(trace.steps) - 1
                missing = "not done" if trace else "no trace"
                cells.append(Cell(mark, "the kernel is dead" if dead else missing))
                continue
            same = mark == "same"
            cells.append(
                Cell(
                    mark=mark,
                    do=None if str(group) == do else str(group),
                    when=group.when,
                    ok=not any(group.results),
                    result="; ".join(map(words.explain, group.results)),
                    output=group.output,
                    changes=()
                    if same
                    else (
                        *(f"killed: {name}" for name in group.killed),
                        *words.changes(group.before, group.changed),
                    ),
                    uevents=() if same else tuple(words.uevents(group.uevents)),
                    reasons=() if same else self._reasons(column, line),
                    strip=self._strip(column, mark, line) if group.changed.blocks else None,
                )
            )
        return Row(label, do, tuple(cells))

    def _mark(self, column: int, step: int, act: int, group: ActGroup | None) -> Mark:
        parted = self.parted[column]
        if (step, act) in parted:
            return "first" if parted[0] == (step, act) else "later"
        if group is None:
            return "absent"
        if not column or self.reference is None:
            return "baseline"
        # The acts of a step have the same numbers on both sides only if they are the same acts.
        uneven = bool(parted) and (step, act) > parted[0] and not self._even(column, step)
        return "later" if uneven else "same"

    def _even(self, column: int, step: int) -> bool:
        """Whether a step consists of the same acts in this column and in the baseline's."""
        baseline, own = (
            [act.do for act in trace.steps[step].acts] if trace and step < len(trace.steps) else []
            for trace in (self.reference, self.traces[column])
        )
        return baseline == own

    def _reasons(self, column: int, line: Sequence[ActGroup | None]) -> tuple[Reason, ...]:
        """The reasons that the baseline's cell lacks; all reasons without a baseline."""
        acts, baseline = line[column], line[0]
        reasons = acts.reasons if acts else []
        known = baseline.reasons if baseline and column and self.reference else []
        return tuple(own_reasons(known, reasons)[1])

    def _strip(self, column: int, mark: Mark, line: Sequence[ActGroup | None]) -> Strip | None:
        """The memory after an act; None where it equals the baseline's."""
        acts, baseline = line[column], line[0]
        if acts is None:
            return None
        if mark == "same" and baseline is not None and baseline.after.blocks == acts.after.blocks:
            return None
        return self.scale.strip(acts.after)


def _since(boot: Observation, last: Observation) -> list[str]:
    """The changes since boot; blocks are left out, as the strip shows them."""
    change = difference(boot, last)
    return words.changes(boot, replace(change, blocks=type(change.blocks)()))


def _observations(trace: Trace | None) -> Iterator[Observation]:
    """Every observation of a trace: after boot and after each act."""
    if trace is not None:
        yield trace.boot
        yield from (act.after for _, _, act in walk(trace))


def _booted(trace: Trace) -> ActGroup:
    """The boot as an act."""
    return ActGroup((Act(Boot(), reasons=trace.boot_reasons),), trace.boot, trace.boot)
