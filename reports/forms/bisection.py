"""The text of `zonediff bisect`: the outcomes that each stage of a series changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from tabulate import tabulate

from zonediff.engine.words import count_of
from zonediff.reports.text.kinds import noun, short
from zonediff.reports.text.plain import COLUMN_GAP, WIDTH, to_ascii, wrap
from zonediff.result.bisections import Bisection
from zonediff.result.causes import deciding_rule
from zonediff.result.judgements import Judgement

_NARROWEST: Final = 24
"""The fewest columns that names of scenarios get."""


def bisection_text(bisections: Sequence[Bisection], variant: str, baseline: str) -> str:
    """The changes of each stage of a variant: in detail for one scenario, as a table for more."""
    if len(bisections) == 1:
        lines = _detailed(bisections[0], baseline)
    else:
        lines = _table(bisections, variant, baseline)
    return "\n".join(lines) + "\n"


def _detailed(bisection: Bisection, baseline: str) -> Iterator[str]:
    """The changes of each stage in a scenario."""
    yield from wrap(f"{bisection.scenario}, from {baseline} on:", WIDTH)
    for step in bisection.steps:
        yield ""
        first = " (the first change)" if step is bisection.first else ""
        yield from wrap(f"{step.variant}: {_kinds(step)}{first}", WIDTH)
        yield from _detail(step)


def _detail(step: Judgement) -> Iterator[str]:
    for goal in step.goals:
        if goal.kind != "unchanged":
            since = "met until now" if goal.baseline else "met from now on"
            yield from wrap(f"{goal.want}: {since}; {goal.candidate_detail}", WIDTH, "  ", "    ")
    for removal in step.removals:
        yield from wrap(f"removes {removal.what}: {removal.detail}", WIDTH, "  ", "    ")
    difference = step.difference
    if difference is not None:
        yield from wrap(
            f"{difference.do}: {difference.baseline} -> {difference.candidate}", WIDTH, "  ", "    "
        )
        if (rule := deciding_rule(difference)) is not None:
            yield from wrap(str(rule), WIDTH, "    ", "      ")


def _table(bisections: Sequence[Bisection], variant: str, baseline: str) -> Iterator[str]:
    """The scenarios that any stage changes, with the changes of each stage."""
    stages = [step.variant for step in bisections[0].steps]
    changed = [item for item in bisections if item.first is not None]
    yield from wrap(f"{variant} from {baseline} on: each stage against the one before.", WIDTH)
    if changed:
        yield ""
        numbers = [f"({number})" for number in range(1, len(stages) + 1)]
        yield from (f"{number} {stage}" for number, stage in zip(numbers, stages, strict=True))
        yield ""
        rows = [*_rows([item for item in bisections if item.judged])]
        taken = sum(
            max(map(len, column)) + COLUMN_GAP
            for column in zip(numbers, *(cells for _, *cells in rows), strict=True)
        )
        widths = [max(_NARROWEST, WIDTH - taken), *(None for _ in stages)]
        yield from tabulate(
            rows, ["scenario", *numbers], maxcolwidths=widths, disable_numparse=True
        ).splitlines()
    yield ""
    first = Counter(item.first.variant for item in changed if item.first is not None)
    places = ", ".join(f"{first[stage]} first by {stage}" for stage in stages if first[stage])
    yield from wrap(
        f"{len(changed)} of {count_of(len(bisections), 'scenario')} "
        f"{'changes' if len(changed) == 1 else 'change'}{': ' if places else ''}{places}.",
        WIDTH,
    )
    if unjudged := sum(not item.judged for item in bisections):
        yield from wrap(f"{count_of(unjudged, 'scenario')} could not be judged.", WIDTH)


def _rows(bisections: Sequence[Bisection]) -> Iterator[list[str]]:
    """A row for each scenario that changes; members of a family that all do the same share one."""
    for family, group in groupby(bisections, key=lambda item: item.scenario.partition("[")[0]):
        members = [(item.scenario, [_cell(step) for step in item.steps]) for item in group]
        if len(members) > 1 and all(cells == members[0][1] for _, cells in members):
            members = [(f"{family} (all {len(members)})", members[0][1])]
        yield from ([to_ascii(name), *cells] for name, cells in members if any(cells))


def _cell(step: Judgement) -> str:
    return "" if step.kind == "unchanged" else short(step.kind)


def _kinds(step: Judgement) -> str:
    return ", ".join(noun(kind) for kind in step.kinds)
