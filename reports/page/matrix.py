"""The matrix: a row for each scenario, a column for each variant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from zonediff.reports.page.index import Index, Link
from zonediff.reports.page.verdicts import dies
from zonediff.reports.text.kinds import Class, classes
from zonediff.result.judgements import Run
from zonediff.result.result import ScenarioInfo


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """A scenario on a variant.

    classes: worst first. goals: goals met and all goals, as `2/3`, empty without goals. met:
    whether there are goals and all are met. dies: whether this is a regression in which only
    this variant's kernel dies. known: whether a file lists the outcome as known.
    """

    link: Link
    classes: tuple[Class, ...]
    goals: str
    met: bool
    dies: bool
    known: bool = False


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A scenario in the matrix, the baseline's cell first.

    outcomes: data to judge against another column. First a letter for each column, equal for those
    that behave alike, `-` for one that did not run. Then for each letter its goals in order (`1`
    met, `0` not), and `+` if the kernel died; `!` if the variant failed. Empty if all columns
    behave alike.
    """

    link: Link
    title: str
    claims: tuple[str, ...]
    cells: tuple[MatrixCell, ...]
    outcomes: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """The scenarios of a folder."""

    folder: str
    rows: tuple[MatrixRow, ...]


def shelves(index: Index) -> Iterator[Shelf]:
    """The rows of the matrix by folder, in the order of the result."""
    for folder, group in groupby(index.result.scenarios, key=lambda s: s.id.rpartition("/")[0]):
        yield Shelf(folder, tuple(_row(index, info) for info in group))


def _row(index: Index, info: ScenarioInfo) -> MatrixRow:
    cells = []
    for variant in (index.result.baseline, *index.candidates):
        run = index.run(info.id, variant)
        goals_met = sum(goal.met for goal in run.goals) if run else 0
        baseline = variant == index.result.baseline
        cells.append(
            MatrixCell(
                link=index.cell(info.id, variant),
                classes=() if baseline else classes(index.judgement(info.id, variant)),
                goals=f"{goals_met}/{len(run.goals)}" if run and run.goals else "",
                met=run is not None and goals_met == len(run.goals) > 0,
                dies=not baseline and dies(index, info.id, variant),
                known=index.known(info.id, variant) is not None,
            )
        )
    outcomes = _outcomes(index, info.id)
    return MatrixRow(
        index.scenario(info.id), info.title, tuple(info.claims), tuple(cells), outcomes
    )


def _outcomes(index: Index, scenario: str) -> str:
    groups = index.groups(scenario)
    names = {name: letter for letter, group in enumerate(groups) for name in group.variants}
    variants = (index.result.baseline, *index.candidates)
    if len(names) == len(variants) and len(groups) == 1 and groups[0].run.trace is not None:
        return ""
    letters = (chr(ord("A") + names[name]) if name in names else "-" for name in variants)
    return " ".join(("".join(letters), *(_outcome(group.run) for group in groups)))


def _outcome(run: Run) -> str:
    if run.trace is None:
        return "!"
    return "".join("01"[goal.met] for goal in run.goals) + ("+" if run.status == "died" else "")
