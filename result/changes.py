"""What changed from one result to another, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zonediff.engine.trace import Reason
from zonediff.result.exit_code import BAD_INPUT, FAILED, PASSED, REGRESSED
from zonediff.result.judgements import Kind, VariantRemovals


@dataclass(frozen=True, slots=True)
class Change:
    """A scenario on a variant that comes out otherwise.

    says: in what, weightiest first. reasons: the rules behind it, that did not decide it before.
    """

    scenario: str
    variant: str
    kind: Kind
    says: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Novelty:
    """A scenario or variant that only one of the results has."""

    what: Literal["scenario", "variant"]
    name: str
    added: bool


@dataclass(frozen=True, slots=True)
class Regression:
    """What changed from one result to another: of two revisions, or of two days.

    base, head: the results in words. cells: (scenario, variant) of all that both have.
    removals: what user space can use no more, by variant. edited: scenarios whose text is not the
    same in both. remarks: what else makes the two not alike.
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

    @property
    def exit_code(self) -> int:
        """As that of a run: a failure weighs more than a regression."""
        kinds = {change.kind for change in self.changes}
        if self.failure:
            return BAD_INPUT
        if "error" in kinds:
            return FAILED
        return REGRESSED if "regression" in kinds or self.removals else PASSED
