"""The changes from one result to another, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zonediff.engine.trace import Reason
from zonediff.result.exit_code import BAD_INPUT, FAILED, PASSED, REGRESSED
from zonediff.result.judgements import Kind, VariantRemovals


@dataclass(frozen=True, slots=True)
class Change:
    """A scenario on a variant whose outcome changed.

    says: the changes in words, most important first. reasons: the rules that decided it now and did
    not decide it before.
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
    """The changes from one result to another, as of two revisions or two days.

    base, head: the two results in words. cells: (scenario, variant) of all runs in both.
    removals: what user space can no longer use, by variant. edited: scenarios with different texts
    in the two. remarks: other reasons why the two are hard to compare.
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
        """The exit code as of a run: a failure counts more than a regression."""
        kinds = {change.kind for change in self.changes}
        if self.failure:
            return BAD_INPUT
        if "error" in kinds:
            return FAILED
        return REGRESSED if "regression" in kinds or self.removals else PASSED
