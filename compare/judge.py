"""Judge the candidate of one scenario against the baseline: regression, fix, or other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from zonediff.compare import intents
from zonediff.compare.chance import decided_by_chance
from zonediff.compare.difference import first_difference
from zonediff.compare.interface import used_and_removed
from zonediff.compare.severity import follows_from, severity
from zonediff.corpus.scenario import Scenario
from zonediff.result.counts import order
from zonediff.result.judgements import (
    KINDS,
    Difference,
    GoalJudgement,
    Judgement,
    Kind,
    Removal,
    Run,
)
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

    - A goal that the baseline meets and the candidate does not is a regression; the other way
      round, it is a fix. The kernel's survival is a goal like any other.
    - Where both were run with many seeds, a goal that is met significantly more rarely is a
      regression (result.counts.order).
    - Traces that differ while every goal comes out the same are a behaviour change.
    - A moot goal (its premise does not hold) is not fixed.
    - Where chance on a real kernel (chance.py) decides a goal, nothing is judged.
    - An interface that the scenario uses and the candidate no longer has is an ABI removal.
    - A candidate that failed is an error. If a side is not modelled or the baseline failed, the
      candidate is not judged; the judgement names that variant, and the reason.

    Raises ValueError when a run is not of this scenario's text.
    """
    _check_runs(scenario, baseline, candidate)
    if candidate.status == "error":
        return Judgement(scenario.id, candidate.variant, "error", ["error"])
    if baseline.trace is None or candidate.trace is None:
        gap = candidate if candidate.trace is None else baseline
        return _not_judged(candidate, unjudged(gap))
    goals = _goals(baseline, candidate)
    if chance := decided_by_chance(goals, baseline, candidate):
        return _not_judged(candidate, chance)
    difference = first_difference(baseline.trace, candidate.trace)
    lost = used_and_removed(
        scenario, baseline.trace, baseline_info.interface, candidate_info.interface
    )
    kinds = _kinds(goals, difference, lost)
    return Judgement(
        scenario=scenario.id,
        variant=candidate.variant,
        kind=kinds[0],
        kinds=kinds,
        goals=goals,
        difference=difference,
        removals=lost,
        intended=(
            None if kinds == ["unchanged"] else intents.covering(candidate_info, scenario.id)
        ),
        severity=severity(scenario, goals, baseline.trace, candidate.trace),
        follows_from=follows_from(scenario, goals, lost, baseline.trace, candidate.trace),
    )


def _not_judged(candidate: Run, why: str) -> Judgement:
    """A judgement without an outcome; why: whose fault that is, and the reason."""
    kind: Kind = "not-judged"
    return Judgement(candidate.scenario, candidate.variant, kind, [kind], unjudged=why)


def unjudged(run: Run) -> str:
    """The variant of a run without a trace, and why it has none: `upstream, because ...`."""
    last = (run.error or "no reason is given").strip().splitlines()[-1]
    failed = "it failed: " if run.status == "error" else ""
    return f"{run.variant}, because {failed}{last}"


def _check_runs(scenario: Scenario, *runs: Run) -> None:
    """Raise ValueError for a run of another scenario, or of another text of this one."""
    for run in runs:
        if (run.scenario, run.hash) != (scenario.id, scenario.hash):
            raise ValueError(
                f"{run.variant} ran {run.scenario} with hash {run.hash[:12] or 'unknown'}, not "
                f"{scenario.id} with hash {scenario.hash[:12]}: run both on the same text"
            )


def _goals(baseline: Run, candidate: Run) -> list[GoalJudgement]:
    """Judge each goal, in the scenario's order."""
    return [
        GoalJudgement(
            want=before.want,
            baseline=before.met,
            candidate=after.met,
            kind=_KIND_OF_CHANGE[change],
            baseline_detail=before.detail,
            candidate_detail=after.detail,
        )
        for before, after, change in zip(
            baseline.goals, candidate.goals, _changes(baseline, candidate), strict=True
        )
    ]


def _changes(baseline: Run, candidate: Run) -> Iterator[int]:
    """For each goal, 1 when the candidate does better, -1 when worse, 0 when the same."""
    if baseline.counts and candidate.counts:
        return map(order, baseline.counts, candidate.counts)
    return (
        after.change_from(before)
        for before, after in zip(baseline.goals, candidate.goals, strict=True)
    )


def _kinds(
    goals: Sequence[GoalJudgement], difference: Difference | None, lost: Sequence[Removal]
) -> list[Kind]:
    """Every kind of difference that there is, worst first; `unchanged` where there is none."""
    kinds: set[Kind] = {goal.kind for goal in goals} - {"unchanged"}
    if difference is not None and not kinds:
        kinds.add("behaviour-change")
    if lost:
        kinds.add("abi-removal")
    return sorted(kinds, key=KINDS.index) or ["unchanged"]
