"""Reviews for a terminal, and as parts of a comment on a forge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from zonediff.engine.words import count_of
from zonediff.reports.page.review_steps import transcript
from zonediff.reports.page.reviews import (
    CauseView,
    ReviewView,
    extent,
    outcome_of,
    review_views,
    stage_state,
)
from zonediff.reports.text.markdown import Part, block, code, html, table, text
from zonediff.reports.text.plain import WIDTH, wrap
from zonediff.result.result import Result
from zonediff.result.reviews import ReadingDifference

_CAUSES: Final = 20
"""The most causes that the summary shows; the result has all."""


def summary_lines(result: Result) -> Iterator[str]:
    """The reviews for a terminal: stages without a kernel, comparisons, causes with their steps."""
    for number, view in enumerate(review_views(result)):
        if number:
            yield ""
        yield from wrap(f"{view.review.series} on {view.review.machine}: {view.headline}.", WIDTH)
        for note in view.review.notes:
            yield from wrap(note, WIDTH, "  * ")
        for stage in view.review.failed:
            yield from wrap(f"{stage.name}: {stage_state(stage)}", WIDTH, "  ", "    ")
        for item in view.review.comparisons:
            pair = f"{item.baseline} -> {item.candidate}"
            says = f"{pair}: {outcome_of(item)} ({extent(item)})"
            yield from wrap(says, WIDTH, "  ", "    ")
        for cause in view.causes[:_CAUSES]:
            yield ""
            yield from wrap(f"{cause.number}. {cause.heading}", WIDTH, "  ", "     ")
            yield from wrap(f"{cause.where}, {cause.shown}", WIDTH, "     ")
            yield from transcript(cause, WIDTH, "     ")
        if view.causes[_CAUSES:]:
            yield ""
            yield f"  {count_of(len(view.causes) - _CAUSES, 'more cause')}"


def comment_parts(result: Result) -> Iterator[Part]:
    """The reviews as parts of a comment, with a folded item for each cause."""
    for view in review_views(result):
        review = view.review
        rows = [
            [
                code(stage.name, cell=True),
                text(stage.title),
                text(stage_state(stage)),
            ]
            for stage in review.stages
        ]
        built = [view.built_on, view.configuration, *view.compilers, *review.notes]
        facts = [f"- {text(line)}" for line in built if line]
        lines = table(["stage", "patch", "kernel"], rows)
        yield Part(text(f"{review.series}: {view.headline}"), [*facts, ""], [[*lines, ""]])
        compared = [
            f"- {code(item.baseline)} and {code(item.candidate)}: {text(extent(item))}. "
            f"Found: {text(outcome_of(item))}."
            for item in review.comparisons
        ]
        about = f"{code(review.machine)}: {text(review.about)}"
        yield Part("What was compared", [about, "", *(compared or ["Nothing."])])
        if view.causes:
            yield Part("Differences, the worst first", [], [list(_cause(c)) for c in view.causes])
        if review.claims:
            yield _claims(view)
        yield Part("What was not tested", [f"- {text(gap)}" for gap in view.not_tested])


def _cause(item: CauseView) -> Iterator[str]:
    yield f"<details><summary><b>{html(item.heading)}</b> ({html(item.where)})</summary>"
    yield ""
    says = f"{item.cause.says}: {item.shown}" if item.cause.says else item.shown
    yield from (text(f"{says}."), "")
    yield from block(transcript(item, WIDTH))
    if item.cause.readings:
        yield ""
        lines = [line for reading in item.cause.readings for line in _reading(reading)]
        yield from block([f"--- {item.baseline}", f"+++ {item.candidate}", *lines])
    for reason in item.cause.reasons:
        yield from ("", text(reason))
    yield from ("", "</details>", "")


def _reading(reading: ReadingDifference) -> Iterator[str]:
    yield f"@@ {reading.source}"
    for sign, line in (("-", reading.baseline), ("+", reading.candidate)):
        if line is not None:
            yield f"{sign}{line}"


def _claims(view: ReviewView) -> Part:
    names = [stage.name for stage in view.review.stages]
    rows = [
        [
            text(f"{claim.id}: {claim.says}"),
            *(text(claim.outcomes.get(name, "")) for name in names),
        ]
        for claim in view.review.claims
    ]
    lines = table(["claim", *(code(name, cell=True) for name in names)], rows)
    return Part("Claims", lines[:2], [[line] for line in lines[2:]])
