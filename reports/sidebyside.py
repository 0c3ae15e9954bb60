"""One scenario, all variants side by side: columns of equal behaviour, rows of acts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final, Literal

from zonediff.compare.difference import partings
from zonediff.compare.result import Difference, Run, ScenarioInfo
from zonediff.corpus.forms import machine_from_json
from zonediff.engine.observation import Observation
from zonediff.engine.steps import Boot
from zonediff.engine.trace import Act, Reason, Trace
from zonediff.reports import words
from zonediff.reports.findings import place
from zonediff.reports.fold import Done, fold, walk
from zonediff.reports.index import Index, Link
from zonediff.reports.kinds import SYMBOLS, Class, classes
from zonediff.reports.reproduce import Part, reproduction
from zonediff.reports.zonemap import Scale, Strip

Mark = Literal["baseline", "same", "first", "later", "absent"]
"""What a cell is to the baseline's: itself, equal, where they part, after that; or no act."""

NOTES: Final[dict[Mark, str]] = {
    "baseline": "",
    "same": "as baseline",
    "first": "first difference",
    "later": "differs too",
    "absent": "",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What one act, or some folded ones, did in one column.

    do: where it is not what the row says. when: in a step in which time passes. reasons: those
    that the baseline's cell has not; shared: it has others as well. strip: the memory
    afterwards, where it changed.
    """

    mark: Mark
    note: str
    do: str | None
    when: str
    ok: bool
    result: str
    output: str | None
    changes: tuple[str, ...]
    uevents: tuple[str, ...]
    reasons: tuple[Reason, ...]
    shared: bool
    strip: Strip | None


@dataclass(frozen=True, slots=True)
class Row:
    """An act across the columns; without cells, the heading of a composite step's acts.

    same: all columns say what the first says, so it is enough to show that one.
    """

    label: str
    do: str
    cells: tuple[Cell, ...]
    same: bool

    @property
    def shown(self) -> tuple[Cell, ...]:
        """The cells that are worth showing."""
        return self.cells[:1] if self.same else self.cells


@dataclass(frozen=True, slots=True)
class Member:
    """A variant in a column, with what it was judged to be (nothing for the baseline)."""

    link: Link
    classes: tuple[Class, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """Variants that no user can tell apart in this scenario.

    outcome: how it ended, if not at the last step. place and difference: where it parts from the
    baseline.
    """

    members: tuple[Member, ...]
    baseline: bool
    outcome: str | None
    error: str | None
    place: str
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class GoalRow:
    """What the user wanted; for each column whether it was met and what decided it."""

    want: str
    cells: tuple[tuple[bool, str] | None, ...]

    @property
    def shown(self) -> tuple[tuple[bool, str] | None, ...]:
        """The cells, or one of them where all are equal."""
        return self.cells[:1] if len(set(self.cells)) == 1 else self.cells


@dataclass(frozen=True, slots=True)
class ScenarioView:
    """A scenario and all that happened in it.

    classes: of all its judgements. to_scale: its strips are proportional.
    """

    info: ScenarioInfo
    link: Link
    claims: tuple[Link, ...]
    machine: tuple[str, ...]
    columns: tuple[Column, ...]
    goals: tuple[GoalRow, ...]
    rows: tuple[Row, ...]
    classes: tuple[Class, ...]
    to_scale: bool
    reproduction: tuple[Part, ...]


@dataclass(slots=True)
class _Group:
    """Runs alike, the first of which speaks for all."""

    run: Run
    variants: list[str]


def scenario_view(index: Index, info: ScenarioInfo) -> ScenarioView:
    """Everything to show about one scenario."""
    groups = _groups(index, info.id)
    columns = tuple(_column(index, info, group) for group in groups)
    scale = Scale(seen for group in groups for seen in _seen(group.run.trace))
    found = {kind for column in columns for member in column.members for kind in member.classes}
    return ScenarioView(
        info=info,
        link=index.scenario(info.id),
        claims=tuple(index.claim(name) for name in info.claims),
        machine=tuple(words.machine(machine_from_json(info.machine))),
        columns=columns,
        goals=_goals(info, groups),
        rows=_Table(groups, index.result.baseline, scale).rows(),
        classes=tuple(kind for kind in _ORDER if kind in found),
        to_scale=scale.true,
        reproduction=tuple(reproduction(info, [(g.variants, g.run.trace) for g in groups])),
    )


_ORDER: Final = tuple(SYMBOLS)


def _seen(trace: Trace | None) -> Iterator[Observation]:
    """Every observation of a trace: after boot and after each act."""
    if trace is not None:
        yield trace.boot
        yield from (done.after for _, _, done in walk(trace))


def _groups(index: Index, scenario: str) -> list[_Group]:
    """The variants that were run, the baseline first, gathered by behaviour."""
    groups: list[_Group] = []
    for variant in (index.result.baseline, *index.candidates):
        run = index.run(scenario, variant)
        if run is None:
            continue
        for group in groups:
            if _alike(group.run, run):
                group.variants.append(variant)
                break
        else:
            groups.append(_Group(run, [variant]))
    return groups


def _alike(one: Run, two: Run) -> bool:
    """Whether nothing that this scenario looks at tells the runs apart."""
    if (one.status, one.error, one.goals) != (two.status, two.error, two.goals):
        return False
    if one.trace is None or two.trace is None:
        return one.trace is two.trace
    return next(partings(one.trace, two.trace), None) is None


def _column(index: Index, info: ScenarioInfo, group: _Group) -> Column:
    run, baseline = group.run, index.result.baseline
    judgement = index.judgement(info.id, group.variants[0])
    difference = judgement.difference if judgement else None
    return Column(
        members=tuple(
            Member(
                index.cell(info.id, name),
                () if name == baseline else classes(index.judgement(info.id, name)),
            )
            for name in group.variants
        ),
        baseline=run.variant == baseline,
        outcome=_OUTCOMES.get(run.status)
        or (words.DEATHS.get(run.trace.end) if run.trace else None),
        error=run.error,
        place=place(info, difference) if difference else "",
        difference=difference,
    )


def _goals(info: ScenarioInfo, groups: Sequence[_Group]) -> tuple[GoalRow, ...]:
    met = [{goal.want: (goal.met, goal.detail) for goal in group.run.goals} for group in groups]
    wants = dict.fromkeys(goal["want"] for goal in info.goals)
    return tuple(GoalRow(want, tuple(column.get(want) for column in met)) for want in wants)


_OUTCOMES: Final = {"error": "the variant failed", "not-run": "not run"}


class _Table:
    """The rows of a scenario: every act of every column."""

    def __init__(self, groups: Sequence[_Group], baseline: str, scale: Scale) -> None:
        self.traces = [group.run.trace for group in groups]
        self.scale = scale
        first = groups[0].run if groups else None
        self.reference = first.trace if first and first.variant == baseline else None
        self.parted: list[list[tuple[int, int]]] = [
            [at[:2] for at in partings(self.reference, trace)] if self.reference and trace else []
            for trace in self.traces
        ]

    def rows(self) -> tuple[Row, ...]:
        """All of them: the boot, then each step."""
        if not any(self.traces):
            return ()
        walked = [list(walk(trace)) if trace else [] for trace in self.traces]
        rows = [self._boot()]
        for number in range(max(len(trace.steps) for trace in self.traces if trace)):
            acts = [[done for step, _, done in column if step == number] for column in walked]
            rows.extend(self._step(number, acts))
        return tuple(rows)

    def _boot(self) -> Row:
        line = [_booted(trace) if trace else None for trace in self.traces]
        cells = []
        for column, (trace, done) in enumerate(zip(self.traces, line, strict=True)):
            if trace is None or done is None:
                cells.append(_nothing("absent", "no trace"))
                continue
            mark = self._mark(column, -1, 0, done)
            reasons, shared = self._reasons(column, line)
            died = not trace.steps and trace.end != "ran"
            cells.append(
                Cell(
                    mark=mark,
                    note=NOTES[mark],
                    do=None,
                    when="",
                    ok=not died,
                    result=words.explain(trace.end) if died else "booted",
                    output=None,
                    changes=tuple(words.state(trace.boot)),
                    uevents=(),
                    reasons=reasons,
                    shared=shared,
                    strip=self._strip(column, mark, line),
                )
            )
        return Row("boot", "the machine boots", tuple(cells), _same(cells))

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
        rows = [Row(str(number + 1), str(do), (), same=False)]
        at = 0
        for line in fold(lines, lambda i, j: marks[i] == marks[j] and "first" not in marks[j]):
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
                cells.append(_nothing(mark, "the kernel is dead" if dead else missing))
                continue
            reasons, shared = self._reasons(column, line)
            cells.append(
                Cell(
                    mark=mark,
                    note=NOTES[mark],
                    do=None if str(done) == do else str(done),
                    when=done.when,
                    ok=done.result is None,
                    result=words.explain(done.result),
                    output=done.output,
                    changes=(
                        *(f"killed: {name}" for name in done.killed),
                        *words.changes(done.before, done.changed),
                    ),
                    uevents=tuple(words.uevents(done.uevents)),
                    reasons=reasons,
                    shared=shared,
                    strip=self._strip(column, mark, line) if done.changed.blocks else None,
                )
            )
        return Row(label, do, tuple(cells), _same(cells))

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

    def _reasons(self, column: int, line: Sequence[Done | None]) -> tuple[tuple[Reason, ...], bool]:
        """The reasons that the baseline has not, and whether there are others."""
        done, first = line[column], line[0]
        found = done.reasons if done else []
        known = first.reasons if first and column and self.reference else []
        own = tuple(reason for reason in found if reason not in known)
        return own, len(own) < len(found)

    def _strip(self, column: int, mark: Mark, line: Sequence[Done | None]) -> Strip | None:
        """The memory after an act; not drawn again where it is as in the baseline's column."""
        done, first = line[column], line[0]
        if done is None:
            return None
        if mark == "same" and first is not None and first.after.blocks == done.after.blocks:
            return None
        return self.scale.strip(done.after)


def _booted(trace: Trace) -> Done:
    """The boot as if it were an act."""
    return Done((Act(Boot(), reasons=trace.boot_reasons),), trace.boot, trace.boot)


def _nothing(mark: Mark, why: str) -> Cell:
    """A cell of a column that has no such act."""
    return Cell(mark, NOTES[mark], None, "", False, why, None, (), (), (), False, None)


def _same(cells: Sequence[Cell]) -> bool:
    """Whether the first cell says it all: the others are as the baseline, memory included."""
    return all(
        cell.mark in ("baseline", "same") and cell.do is None and (cell.strip is None or not at)
        for at, cell in enumerate(cells)
    ) and (len(cells) == 1 or cells[-1].mark == "same")
