"""The verdict on each claim of the discussion, for each variant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from zonediff.engine.trace import Reason

Verdict = Literal["supported", "refuted", "depends", "moot", "undecided"]
"""The verdict on a claim for a variant.

depends: part of it holds. moot: its premise does not hold, or it is not about the variant.
undecided: nothing that was run decides it.
"""


VERDICTS: Final[tuple[Verdict, ...]] = ("supported", "depends", "refuted", "moot", "undecided")


CasePart = Literal["given", "supported_if", "refuted_if", "besides"]
"""The role of a case: the premise of the claim, its support, its refutation, or a remark."""


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """One statement of a claim, and whether it holds.

    scenario: the scenario that decided it, empty if states were searched. detail: what decided it.
    percent: the computed and the claimed number, in words. steps: a sequence of steps that leads to
    the state in question. reasons: the kernel rules that decided it. unreliable: why the case
    decides nothing.
    """

    part: CasePart
    says: str
    holds: bool
    detail: str
    scenario: str = ""
    percent: str | None = None
    unreliable: str | None = None
    steps: list[str] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """A claim for one variant. condition: which cases hold and which do not, in words."""

    variant: str
    verdict: Verdict
    condition: str = ""
    cases: list[CaseOutcome] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ClaimOutcome:
    """A claim with its author, its mail (message-id and date), and the verdicts.

    undecidable: the part that no scenario can decide, and why.
    """

    id: str
    who: str
    says: str
    message: str
    date: str
    undecidable: str | None = None
    verdicts: list[ClaimVerdict] = field(default_factory=list)
