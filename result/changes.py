"""The changes from one result to another, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from zonediff.engine.trace import Reason
from zonediff.result.exit_code import BAD_INPUT, FAILED, PASSED, REGRESSED
from zonediff.result.judgements import MILD, Kind, Removal, Severity, VariantRemovals
from zonediff.result.known import KnownOutcome, Stale
from zonediff.result.reviews import ReviewVerdict


@dataclass(frozen=True, slots=True)
class Change:
    """A scenario on a variant whose outcome changed.

    says: the changes in words, most important first. reasons: the rules that decided it now and did
    not decide it before. unmet: the goals that are no longer met. error: the last line of the error
    of a variant that fails now. severity: of a regression, None if it is not known. follows_from:
    the removal that all of a regression follows from. known: a file lists it as known.
    """

    scenario: str
    variant: str
    kind: Kind
    says: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()
    unmet: tuple[str, ...] = ()
    error: str = ""
    severity: Severity | None = None
    follows_from: Removal | None = None
    known: bool = False

    @property
    def only_removal(self) -> Removal | None:
        """The removal that explains all of a regression that costs no life and no memory."""
        return self.follows_from if self.severity in MILD else None


@dataclass(frozen=True, slots=True)
class Novelty:
    """A scenario or variant that only one of the results has."""

    what: Literal["scenario", "variant"]
    name: str
    added: bool


ReviewFate = Literal[
    "stage-failed", "new", "worse", "otherwise", "gone", "stage-mended", "still-there", "not-tested"
]
"""The fate of a cause of a review, or of a stage.

stage-failed, stage-mended: a stage that had a kernel has none now, or the other way round. worse: a
cause that was no regression is one, or hurts more. otherwise: it reads otherwise. gone: the newer
review covers its steps and does not show it. not-tested: the newer review does not cover its steps,
or chance decides it.
"""

REVIEW_FATES: Final[tuple[ReviewFate, ...]] = (
    "stage-failed",
    "new",
    "worse",
    "otherwise",
    "gone",
    "stage-mended",
    "still-there",
    "not-tested",
)
"""Every fate, in the order of reports."""


@dataclass(frozen=True, slots=True)
class ReviewChange:
    """The fate of a cause of a review, or of a stage.

    review: the series and the machine. place: the comparison, as `base -> v7`, or the stage.
    cause: the cause in words, empty for a stage. verdict: of the newer review; of the older one if
    the newer has none. says: why, or what else is so now; empty if there is nothing to add.
    """

    review: str
    place: str
    fate: ReviewFate
    cause: str = ""
    verdict: ReviewVerdict | None = None
    says: str = ""

    @property
    def regresses(self) -> bool:
        """Whether the newer review has a regression that the older one does not have."""
        return self.fate in ("new", "worse") and self.verdict == "regression"


@dataclass(frozen=True, slots=True)
class Regression:
    """The changes from one result to another, as of two revisions or two days.

    base, head: the two results in words. cells: (scenario, variant) of all runs in both.
    removals: interfaces that user space lost, by variant. edited: scenarios with different texts
    in the two. remarks: other reasons why the two are hard to compare. reviews: what became of the
    causes and stages of reviews. known: outcomes that do not count. stale: those that are not so.
    """

    base: str
    head: str
    cells: tuple[tuple[str, str], ...]
    changes: tuple[Change, ...]
    novelties: tuple[Novelty, ...]
    removals: tuple[VariantRemovals, ...]
    edited: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    failure: str = ""
    reviews: tuple[ReviewChange, ...] = ()
    known: tuple[KnownOutcome, ...] = ()
    stale: tuple[Stale, ...] = ()

    def is_known_removal(self, variant: str, removal: Removal) -> bool:
        """Whether a file of known outcomes lists a removal."""
        return any((i.variant, i.removes) == (variant, removal.what) for i in self.known)

    @property
    def new_removals(self) -> tuple[VariantRemovals, ...]:
        """The removals that are not known."""
        left = (
            (
                lost,
                [item for item in lost.removals if not self.is_known_removal(lost.variant, item)],
            )
            for lost in self.removals
        )
        return tuple(VariantRemovals(lost.variant, items) for lost, items in left if items)

    @property
    def exit_code(self) -> int:
        """The exit code as of a run: a failure counts most; known outcomes do not count."""
        kinds = {change.kind for change in self.changes if not change.known}
        if self.failure:
            return BAD_INPUT
        if "error" in kinds or any(change.fate == "stage-failed" for change in self.reviews):
            return FAILED
        reviewed = any(change.regresses for change in self.reviews)
        return REGRESSED if "regression" in kinds or self.new_removals or reviewed else PASSED
