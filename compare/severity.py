"""The severity of a regression, and the removal that it follows from, by its goals and traces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from zonediff.compare.goals import evaluate
from zonediff.corpus.scenario import (
    AllStepsGoal,
    BlocksGoal,
    Goal,
    KernelGoal,
    KnobGoal,
    Predicate,
    ProcessGoal,
    Scenario,
    StepGoal,
)
from zonediff.engine.observation import Observation
from zonediff.engine.steps import Probe, Read, Step, Write
from zonediff.engine.trace import Trace
from zonediff.result.judgements import SEVERITIES, GoalJudgement, Removal, Severity
from zonediff.result.partings import Parting, partings

_BLOCK: Final = re.compile(r"^memory[0-9]+/")
_OUTCOMES: Final = ("end", "acts", "result")
"""Differences in the result of an action, not in the text of files."""


def severity(
    scenario: Scenario, goals: Sequence[GoalJudgement], baseline: Trace, candidate: Trace
) -> Severity | None:
    """The worst severity of the regressed goals of a scenario; None without any.

    goals: the judgement of each of the scenario's goals, in order.
    """
    regressed = _regressed(scenario, goals)
    if not regressed:
        return None
    severities = {_of_goal(scenario, check, candidate) for check in regressed}
    if candidate.end != "ran" and baseline.end == "ran":
        severities.add("death")
    if _killed(candidate) - _killed(baseline):
        severities.add("killed")
    if _never_online(baseline, candidate):
        severities.add("memory")
    return min(severities, key=SEVERITIES.index)


def _regressed(scenario: Scenario, goals: Sequence[GoalJudgement]) -> list[Predicate]:
    pairs = zip(scenario.goals, goals, strict=True)
    return [goal.check for goal, judged in pairs if judged.kind == "regression"]


def _of_goal(scenario: Scenario, check: Predicate, trace: Trace) -> Severity:
    """The severity of a goal that is no longer met."""
    match check:
        case KernelGoal():
            return "death"
        case ProcessGoal(state="alive"):
            return "killed"
        case BlocksGoal(present=True) if check.state in (None, "online"):
            return _of_blocks(scenario, check, trace)
        case StepGoal() | AllStepsGoal():
            return "refused" if _refused(scenario, check, trace) else "text"
        case _:
            return "text"


def _of_blocks(scenario: Scenario, check: BlocksGoal, trace: Trace) -> Severity:
    """Blocks that are not there or not online are lost; else their zone or another text differs."""
    bare = replace(check, zone=None, valid_zones=None, node=None)
    if not _holds(scenario, bare, trace):
        return "memory"
    return "text" if _holds(scenario, replace(bare, zone=check.zone), trace) else "zone"


def _holds(scenario: Scenario, check: Predicate, trace: Trace) -> bool:
    (outcome,) = evaluate(replace(scenario, goals=(Goal("", check),)), trace)
    return outcome.met


def _refused(scenario: Scenario, check: StepGoal | AllStepsGoal, trace: Trace) -> bool:
    """Whether a step that ought to succeed does not."""
    if isinstance(check, AllStepsGoal):
        return True
    if check.result != "ok":
        return False
    index = check.step - 1 if isinstance(check.step, int) else _names(scenario).index(check.step)
    return index < len(trace.steps)


def _names(scenario: Scenario) -> list[str | None]:
    return [step.name for step in scenario.steps]


def _killed(trace: Trace) -> set[str]:
    """The processes that the OOM killer took."""
    return {name for _, _, act in trace.acts() for name in act.killed}


def _never_online(baseline: Trace, candidate: Trace) -> bool:
    """Whether a block is online at the baseline's end that the candidate never has online."""
    if baseline.end != "ran":
        return False
    once = sorted(
        {span for observation in candidate.observations() for span in _online(observation)}
    )
    return any(not _covered(span, once) for span in _online(baseline.last()))


_Span = tuple[int, int]


def _online(observation: Observation) -> Iterable[_Span]:
    """Ranges of online blocks, first and last."""
    for item in observation.blocks:
        if item.view is not None and item.view.state == "online":
            yield item.first, item.last


def _covered(span: _Span, others: Sequence[_Span]) -> bool:
    """Whether these ascending ranges have every block of a range."""
    needed, last = span
    for first, end in others:
        if first <= needed <= end:
            needed = end + 1
    return needed > last


def follows_from(
    scenario: Scenario,
    goals: Sequence[GoalJudgement],
    removals: Sequence[Removal],
    baseline: Trace,
    candidate: Trace,
) -> Removal | None:
    """The removal that all regressed goals follow from; None without one.

    A goal follows from a removal if it asks for the removed knob, or if the first action that
    comes out otherwise is a use of what was removed. removals: those that the scenario uses.
    """
    regressed = _regressed(scenario, goals)
    used = _first_refused_use(removals, list(partings(baseline, candidate)), candidate)
    knob = [item for item in removals if item.what == "auto_online_blocks"]
    gone = candidate.last().auto_online_blocks is None
    sources = [
        knob[0] if isinstance(check, KnobGoal) and knob and gone else used for check in regressed
    ]
    return sources[0] if sources and None not in sources else None


def _first_refused_use(
    removals: Sequence[Removal], differences: Sequence[Parting], candidate: Trace
) -> Removal | None:
    """The removal that refuses the first action with another outcome.

    Files that read otherwise from boot on may come before it.
    """
    first = next((item for item in differences if item.step >= 0), None)
    if first is None or first.what not in _OUTCOMES or first.step >= len(candidate.steps):
        return None
    acts = candidate.steps[first.step].acts
    if first.act >= len(acts) or acts[first.act].result is None:
        return None
    name = _file(acts[first.act].do)
    return next((item for item in removals if item.what == name), None)


def _file(step: Step) -> str | None:
    """The sysfs file that a step uses, as interfaces name it."""
    match step:
        case Write() | Read():
            return _BLOCK.sub("memoryN/", step.file)
        case Probe():
            return "probe"
        case _:
            return None
