"""The severity of a regression between two results, and the removal that it follows from.

A result describes its scenarios well enough to evaluate their goals again on its traces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cattrs import BaseValidationError

from zonediff.compare.describe import scenario_of
from zonediff.compare.interface import used_and_removed
from zonediff.compare.severity import follows_from, severity
from zonediff.corpus.scenario import Scenario
from zonediff.result.changes import Change
from zonediff.result.judgements import GoalJudgement, Kind
from zonediff.result.result import Result


class Scales:
    """Weighs regressions from one result to another."""

    def __init__(self, base: Result, head: Result) -> None:
        self._runs = [{(run.scenario, run.variant): run for run in of.runs} for of in (base, head)]
        self._variants = [{info.name: info for info in of.variants} for of in (base, head)]
        self._scenarios = {info.id: info for info in head.scenarios}

    def weighed(self, change: Change) -> Change:
        """The regression with its severity; without, if the result does not describe it."""
        old, new = (runs[change.scenario, change.variant].trace for runs in self._runs)
        info = self._scenarios.get(change.scenario)
        if info is None or old is None or new is None:
            return change
        try:
            before, after = (infos[change.variant].interface for infos in self._variants)
            scenario = scenario_of(info)
            goals = list(_goals(scenario, change))
            lost = used_and_removed(scenario, old, before, after)
            return replace(
                change,
                severity=severity(scenario, goals, old, new),
                follows_from=follows_from(scenario, goals, lost, old, new),
            )
        except (BaseValidationError, KeyError, TypeError, ValueError):
            return change  # the description is no scenario, or that of another trace


def _goals(scenario: Scenario, change: Change) -> Iterator[GoalJudgement]:
    """A judgement of each goal: those that are no longer met regressed."""
    for goal in scenario.goals:
        worse = goal.want in change.unmet
        kind: Kind = "regression" if worse else "unchanged"
        yield GoalJudgement(goal.want, True, not worse, kind, "", "")
