"""Reviews as suites of tests: a comparison is a suite, a cause a case; the builds are a suite too.

A case fails if it makes the exit code 1 or 3: a regression, or a stage without a kernel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from zonediff.reports.forms.cases import Case, State, Suite
from zonediff.reports.page.review_steps import results
from zonediff.reports.page.reviews import (
    INTERRUPTED,
    STAGE_WORDS,
    CauseView,
    extent,
    review_views,
    verdict_noun,
)
from zonediff.result.changes import ReviewChange
from zonediff.result.result import Result
from zonediff.result.reviews import ReviewClaim, Stage, StageComparison, StageOutcome

_BUILDS: Final[dict[StageOutcome, State]] = {
    "ready": "passed",
    "same-code": "passed",
    "does-not-apply": "error",
    "does-not-build": "error",
    "not-built": "skipped",
}


def suites_of_reviews(result: Result) -> Iterator[Suite]:
    """The suites of every review: builds, comparisons, claims."""
    for view in review_views(result):
        review = view.review
        name = f"{review.series} on {review.machine}"
        builds = tuple(map(_build, review.stages))
        interrupted = () if view.complete else (Case("the rest", "skipped", "", (INTERRUPTED,)),)
        yield Suite(f"{name}: builds", (*builds, *interrupted))
        for item in review.comparisons:
            pair = f"{item.baseline} -> {item.candidate}"
            yield Suite(f"{name}: {pair}", tuple(_comparison(item)))
        for stage in review.stages:
            settled = [claim for claim in review.claims if stage.name in claim.outcomes]
            if settled:
                cases = tuple(_claim(claim, stage.name) for claim in settled)
                yield Suite(f"{name}: claims on {stage.name}", cases)


def _build(stage: Stage) -> Case:
    name = f"{stage.name} {stage.title}".strip()
    what, _, more = STAGE_WORDS[stage.outcome].partition(", ")
    says = stage.problem or more or what
    return Case(name, _BUILDS[stage.outcome], "" if stage.outcome == "ready" else what, (says,))


def _comparison(item: StageComparison) -> Iterator[Case]:
    """A case for each cause, and one for the exploration itself, which passes."""
    for number, cause in enumerate(sorted(item.causes, key=lambda cause: cause.rank), 1):
        own = CauseView(number, cause, ((item.baseline, item.candidate),))
        yield _cause(own)
    yield Case("exploration", "passed", "", (extent(item), *item.not_tested))


def _cause(item: CauseView) -> Case:
    cause = item.cause
    state: State = "failed" if cause.verdict == "regression" else "passed"
    says = (cause.words, *((cause.says,) if cause.says else ()), item.shown)
    name = f"{cause.words} after {'; '.join(step.command for step in cause.steps)}"
    what = verdict_noun(cause.verdict)
    return Case(name, state, what, (*says, *lines_of(item), *cause.reasons))


def lines_of(item: CauseView) -> Iterator[str]:
    """The steps with their results, and each line that reads otherwise."""
    for step in item.cause.steps:
        yield f"{step.command}  # {results(step, item)}"
    for reading in item.cause.readings:
        before, after = (
            "no such line" if text is None else text
            for text in (reading.baseline, reading.candidate)
        )
        yield f"{reading.source}: {item.baseline}: {before}; {item.candidate}: {after}"


def _claim(claim: ReviewClaim, stage: str) -> Case:
    outcome = claim.outcomes[stage]
    state: State = "skipped" if outcome == "not settled" else "passed"
    return Case(claim.id, state, outcome, (claim.says,))


def suites_of_review_changes(changes: Sequence[ReviewChange]) -> Iterator[Suite]:
    """A suite for each review, with a case for each of its causes and stages that changed."""
    cases: dict[str, list[Case]] = {}
    for change in changes:
        cases.setdefault(change.review, []).append(_changed(change))
    yield from (Suite(name, tuple(items)) for name, items in cases.items())


def _changed(change: ReviewChange) -> Case:
    state: State = "failed" if change.regresses else "passed"
    if change.fate == "stage-failed":
        state = "error"
    elif change.fate == "not-tested":
        state = "skipped"
    what = change.fate.replace("-", " ")
    says = f"{what}: {change.says}" if change.says else what
    return Case(f"{change.place}: {change.cause or 'build'}", state, what, (says,))
