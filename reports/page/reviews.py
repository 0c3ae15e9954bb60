"""Reviews of patch series in the words that every form uses: headlines, causes, gaps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from zonediff.engine.words import count_of
from zonediff.reports.text.kinds import noun
from zonediff.result.cause_match import signature
from zonediff.result.result import Result
from zonediff.result.reviews import (
    REVIEW_VERDICTS,
    WITH_KERNEL,
    Cause,
    Review,
    ReviewVerdict,
    Stage,
    StageComparison,
    StageOutcome,
)

STAGE_SIGNS: Final[dict[StageOutcome, str]] = {
    "ready": "✓",
    "same-code": "=",
    "does-not-apply": "✗",
    "does-not-build": "✗",
    "not-built": "?",
}
STAGE_WORDS: Final[dict[StageOutcome, str]] = {
    "ready": "ready",
    "same-code": "same machine code as the stage before, not run again",
    "does-not-apply": "does not apply",
    "does-not-build": "does not build",
    "not-built": "not built",
}

CAUSE_SIGNS: Final[dict[ReviewVerdict, str]] = {
    "regression": "✗",
    "abi-removal": "⊘",
    "fix": "✓",
    "behaviour-change": "≠",
    "sometimes": "~",
}

_DEEPER: Final = "Sequences of more than"
_SOME: Final = "Some sequences of 1 step, and of more"
_HIDDEN: Final = "State that no file shows"
"""Gaps that follow from the numbers of a comparison, unless it has a sentence of its own."""

INTERRUPTED: Final = "The review was interrupted: comparisons and claims may be missing."

_COMMIT: Final = re.compile(r"[0-9a-f]{12,}")
_WRITE: Final = re.compile(r"echo (\S+) > (\S+)")


def verdict_noun(verdict: ReviewVerdict, number: int = 1) -> str:
    """`regression`, `fixes`, `differences that come sometimes`."""
    if verdict == "sometimes":
        return (
            "differences that come sometimes" if number > 1 else "difference that comes sometimes"
        )
    return noun(verdict, number)


@dataclass(frozen=True, slots=True)
class CauseView:
    """A cause, and every comparison that shows it; the first is the one of its details.

    number: its place among the causes of the review, from 1. comparisons: (baseline, candidate).
    """

    number: int
    cause: Cause
    comparisons: tuple[tuple[str, str], ...]

    @property
    def baseline(self) -> str:
        """The baseline of its details."""
        return self.comparisons[0][0]

    @property
    def candidate(self) -> str:
        """The candidate of its details."""
        return self.comparisons[0][1]

    @property
    def heading(self) -> str:
        """`Regression: a step is refused that was allowed`."""
        kind = verdict_noun(self.cause.verdict)
        return f"{kind[0].upper()}{kind[1:]}: {self.cause.words}"

    @property
    def where(self) -> str:
        """`base -> v6, also 2/8 -> 3/8`."""
        first, *others = (f"{baseline} -> {candidate}" for baseline, candidate in self.comparisons)
        return f"{first}, also {', '.join(others)}" if others else first

    @property
    def shown(self) -> str:
        """The numbers of fresh boots and of explored transitions that showed it."""
        cause = self.cause
        return (
            f"shown on {cause.shown} of {count_of(cause.boots, 'fresh boot')}, "
            f"in {count_of(cause.transitions, 'transition')}"
        )

    @property
    def sources(self) -> tuple[str, ...]:
        """The files whose lines differ, each once."""
        return tuple(dict.fromkeys(item.source for item in self.cause.readings))


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A review in words. causes: the worst first, each once. complete: it was not interrupted."""

    review: Review
    causes: tuple[CauseView, ...]
    complete: bool = True

    @property
    def counts(self) -> tuple[tuple[ReviewVerdict, int], ...]:
        """How many causes have each verdict: regressions and fixes always, others where any has."""
        numbers = Counter(item.cause.verdict for item in self.causes)
        always = ("regression", "fix") if self.review.comparisons else ()
        return tuple((v, numbers[v]) for v in REVIEW_VERDICTS if numbers[v] or v in always)

    @property
    def headline(self) -> str:
        """`1 regression, 2 fixes`; `4/5 does not build` comes first."""
        failed = [f"{item.name} {STAGE_WORDS[item.outcome]}" for item in self.review.failed]
        if not self.complete:
            failed.insert(0, "interrupted")
        if not self.review.comparisons:
            return ", ".join([*failed, "nothing was compared"])
        counts = [f"{number} {verdict_noun(v, number)}" for v, number in self.counts if number]
        return ", ".join([*failed, *(counts or ["no difference in what was compared"])])

    def rank(self) -> tuple[int, int, int]:
        """A key that sorts reviews, the one with the worst cause first."""
        return self.causes[0].cause.rank if self.causes else (len(REVIEW_VERDICTS), 0, 0)

    @property
    def lead(self) -> str:
        """How much was done: `3 stages on the machine dax: 2 comparisons ...`."""
        review = self.review
        stages = count_of(len(review.stages), "stage")
        made = count_of(len(review.comparisons), "comparison")
        commands = count_of(len(review.alphabet), "command")
        return f"{stages} on the machine {review.machine}: {made} over sequences of {commands}."

    @property
    def built_on(self) -> str:
        """The tree and its base, and what the series asks for instead."""
        review = self.review
        says = f"{review.tree}, {_short(review.base)}"
        if not review.wanted_base:
            mailed = any(stage.message_id for stage in review.stages)
            return f"{says}; the series names no base commit" if mailed else says
        wanted = _short(review.wanted_base)
        if wanted == _short(review.base):
            return f"{says}, the base commit of the series"
        return f"{says}; the series names another base commit, {wanted}"

    @property
    def compilers(self) -> tuple[str, ...]:
        """Each compiler once."""
        return tuple(dict.fromkeys(s.compiler for s in self.review.stages if s.compiler))

    @property
    def configuration(self) -> str:
        """The configuration of the kernels, with the digest if all have the same."""
        with_kernel = [s for s in self.review.stages if s.outcome in WITH_KERNEL]
        first, *others = {stage.config[:12] for stage in with_kernel} or {""}
        digest = f"digest {first}" if first and not others else ""
        return ", ".join(text for text in (self.review.configuration, digest) if text)

    @property
    def not_tested(self) -> tuple[str, ...]:
        """A sentence for each gap, each once."""
        interrupted = () if self.complete else (INTERRUPTED,)
        return tuple(dict.fromkeys((*interrupted, *_gaps(self.review))))


def review_views(result: Result) -> tuple[ReviewView, ...]:
    """Every review of the result, in its order."""
    return tuple(ReviewView(review, _causes(review), result.complete) for review in result.reviews)


def review_title(views: Sequence[ReviewView]) -> str:
    """The worst review's series and the numbers of its causes: `dax/kmem: ...: 1 regression`."""
    first, *others = sorted(views, key=ReviewView.rank)
    more = f"; and {count_of(len(others), 'more review')}" if others else ""
    return f"{first.review.series}: {first.headline}{more}"


def _causes(review: Review) -> tuple[CauseView, ...]:
    """Each cause once, with the comparison of the last stage with the first before the others."""
    whole = review.whole
    ordered = sorted(review.comparisons, key=lambda item: item is not whole)
    groups: dict[object, tuple[Cause, list[tuple[str, str]]]] = {}
    for item in ordered:
        for cause in item.causes:
            _, pairs = groups.setdefault(signature(cause), (cause, []))
            if (item.baseline, item.candidate) not in pairs:
                pairs.append((item.baseline, item.candidate))
    worst_first = sorted(groups.values(), key=lambda group: group[0].rank)
    return tuple(
        CauseView(number, cause, tuple(pairs))
        for number, (cause, pairs) in enumerate(worst_first, 1)
    )


def _short(commit: str) -> str:
    """A commit in twelve digits; other names as they are."""
    return commit[:12] if _COMMIT.fullmatch(commit) else commit


def stage_state(stage: Stage) -> str:
    """The outcome of a stage, with the cause."""
    words = STAGE_WORDS[stage.outcome]
    return f"{words}: {stage.problem}" if stage.problem else words


def extent(item: StageComparison) -> str:
    """How much two stages were compared: states, transitions, pairs, and the bound."""
    return (
        f"{_both(item.states, 'state')}, {_both(item.transitions, 'transition')}, "
        f"{item.pairs:,} pair{'' if item.pairs == 1 else 's'} of states; {bound(item)}"
    )


def _both(numbers: tuple[int, int], what: str) -> str:
    first, second = numbers
    if first == second:
        return f"{first:,} {what}{'' if first == 1 else 's'} each"
    return f"{first:,} and {second:,} {what}s"


def bound(item: StageComparison) -> str:
    """Whether sequences of any length are covered, and how far hidden state was searched."""
    closed = "closed: no sequence of these steps, of any length, leads to other pairs"
    some = f"all sequences of {count_of(item.depth, 'step')}" if item.depth else "some sequences"
    says = closed if item.closed else f"bounded: {some}"
    if item.hidden_depth:
        further = count_of(item.hidden_depth, "further step")
        return f"{says}; {further} for state that no file shows"
    return f"{says}; state that no file shows was not searched for"


def outcome_of(item: StageComparison) -> str:
    """The outcome of a comparison: `2 regressions, 1 fix`, or `no difference`."""
    numbers = Counter(cause.verdict for cause in item.causes)
    counts = [f"{numbers[v]} {verdict_noun(v, numbers[v])}" for v in REVIEW_VERDICTS if numbers[v]]
    return ", ".join(counts) or "no difference"


def _gaps(review: Review) -> Iterator[str]:
    for outcome, stages in groupby(review.stages, lambda stage: stage.outcome):
        if outcome not in WITH_KERNEL:
            first, *more = [stage.name for stage in stages]
            which = f"Stages {first} to {more[-1]}" if more else f"Stage {first}"
            yield f"{which}: {STAGE_WORDS[outcome]}."
    compared = {name for item in review.comparisons for name in (item.baseline, item.candidate)}
    ready = [stage.name for stage in review.stages if stage.outcome == "ready"]
    if alone := [name for name in ready if name not in compared]:
        yield f"Built and not compared: {', '.join(alone)}."
    for item in review.comparisons:
        pair = f"{item.baseline} -> {item.candidate}"
        own = "\n".join(item.not_tested)
        if not item.closed and _DEEPER not in own:
            deeper = f"{_DEEPER} {count_of(item.depth, 'step')}" if item.depth else _SOME
            yield f"{deeper} ({pair})."
        if not item.hidden_depth and _HIDDEN not in own:
            yield f"{_HIDDEN} ({pair})."
        yield from item.not_tested
    if review.comparisons:
        steps = count_of(len(review.alphabet), "step")
        yield (
            f"Anything but the {steps} of the alphabet, the machine {review.machine} and this "
            "configuration."
        )


def alphabet_lines(commands: Iterable[str]) -> list[str]:
    """The alphabet in few lines: for files that take the same values, the values once.

    `memory8/state, memory9/state: online_movable, offline`.
    """
    values: dict[str, list[str]] = {}
    others = []
    for command in commands:
        match = _WRITE.fullmatch(command)
        if match is None:
            others.append(command)
        else:
            values.setdefault(match[2], []).append(match[1])
    files: dict[tuple[str, ...], list[str]] = {}
    for file, accepted in values.items():
        files.setdefault(tuple(accepted), []).append(_last_parts(file))
    return [
        *(f"{', '.join(names)}: {', '.join(accepted)}" for accepted, names in files.items()),
        *others,
    ]


def _last_parts(path: str) -> str:
    """The last two parts of a path, as `memory8/state`."""
    return "/".join(path.split("/")[-2:])
