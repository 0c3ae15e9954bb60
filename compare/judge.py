"""One scenario, candidate against baseline: what the difference means for users."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from zonediff.compare import intents
from zonediff.compare.difference import first_difference
from zonediff.compare.interface import used_and_removed
from zonediff.corpus.scenario import Scenario
from zonediff.result.counts import order
from zonediff.result.judgements import KINDS, GoalJudgement, Judgement, Kind, Run
from zonediff.result.result import VariantInfo

_KIND_OF_CHANGE: Final[dict[int, Kind]] = {-1: "regression", 0: "unchanged", 1: "fix"}


def judge(
    scenario: Scenario,
    baseline: Run,
    candidate: Run,
    baseline_info: VariantInfo,
    candidate_info: VariantInfo,
) -> Judgement:
    """Judge a candidate's run against the baseline's.

    A goal met before and not after is a regression, the other way round a fix; the kernel's
    survival is a goal like any other. Where both were run with many seeds, a goal that is surely
    met more rarely is a regression (simulate.statistics.order). Traces that differ while every
    goal stays as it was are a behaviour change. What the scenario uses and the candidate took away
    is an ABI removal.

    Raises ValueError when the runs are not of this scenario's text.
    """
    for run in (baseline, candidate):
        if (run.scenario, run.hash) != (scenario.id, scenario.hash):
            raise ValueError(
                f"{run.variant} ran {run.scenario} with hash {run.hash[:12] or 'unknown'}, not "
                f"{scenario.id} with hash {scenario.hash[:12]}: run both on the same text"
            )
    if baseline.trace is None or candidate.trace is None:
        return Judgement(scenario.id, candidate.variant, "error", ["error"])
    goals = [
        GoalJudgement(
            want=one.want,
            baseline=one.met,
            candidate=two.met,
            kind=_KIND_OF_CHANGE[change],
            baseline_detail=one.detail,
            candidate_detail=two.detail,
        )
        for one, two, change in zip(
            baseline.goals, candidate.goals, _changes(baseline, candidate), strict=True
        )
    ]
    difference = first_difference(baseline.trace, candidate.trace)
    removals = used_and_removed(
        scenario, baseline.trace, baseline_info.interface, candidate_info.interface
    )
    found: set[Kind] = {goal.kind for goal in goals} - {"unchanged"}
    if difference is not None and not found:
        found.add("behaviour-change")
    if removals:
        found.add("abi-removal")
    kinds: list[Kind] = sorted(found, key=KINDS.index) or ["unchanged"]
    return Judgement(
        scenario=scenario.id,
        variant=candidate.variant,
        kind=kinds[0],
        kinds=kinds,
        goals=goals,
        difference=difference,
        removals=removals,
        intended=intents.covering(candidate_info, scenario.id) if found else None,
    )


def _changes(baseline: Run, candidate: Run) -> Iterator[int]:
    """For each goal, 1 when the candidate does better, -1 when worse."""
    if baseline.counts and candidate.counts:
        return map(order, baseline.counts, candidate.counts)
    return (two.met - one.met for one, two in zip(baseline.goals, candidate.goals, strict=True))
