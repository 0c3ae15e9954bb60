"""Compare the reviews of two results: what became of each cause, and of each stage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zonediff.engine.words import count_of
from zonediff.result.cause_match import kinship, signature
from zonediff.result.changes import REVIEW_FATES, ReviewChange, ReviewFate
from zonediff.result.reviews import (
    FAILED_STAGES,
    HARMS,
    WITH_KERNEL,
    Cause,
    Review,
    Stage,
    StageComparison,
)

Pair = tuple[Review, StageComparison]


def compare_reviews(base: Sequence[Review], head: Sequence[Review]) -> tuple[ReviewChange, ...]:
    """Return what became of the causes and stages of the older reviews in the newer ones.

    Reviews belong together by their machine, comparisons by the patches of their stages; that of
    the last stage with the first belongs to its like.
    """
    changes = [change for old, new in _by_machine(base, head) for change in _review(old, new)]
    return tuple(sorted(changes, key=lambda change: REVIEW_FATES.index(change.fate)))


def _by_machine(
    base: Sequence[Review], head: Sequence[Review]
) -> Iterator[tuple[Review | None, Review | None]]:
    left = list(base)
    for new in head:
        old = next((item for item in left if item.machine == new.machine), None)
        if old is not None:
            left.remove(old)
        yield old, new
    yield from ((old, None) for old in left)


def _review(old: Review | None, new: Review | None) -> Iterator[ReviewChange]:
    if old is not None and new is not None:
        yield from _stages(old, new)
    before = {_key(old, item): (old, item) for item in old.comparisons} if old else {}
    after = {_key(new, item): (new, item) for item in new.comparisons} if new else {}
    for key in dict.fromkeys((*after, *before)):
        yield from _comparison(before.get(key), after.get(key))


def _key(review: Review, item: StageComparison) -> object:
    """The key by which comparisons of two revisions of a series correspond."""
    if item is review.whole:
        return "whole"
    titles = {stage.name: stage.title or stage.name for stage in review.stages}
    return titles[item.baseline], titles[item.candidate]


def _stages(old: Review, new: Review) -> Iterator[ReviewChange]:
    """The stages whose kernel came or went; stages are known by their patches."""
    before = {stage.title or stage.name: stage for stage in old.stages}
    for stage in new.stages:
        was = before.get(stage.title or stage.name)
        if was is None:
            continue
        if stage.outcome in FAILED_STAGES and was.outcome in WITH_KERNEL:
            yield ReviewChange(_name(new), stage.name, "stage-failed", says=_state(stage))
        elif stage.outcome in WITH_KERNEL and was.outcome in FAILED_STAGES:
            says = f"it has a kernel now; before: {_state(was)}"
            yield ReviewChange(_name(new), stage.name, "stage-mended", says=says)


def _state(stage: Stage) -> str:
    words = stage.outcome.replace("-", " ")
    return f"{words}: {stage.problem}" if stage.problem else words


def _name(review: Review) -> str:
    return f"{review.series} on {review.machine}"


def _comparison(before: Pair | None, after: Pair | None) -> Iterator[ReviewChange]:
    """Every cause of two comparisons that belong together; one of them may be missing."""
    old = list(before[1].causes) if before else []
    new = list(after[1].causes) if after else []
    for match in (signature, kinship):
        for cause in list(new):
            was = next((item for item in old if match(item) == match(cause)), None)
            if was is not None and after is not None:
                old.remove(was)
                new.remove(cause)
                yield _kept(after, was, cause)
    for cause in new:
        if after is not None:
            gap = _gap(before, cause, "older")
            yield _change(
                after, "new", cause, f"the older review did not test it: {gap}" if gap else ""
            )
    for cause in old:
        if before is not None:
            yield _missing(before, after, cause)


def _kept(after: Pair, was: Cause, cause: Cause) -> ReviewChange:
    """A cause that both reviews show."""
    if signature(was) == signature(cause):
        return _change(after, "still-there", cause)
    worse = cause.verdict == "regression" and (
        was.verdict != "regression" or HARMS.index(cause.harm) < HARMS.index(was.harm)
    )
    says = f"before: {_in_words(was)}"
    return _change(after, "worse" if worse else "otherwise", cause, says)


def _missing(before: Pair, after: Pair | None, cause: Cause) -> ReviewChange:
    """A cause that only the older review shows: gone, if the newer one covers its steps."""
    gap = _gap(after, cause, "newer")
    if not gap and cause.verdict == "sometimes":
        gap = "chance decides it, and it was not seen this time"
    return _change(after or before, "not-tested" if gap else "gone", cause, gap)


def _gap(pair: Pair | None, cause: Cause, which: str) -> str:
    """Why a comparison cannot show a cause; empty if it covers its steps."""
    if pair is None:
        return f"the {which} result has no such comparison"
    review, item = pair
    missing = [step.command for step in cause.steps if step.command not in review.alphabet]
    if missing:
        return f"its alphabet has no `{missing[0]}`"
    if not item.closed and item.depth < len(cause.steps):
        return f"it explored only sequences of {count_of(item.depth, 'step')}"
    return ""


def _change(pair: Pair, fate: ReviewFate, cause: Cause, says: str = "") -> ReviewChange:
    review, item = pair
    return ReviewChange(
        _name(review),
        f"{item.baseline} -> {item.candidate}",
        fate,
        _in_words(cause),
        cause.verdict,
        says,
    )


def _in_words(cause: Cause) -> str:
    """`regression, a step is refused that was allowed: COMMAND; COMMAND`."""
    steps = "; ".join(step.command for step in cause.steps)
    return f"{cause.verdict.replace('-', ' ')}, {cause.words}: {steps}"
