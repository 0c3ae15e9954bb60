"""One scenario in a few lines of mail, to be quoted: the outcome on each variant, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from zonediff.engine.words import count_of, letter
from zonediff.reports.forms.mail_layout import WIDTH, Notes, ready, transcript
from zonediff.reports.page import scope
from zonediff.reports.page.findings import place, with_preposition
from zonediff.reports.page.index import Index
from zonediff.reports.page.reproduce import Part, reproduction
from zonediff.reports.page.scenario_view import Column, ScenarioView, scenario_view
from zonediff.reports.text.kinds import noun
from zonediff.reports.text.plain import wrap
from zonediff.result.causes import deciding_reasons
from zonediff.result.result import Result, ScenarioInfo

SCREEN: Final = 24
"""The lines of a terminal."""


def render(result: Result, scenario: str) -> str:
    """The scenario with this id, in at most SCREEN lines if possible, else in as few as possible.

    Raises KeyError when the result has no such scenario.
    """
    info = {item.id: item for item in result.scenarios}[scenario]
    index = Index(result)
    shown = scenario_view(index, info)
    full = _commands(index, shown)
    brief = without_final_state(full)
    none: list[Part] = []
    forms = ((full, False), (brief, False), (brief, True), (none, False), (none, True))
    texts = [list(_lines(index, shown, commands, short)) for commands, short in forms]
    shortest = min(texts, key=len)
    return ready(next((lines for lines in texts if len(lines) <= SCREEN), shortest))


def _lines(
    index: Index, shown: ScenarioView, commands: Sequence[Part], short: bool
) -> Iterator[str]:
    """All lines. short: give reasons only for behaviours that help or hurt a user."""
    columns = {letter(number): column for number, column in enumerate(shown.columns)}
    yield from wrap(f"{shown.info.id}: {shown.info.title} ({', '.join(shown.machine)})", WIDTH)
    yield ""
    for name, column in columns.items():
        yield from wrap(_members(column, index.result.baseline), WIDTH, f"{name}: ")
    if commands:
        yield ""
        yield from transcript(commands)
    yield ""
    yield from _goals(shown, columns)
    notes = Notes()
    important = {name: column for name, column in columns.items() if _matters(column)}
    explained = important if short and important else columns
    yield from _why(index, shown.info, explained, notes, outcomes=not commands)
    yield from notes.lines()
    yield from wrap(f"({scope.made_from(index.result)})", WIDTH)


def _members(column: Column, baseline: str) -> str:
    """The variants of a column, with their judgements."""
    judged: dict[str, list[str]] = {}
    for member in column.members:
        judgement = ", ".join(map(noun, member.classes))
        if member.link.name == baseline:
            judgement = "baseline"
        judged.setdefault(judgement, []).append(member.link.name)
    return "; ".join(f"{', '.join(names)} ({judgement})" for judgement, names in judged.items())


def _commands(index: Index, shown: ScenarioView) -> list[Part]:
    """The commands within the machine that the first line describes."""
    traces = []
    for number, column in enumerate(shown.columns):
        run = index.run(shown.info.id, column.members[0].link.name)
        traces.append(([letter(number)], run.trace if run else None))
    inside = []
    for part in reproduction(shown.info, traces):
        lines = tuple(line for line in part.lines if not line.pieces[0].startswith("cd "))
        if part.where != "host" and lines:
            inside.append(replace(part, lines=lines))
    return inside


def without_final_state(parts: Sequence[Part]) -> list[Part]:
    """The commands without those that print the final state of memory; the goals cover it."""
    *before, last = parts or [Part("guest", ())]
    final = [
        number for number, line in enumerate(last.lines) if line.pieces[0].startswith("grep . ")
    ]
    lines = last.lines[: final[-1]] if final else last.lines
    return [*before, *([replace(last, lines=lines)] if lines else [])]


def _matters(column: Column) -> bool:
    """Whether this behaviour helps or hurts a user."""
    return any({*member.classes} - {"unchanged", "behaviour-change"} for member in column.members)


def _goals(shown: ScenarioView, columns: Mapping[str, Column]) -> Iterator[str]:
    """The goals that some column does not meet; without any, the number of goals."""
    fates: dict[str, list[str]] = {}
    everywhere = 0
    for goal in shown.goals:
        cells = dict(zip(columns, goal.cells, strict=True))
        met, unmet = (
            [name for name, cell in cells.items() if cell is not None and cell[0] is way]
            for way in (True, False)
        )
        if unmet:
            sides = [f"met on {' '.join(met)}"] if met else []
            fate = ", ".join([*sides, f"NOT MET on {' '.join(unmet)}"])
            fates.setdefault(fate, []).append(goal.want)
        else:
            everywhere += 1
    for fate, wants in fates.items():
        yield from wrap(f"{'; '.join(wants)}: {fate}", WIDTH, "* ")
    if everywhere and not fates:
        yield f"* {count_of(everywhere, 'goal')} met on all"


def _why(
    index: Index, info: ScenarioInfo, columns: Mapping[str, Column], notes: Notes, outcomes: bool
) -> Iterator[str]:
    """The first difference of each column from the baseline, with the rules of both sides.

    outcomes: whether to add the outcomes of both sides, if no commands show them.
    """
    for name, column in columns.items():
        for line in (column.error or "").strip().splitlines()[-1:]:
            yield from wrap(f"{name} failed: {line}", WIDTH, rest="  ")
        judgement = index.judgement(info.id, column.members[0].link.name)
        difference = judgement.difference if judgement else None
        if difference is None:
            continue
        old, new = deciding_reasons(difference)
        where = with_preposition(place(info, difference))
        sides = [
            (side, outcome, notes.marks(reasons))
            for side, outcome, reasons in (
                ("A", difference.baseline, old),
                (name, difference.candidate, new),
            )
        ]
        if outcomes:
            yield from wrap(f"{name} parts from A {where}:", WIDTH, rest="  ")
            for side, outcome, marks in sides:
                yield from wrap(f"{side}: {outcome} {marks}", WIDTH, "  ", "     ")
        else:
            because = ", ".join(f"{marks} on {side}" for side, _, marks in sides if marks)
            grounds = because or f"{difference.baseline} -> {difference.candidate}"
            yield from wrap(f"{name} parts from A {where}: {grounds}", WIDTH, rest="  ")
