"""Follow every goal and claim from one kernel release to the next, with the rule of each turn.

The releases are the variants that have a date (`Policy.released`). Each is compared with the one
before it, not with the baseline of a run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from zonediff.compare import intents
from zonediff.compare.claims.ledger import judge_claims
from zonediff.compare.difference import reasons_at
from zonediff.compare.run import run
from zonediff.corpus.claim import Claim
from zonediff.corpus.scenario import (
    BlocksGoal,
    KnobGoal,
    NodesGoal,
    Predicate,
    ProcessGoal,
    Scenario,
    StepGoal,
)
from zonediff.engine import words
from zonediff.engine.trace import Reason
from zonediff.result.causes import unlike_rules
from zonediff.result.claims import CaseOutcome, ClaimOutcome
from zonediff.result.history import (
    ClaimHistory,
    GoalHistory,
    History,
    Release,
    ScenarioHistory,
    Turn,
)
from zonediff.result.judgements import Run
from zonediff.result.partings import partings
from zonediff.result.result import Result, VariantInfo
from zonediff.variants.registry import Registry
from zonediff.work.pool import Progress, WorkerPool
from zonediff.work.store import Store

_Reasons = tuple[list[Reason], list[Reason]]

_DECISIVE: Final = ("end", "result")
"""Differences that surely decide a goal, surest first: a step is deadly, or fails, on one side."""


def history(
    scenarios: Sequence[Scenario],
    claims: Iterable[Claim],
    registry: Registry,
    *,
    known: Result | None = None,
    pool: WorkerPool | None = None,
    store: Store | None = None,
    progress: Progress = lambda done, total: None,
) -> History:
    """Run the scenarios on every release and find where each outcome turns.

    claims: judged on every release, if all their scenarios are given. known: a result over the
    same scenarios, whose runs are not repeated. pool, store: as for run(). Raises VariantError,
    and KeyboardInterrupt when it is interrupted: half a history would show turns that do not exist.
    """
    line = registry.timeline()
    releases = [
        Release(model.name, model.released or "", model.origin, model.summary) for model in line
    ]
    if not scenarios or not line:
        return History(releases)
    result = _all(scenarios, [model.name for model in line], registry, known, pool, store, progress)
    infos = {info.name: info for info in result.variants}
    order = [infos[model.name] for model in line]
    runs = {(item.scenario, item.variant): item for item in result.runs}
    return History(
        releases,
        [
            _scenario(scenario, order, [runs[scenario.id, info.name] for info in order])
            for scenario in scenarios
        ],
        [_claim(outcome) for outcome in judge_claims(claims, result, registry)],
    )


def _all(
    scenarios: Sequence[Scenario],
    names: Sequence[str],
    registry: Registry,
    known: Result | None,
    pool: WorkerPool | None,
    store: Store | None,
    progress: Progress,
) -> Result:
    """A result with the releases and no other variant, in their order."""
    reusable = {} if known is None else {info.name: info for info in known.variants}
    if known is not None and (known.seed, known.seeds) != (0, 1):
        reusable = {}  # its timed scenarios ran with other seeds
    missing = [name for name in names if name not in reusable]
    done = run(
        scenarios,
        missing or names[:1],
        baseline=(missing or names)[0],
        registry=registry,
        pool=pool,
        store=store,
        progress=progress,
    )
    if not done.complete:
        raise KeyboardInterrupt
    infos = {**reusable, **{info.name: info for info in done.variants}}
    known_runs = [] if known is None else known.runs
    return dataclasses.replace(
        done,
        variants=[infos[name] for name in names],
        runs=[
            *(run for run in known_runs if run.variant in reusable and run.variant in names),
            *done.runs,
        ],
    )


def _scenario(
    scenario: Scenario, releases: Sequence[VariantInfo], runs: Sequence[Run]
) -> ScenarioHistory:
    judged = [(info, run) for info, run in zip(releases, runs, strict=True) if run.trace]
    return ScenarioHistory(
        scenario=scenario.id,
        steps=[str(step.do) for step in scenario.steps],
        results=[list(_results(item)) for item in runs],
        goals=[_goal(scenario, index, judged) for index in range(len(scenario.goals))],
        unjudged={run.variant: _cause(run) for run in runs if run.trace is None},
    )


def _goal(scenario: Scenario, index: int, judged: Sequence[tuple[VariantInfo, Run]]) -> GoalHistory:
    """A goal on the releases that could be judged; where it is moot, it decides nothing."""
    decided = [(info, run) for info, run in judged if not run.goals[index].moot]
    return GoalHistory(
        want=scenario.goals[index].want,
        met=decided[0][1].goals[index].met if decided else None,
        turns=list(_turns(scenario, index, decided)),
        moot=[info.name for info, run in judged if run.goals[index].moot],
    )


def _results(item: Run) -> Iterator[str]:
    for step in item.trace.steps if item.trace else ():
        failed = sum(act.result is not None for act in step.acts)
        result = words.result(step.result)
        some = failed and len(step.acts) > 1 and step.result not in words.DEATHS
        yield f"{result} ({failed} of {len(step.acts)})" if some else result


def _cause(run: Run) -> str:
    """Why a release could not be judged."""
    last = (run.error or "").strip().rpartition("\n")[2]
    return f"it failed: {last}" if run.status == "error" else last


def _turns(
    scenario: Scenario, index: int, judged: Sequence[tuple[VariantInfo, Run]]
) -> Iterator[Turn]:
    """The turns of a goal. judged: the releases on which it was decided, each with its run."""
    goal = scenario.goals[index]
    for (_, old), (info, new) in pairwise(judged):
        before, after = old.goals[index], new.goals[index]
        if before.met is after.met:
            continue
        reasons = _deciding(scenario, goal.check, old, new, met=after.met)
        yield Turn(
            variant=info.name,
            scenario=scenario.id,
            what=goal.want,
            met=after.met,
            before=before.detail,
            after=after.detail,
            before_reasons=reasons[0],
            after_reasons=reasons[1],
            intent=None if after.met else intents.covering(info, scenario.id),
        )


def _deciding(scenario: Scenario, check: Predicate, old: Run, new: Run, *, met: bool) -> _Reasons:
    """The rule that decided a goal on each side. met: whether the new side meets it.

    Among the steps that the goal is about, the rule is taken from the first that applies:

    1. the step that is deadly on one side only;
    2. the first step that fails on one side only;
    3. the last step that different rules decided.
    """
    if old.trace is None or new.trace is None:
        return [], []
    steps = _steps_of(scenario, check)
    differences = [
        parting
        for parting in partings(old.trace, new.trace)
        if parting.step in steps or parting.step < 0
    ]
    decisive = [parting for what in _DECISIVE for parting in differences if parting.what == what]
    for parting in (*decisive[:1], *reversed(differences)):
        reasons = reasons_at(old.trace, new.trace, parting)
        if parting in decisive or any(unlike_rules(*reasons)):
            return _rule(reasons, met=met, died=parting.what == "end")
    return [], []


def _rule(reasons: _Reasons, *, met: bool, died: bool = False) -> _Reasons:
    """For each side the rule that decided, among those that the other side does not have.

    A failure is decided by the first of them, a success by the last. A death is decided by the
    last, and survival on the other side by the first.
    """
    before, after = unlike_rules(*reasons)
    if met is not died:
        return before[:1], after[-1:]
    return before[-1:], after[:1]


def _steps_of(scenario: Scenario, check: Predicate) -> range:
    """The indices of the steps that decide a goal: the step it names, or all steps up to it."""
    match check:
        case StepGoal(step=step):
            index = _index(scenario, step)
            return range(index, index + 1)
        case (
            BlocksGoal(after=after)
            | KnobGoal(after=after)
            | NodesGoal(after=after)
            | ProcessGoal(after=after)
        ) if after is not None:
            return range(_index(scenario, after) + 1)
        case _:
            return range(len(scenario.steps))


def _index(scenario: Scenario, step: str | int) -> int:
    if isinstance(step, int):
        return step - 1
    return [item.name for item in scenario.steps].index(step)


def _claim(outcome: ClaimOutcome) -> ClaimHistory:
    return ClaimHistory(
        id=outcome.id,
        who=outcome.who,
        says=outcome.says,
        verdicts=[dataclasses.replace(verdict, cases=[]) for verdict in outcome.verdicts],
        turns=[
            turn
            for old, new in pairwise(outcome.verdicts)
            for turn in _turned(new.variant, old.cases, new.cases)
        ],
    )


def _turned(
    variant: str, before: Sequence[CaseOutcome], after: Sequence[CaseOutcome]
) -> Iterator[Turn]:
    """The cases that hold on one release and not on the other, and decide something."""
    known = {(case.part, case.says, case.scenario): case for case in before}
    for case in after:
        old = known.get((case.part, case.says, case.scenario))
        if old is None or old.holds is case.holds or case.unreliable is not None:
            continue
        reasons = _rule((old.reasons, case.reasons), met=case.holds)
        yield Turn(variant, case.scenario, case.says, case.holds, old.detail, case.detail, *reasons)
