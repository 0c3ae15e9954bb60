"""Results as suites of tests, for tools that read those: a variant is a suite, a scenario a case.

What fails is what the exit code calls a regression or an error; all else passes, and says what
it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from zonediff.reports.page.index import Index
from zonediff.reports.text.kinds import classes, noun
from zonediff.result.changes import Change, Regression
from zonediff.result.exit_code import is_regression
from zonediff.result.judgements import Judgement
from zonediff.result.result import Result

State = Literal["passed", "failed", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class Case:
    """A test. what: the kind of finding in a word or two, empty where there is none."""

    name: str
    state: State
    what: str = ""
    says: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests of a variant."""

    name: str
    cases: tuple[Case, ...]

    def number(self, state: State) -> int:
        """How many are in this state."""
        return sum(case.state == state for case in self.cases)


def judged(result: Result) -> tuple[Suite, ...]:
    """Every candidate against the baseline."""
    index = Index(result)
    suites = (Suite(name, tuple(_cases(index, name))) for name in index.candidates)
    return tuple(suite for suite in suites if suite.cases)


def _cases(index: Index, variant: str) -> Iterator[Case]:
    yield from (_judged(index, scenario.id, variant) for scenario in index.result.scenarios)
    yield from _interface(index.result, variant)
    yield from _overdue(index.result, variant)


def changed(found: Regression) -> tuple[Suite, ...]:
    """Every variant against what it was before."""
    changes = {(change.scenario, change.variant): change for change in found.changes}
    suites: dict[str, list[Case]] = {}
    for scenario, variant in found.cells:
        change = changes.get((scenario, variant))
        suites.setdefault(variant, []).append(_changed(scenario, change))
    for of in found.removals:
        lost = tuple(f"{item.what}: {item.detail}" for item in of.removals)
        case = Case("interface", "failed", noun("abi-removal"), lost)
        suites.setdefault(of.variant, []).append(case)
    return tuple(Suite(name, tuple(cases)) for name, cases in suites.items())


def _judged(index: Index, scenario: str, variant: str) -> Case:
    judgement = index.judgement(scenario, variant)
    if judgement is None:
        run = index.run(scenario, variant)
        why = (run.error if run else None) or "the run was stopped before"
        return Case(scenario, "skipped", "not run", _last_first(why)[:1])
    kinds = classes(judgement)
    what = "" if kinds == ("unchanged",) else ", ".join(noun(kind) for kind in kinds)
    if judgement.kind == "error":
        failed = (index.run(scenario, name) for name in (variant, index.result.baseline))
        errors = [run.error for run in failed if run is not None and run.error]
        return Case(scenario, "error", what, _last_first("".join(errors[:1])))
    state: State = "failed" if is_regression(judgement) else "passed"
    return Case(scenario, state, what, tuple(_says(judgement)))


def _last_first(error: str) -> tuple[str, ...]:
    """The lines of a traceback, the last of which says most."""
    *lines, last = error.strip().splitlines() or ["no reason is given"]
    return (last, *lines)


def _says(judgement: Judgement) -> Iterator[str]:
    """What a judgement rests on, weightiest first."""
    if judgement.intended is not None:
        yield judgement.intended.reason
    for goal in sorted(judgement.goals, key=lambda goal: goal.kind != "regression"):
        if goal.kind != "unchanged":
            fate = "no longer met" if goal.kind == "regression" else "met now"
            yield f"{fate}: {goal.want}; {goal.candidate_detail}"
    for removal in judgement.removals:
        yield f"takes away {removal.what}: {removal.detail}"
    difference = judgement.difference
    if difference is not None:
        yield f"{difference.do}: {difference.baseline} -> {difference.candidate}"
        for reason in difference.candidate_reasons:
            if reason not in difference.baseline_reasons:
                yield f"because {reason}"
                break


def _interface(result: Result, variant: str) -> Iterator[Case]:
    """What the variant takes away; the exit code leaves that to whoever reads it."""
    lost = [item for of in result.removals if of.variant == variant for item in of.removals]
    if lost:
        says = tuple(f"takes away {item.what}: {item.detail}" for item in lost)
        yield Case("interface", "passed", noun("abi-removal", len(lost)), says)


def _overdue(result: Result, variant: str) -> Iterator[Case]:
    """Intended differences that should have ended."""
    for outcome in result.intents:
        if outcome.variant == variant and outcome.status == "overdue":
            intent = outcome.intent
            says = f"{intent.reason}; this was to end with {intent.until}"
            yield Case(f"intent {intent.scenarios}", "failed", "overdue intent", (says,))


def _changed(scenario: str, change: Change | None) -> Case:
    if change is None:
        return Case(scenario, "passed")
    states: dict[str, State] = {"error": "error", "regression": "failed"}
    why = (f"because {reason}" for reason in change.reasons[:1])
    says = (*change.says, *why)
    return Case(scenario, states.get(change.kind, "passed"), noun(change.kind), says)
