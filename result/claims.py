"""What became of each claim of a discussion, on each variant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from zonediff.engine.trace import Reason

Verdict = Literal["supported", "refuted", "depends", "moot", "undecided"]
"""What became of a claim on a variant.

depends: part of it holds. moot: its premise does not hold there, or it does not speak of the
variant. undecided: nothing that was run decides it.
"""


VERDICTS: Final[tuple[Verdict, ...]] = ("supported", "depends", "refuted", "moot", "undecided")


CasePart = Literal["given", "supported_if", "refuted_if", "besides"]
"""What a case is for: the claim's premise, its support, its refutation, or to be known."""


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """One thing that a claim says, and whether it is so.

    scenario: the run that decided it, empty where states were searched. detail: what decided it.
    percent: the number that was computed and the one claimed, in words. steps: a sequence of
    steps that leads to the state in question. reasons: the kernel rules behind it.
    unreliable: why the case decides nothing.
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
    """A claim on one variant. condition: when it holds and when not, in words, with the numbers."""

    variant: str
    verdict: Verdict
    condition: str = ""
    cases: list[CaseOutcome] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ClaimOutcome:
    """What someone claimed, where (message-id and date), and what became of it.

    undecidable: what no scenario can decide, and why.
    """

    id: str
    who: str
    says: str
    message: str
    date: str
    undecidable: str | None = None
    verdicts: list[ClaimVerdict] = field(default_factory=list)
