"""Results as suites of tests, for KTAP and JUnit: a variant is a suite, a scenario a case.

A case fails if it makes the exit code 1 or 3: a regression or an error. Fixes, changes and removals
pass and are named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from zonediff.reports.forms.cases import Case, State, Suite
from zonediff.reports.forms.review_suites import suites_of_review_changes, suites_of_reviews
from zonediff.reports.forms.severities import harm
from zonediff.reports.page.index import Index
from zonediff.reports.text.kinds import classes, noun
from zonediff.result.causes import deciding_rule
from zonediff.result.changes import Change, Regression
from zonediff.result.exit_code import is_known, is_known_failure, is_regression
from zonediff.result.judgements import Judgement
from zonediff.result.result import Result


def suites_of_result(result: Result) -> tuple[Suite, ...]:
    """A suite for each comparison of a review, and each candidate judged against the baseline."""
    index = Index(result)
    suites = (Suite(name, tuple(_cases(index, name))) for name in index.candidates)
    return (*suites_of_reviews(result), *(suite for suite in suites if suite.cases))


def _cases(index: Index, variant: str) -> Iterator[Case]:
    for scenario in index.result.scenarios:
        run = index.run(scenario.id, variant)
        case = _judged(index, scenario.id, variant)
        yield replace(case, microseconds=run.microseconds if run else None)
    yield from _interface(index.result, variant)
    yield from _overdue(index.result, variant)


def suites_of_changes(regression: Regression) -> tuple[Suite, ...]:
    """A suite for each variant, compared with the older result."""
    changes = {(change.scenario, change.variant): change for change in regression.changes}
    suites: dict[str, list[Case]] = {}
    if regression.failure:
        case = Case(regression.head, "error", "cannot be compared", (regression.failure,))
        suites["revisions"] = [case]
    for scenario, variant in regression.cells:
        change = changes.get((scenario, variant))
        suites.setdefault(variant, []).append(_changed(scenario, change))
    counting = {lost.variant for lost in regression.new_removals}
    for lost in regression.removals:
        says = tuple(f"{item.what}: {item.detail}" for item in lost.removals)
        state: State = "failed" if lost.variant in counting else "known"
        case = Case("interface", state, noun("abi-removal", len(says)), says)
        suites.setdefault(lost.variant, []).append(case)
    of_reviews = suites_of_review_changes(regression.reviews)
    return (*of_reviews, *(Suite(name, tuple(cases)) for name, cases in suites.items()))


def _judged(index: Index, scenario: str, variant: str) -> Case:
    judgement = index.judgement(scenario, variant)
    if judgement is None:
        run = index.run(scenario, variant)
        why = (run.error if run else None) or "the run was interrupted before"
        return Case(scenario, "skipped", "not run", _last_first(why)[:1])
    kinds = classes(judgement)
    what = "" if kinds == ("unchanged",) else ", ".join(noun(kind) for kind in kinds)
    if judgement.kind == "not-judged":
        return Case(scenario, "skipped", what, (f"could not be judged on {judgement.unjudged}",))
    if "regression" in kinds and judgement.severity is not None:
        what = what.replace(noun("regression"), f"{noun('regression')} ({harm(judgement)})")
    if judgement.kind == "error":
        run = index.run(scenario, variant)
        known = run is not None and is_known_failure(run, index.result)
        return Case(
            scenario,
            "known" if known else "error",
            what,
            _last_first((run.error if run else None) or ""),
        )
    state: State = "failed" if is_regression(judgement) else "passed"
    if state == "failed" and is_known(judgement, index.result):
        state = "known"
    return Case(scenario, state, what, tuple(_says(judgement)))


def _last_first(error: str) -> tuple[str, ...]:
    """The lines of a traceback, its last line (the exception) first."""
    *lines, last = error.strip().splitlines() or ["no error message"]
    return (last, *lines)


def _says(judgement: Judgement) -> Iterator[str]:
    """The grounds of a judgement, most important first."""
    if judgement.intended is not None:
        yield judgement.intended.reason
    for goal in sorted(judgement.goals, key=lambda goal: goal.kind != "regression"):
        if goal.kind != "unchanged":
            fate = "no longer met" if goal.kind == "regression" else "now met"
            yield f"{fate}: {goal.want}; {goal.candidate_detail}"
    for removal in judgement.removals:
        yield f"removes {removal.what}: {removal.detail}"
    difference = judgement.difference
    if difference is not None:
        yield f"{difference.do}: {difference.baseline} -> {difference.candidate}"
        if (rule := deciding_rule(difference)) is not None:
            yield str(rule)


def _interface(result: Result, variant: str) -> Iterator[Case]:
    """The interfaces that the variant removes; they do not change the exit code."""
    removals = [
        item for lost in result.removals if lost.variant == variant for item in lost.removals
    ]
    if removals:
        says = tuple(f"removes {item.what}: {item.detail}" for item in removals)
        yield Case("interface", "passed", noun("abi-removal", len(removals)), says)


def _overdue(result: Result, variant: str) -> Iterator[Case]:
    """Intended differences that should have ended by now."""
    for outcome in result.intents:
        if outcome.variant == variant and outcome.status == "overdue":
            intent = outcome.intent
            says = f"{intent.reason}; this should have ended with {intent.until}"
            yield Case(f"intent {intent.scenarios}", "failed", "overdue intent", (says,))


def _changed(scenario: str, change: Change | None) -> Case:
    if change is None:
        return Case(scenario, "passed")
    states: dict[str, State] = {"error": "error", "regression": "failed", "not-judged": "skipped"}
    why = (f"because {reason}" for reason in change.reasons[:1])
    says = (*change.says, *why)
    state: State = "known" if change.known else states.get(change.kind, "passed")
    what = noun(change.kind)
    if change.kind == "regression" and change.severity is not None:
        what = f"{what} ({harm(change)})"
    return Case(scenario, state, what, says)
