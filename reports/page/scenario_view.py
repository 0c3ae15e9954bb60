"""A scenario with all variants side by side: variants that behave alike share a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from zonediff.corpus.forms import machine_from_json
from zonediff.corpus.scenario import SURVIVES
from zonediff.engine import words
from zonediff.reports.page.index import Index, Link, RunGroup
from zonediff.reports.page.reproduce import Part, reproduction
from zonediff.reports.page.step_table import Row, SpanningCell, StepTable, merge_equal
from zonediff.reports.text.kinds import SYMBOLS, Class, classes
from zonediff.result.result import ScenarioInfo


@dataclass(frozen=True, slots=True)
class Member:
    """A variant in a column; classes: of its judgement, none for the baseline.

    known: whether a file lists its outcome as known. why: the remark in that file.
    """

    link: Link
    classes: tuple[Class, ...]
    known: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """Variants without a visible difference in this scenario.

    outcome: the end of the run, None when it reached the last step. kind: its class.
    error: the traceback of a variant that failed, or why there is no run.
    """

    members: tuple[Member, ...]
    baseline: bool
    outcome: str | None
    kind: Class
    error: str | None


@dataclass(frozen=True, slots=True)
class GoalRow:
    """A goal; cells: for each column whether it is met, and why. None where it was not decided."""

    want: str
    cells: tuple[tuple[bool, str] | None, ...]

    @property
    def informative(self) -> bool:
        """Whether to show the goal; the kernel's survival is shown only where it fails."""
        return self.want != SURVIVES.want or not all(cell and cell[0] for cell in self.cells)

    @property
    def shown(self) -> tuple[SpanningCell[tuple[bool, str] | None], ...]:
        """The cells with equal neighbours merged."""
        return merge_equal(self.cells)


@dataclass(frozen=True, slots=True)
class ScenarioView:
    """A scenario with its table.

    classes: of all its judgements, worst first. to_scale: whether its strips are proportional to
    memory. reproduction: commands with the results to expect of each variant; lettered: the same
    with the letters of columns in place of variants.
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
    lettered: tuple[Part, ...]


def scenario_view(index: Index, info: ScenarioInfo) -> ScenarioView:
    """The view of one scenario."""
    groups = index.groups(info.id)
    columns = tuple(_column(index, info, group) for group in groups)
    table = StepTable([group.run.trace for group in groups], any(c.baseline for c in columns[:1]))
    kinds = {kind for column in columns for member in column.members for kind in member.classes}
    return ScenarioView(
        info=info,
        link=index.scenario(info.id),
        claims=tuple(index.claim(name) for name in info.claims),
        machine=tuple(words.machine(machine_from_json(info.machine))),
        columns=columns,
        goals=_goals(info, groups),
        rows=table.rows(),
        classes=tuple(kind for kind in SYMBOLS if kind in kinds),
        to_scale=table.scale.true,
        reproduction=tuple(reproduction(info, [(g.variants, g.run.trace) for g in groups])),
        lettered=tuple(
            reproduction(
                info,
                [([words.letter(number)], g.run.trace) for number, g in enumerate(groups)],
            )
        ),
    )


def _column(index: Index, info: ScenarioInfo, group: RunGroup) -> Column:
    run, baseline = group.run, index.result.baseline
    outcome, kind = _OUTCOMES.get(run.status, _DEATH)
    return Column(
        members=tuple(_member(index, info.id, name) for name in group.variants),
        baseline=run.variant == baseline,
        outcome=words.result(run.trace.end) if run.trace and run.trace.end != "ran" else outcome,
        kind=kind,
        error=run.error,
    )


def _member(index: Index, scenario: str, variant: str) -> Member:
    link, entry = index.cell(scenario, variant), index.known(scenario, variant)
    if variant == index.result.baseline:
        return Member(link, ())
    why = entry.why if entry is not None else ""
    return Member(link, classes(index.judgement(scenario, variant)), entry is not None, why)


def _goals(info: ScenarioInfo, groups: Sequence[RunGroup]) -> tuple[GoalRow, ...]:
    met = [{goal.want: (goal.met, goal.detail) for goal in group.run.goals} for group in groups]
    wants = dict.fromkeys(goal["want"] for goal in info.goals)
    return tuple(GoalRow(want, tuple(column.get(want) for column in met)) for want in wants)


_DEATH: Final[tuple[str | None, Class]] = (None, "regression")
_OUTCOMES: Final[dict[str, tuple[str | None, Class]]] = {
    "error": ("the variant failed", "error"),
    "not-modelled": ("not modelled", "not-judged"),
    "not-run": ("not run", "not-run"),
}
"""Runs without a trace: only a kernel that died is coloured as a death."""
