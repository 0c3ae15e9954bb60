"""A result as CSV: a row for each scenario and variant, and for each cause of a review."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from zonediff.reports.page.findings import place
from zonediff.reports.page.index import Index
from zonediff.reports.page.reviews import ReviewView, review_views
from zonediff.reports.text.kinds import classes
from zonediff.reports.text.plain import one_line, visible
from zonediff.result.causes import deciding_rule
from zonediff.result.judgements import Run, removal_names
from zonediff.result.result import Result, ScenarioInfo

COLUMNS: Final = (
    "scenario",
    "title",
    "variant",
    "status",
    "judgement",
    "known",
    "goals",
    "goals met",
    "not met",
    "no longer met",
    "newly met",
    "removals",
    "parts from the baseline",
    "baseline does",
    "variant does",
    "rule",
    "reason",
)
"""The column heads. judgement: `baseline` or all kinds, worst first; lists are joined by `; `.

known: `known` for a known outcome, with the remark of its author.
"""

_FORMULA: Final = ("=", "+", "-", "@")


def render(result: Result) -> str:
    """The whole table."""
    index = Index(result)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for scenario in result.scenarios:
        for variant in (result.baseline, *index.candidates):
            writer.writerow(map(_cell, _row(index, scenario, variant)))
    for view in review_views(result):
        writer.writerows(map(_cell, row) for row in _review_rows(view))
    return text.getvalue()


def _row(index: Index, scenario: ScenarioInfo, variant: str) -> Iterator[str | int]:
    run = index.run(scenario.id, variant) or Run(scenario.id, variant, "not-run")
    judgement = index.judgement(scenario.id, variant)
    baseline = variant == index.result.baseline
    yield from (scenario.id, scenario.title, variant, run.status)
    yield "baseline" if baseline else "; ".join(classes(judgement))
    entry = index.known(scenario.id, variant)
    yield "" if entry is None else f"known: {entry.why}" if entry.why else "known"
    yield from (len(run.goals), sum(goal.met for goal in run.goals))
    yield "; ".join(goal.want for goal in run.goals if not goal.met)
    goals = judgement.goals if judgement else []
    for kind in ("regression", "fix"):
        yield "; ".join(goal.want for goal in goals if goal.kind == kind)
    yield "; ".join(removal_names(judgement.removals)) if judgement else ""
    difference = judgement.difference if judgement else None
    if difference is None:
        unjudged = f"not judged on {judgement.unjudged}" if judgement and judgement.unjudged else ""
        error = run.error.strip().rpartition("\n")[2] if run.error else ""
        yield from ("", "", "", "", unjudged or error)
        return
    rule = deciding_rule(difference)
    yield place(scenario, difference)
    yield from (difference.baseline, difference.candidate)
    yield from (rule.reason.rule, str(rule).removeprefix("because ")) if rule else ("", "")


def _review_rows(view: ReviewView) -> Iterator[list[str | int]]:
    """A row for each stage, and for each cause in each comparison that shows it.

    A stage's outcome is its status; a cause's verdict is its judgement, its last step is where the
    sides part.
    """
    series, empty = view.review.series, [""] * (len(COLUMNS) - 5)
    for stage in view.review.stages:
        yield [series, stage.title, stage.name, stage.outcome, "", *empty[:-1], stage.problem]
    for item in view.causes:
        step, readings = item.cause.steps[-1], item.cause.readings
        sides = (
            "; ".join([result or "ok", *lines])
            for result, lines in (
                (step.baseline, [r.baseline for r in readings if r.baseline is not None]),
                (step.candidate, [r.candidate for r in readings if r.candidate is not None]),
            )
        )
        steps = "; ".join(step.command for step in item.cause.steps)
        verdict = item.cause.verdict
        for _, candidate in item.comparisons:
            place = [series, item.cause.words, candidate, "ran", verdict, *empty[:7]]
            yield [*place, steps, *sides, "", item.cause.says or item.shown]


def _cell(value: str | int) -> str | int:
    """A cell on one line; a quote keeps spreadsheets from taking it for a formula."""
    if isinstance(value, int):
        return value
    text = visible(one_line(value))
    return f"'{text}" if text.startswith(_FORMULA) else text
