"""The claim ledger: what people claimed, and what became of it on each variant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from zonediff.reports.page.index import Index, Link
from zonediff.result.claims import VERDICTS, ClaimOutcome, ClaimVerdict, Verdict

SIGNS: Final[dict[Verdict, str]] = {
    "supported": "✓",
    "depends": "~",
    "refuted": "✗",
    "moot": "○",
    "undecided": "?",
}
"""The sign beside each verdict, so that colour is never the only one."""

MEANINGS: Final[dict[Verdict, str]] = {
    "supported": "what was run shows it",
    "depends": "part of it holds; the condition says which",
    "refuted": "what was run shows the opposite",
    "moot": "its premise does not hold there, or it does not speak of the variant",
    "undecided": "nothing that was run decides it",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """Variants on which a claim fares the same, for the same reasons.

    scenarios: of each case, the scenario that decided it (None: states were searched).
    """

    variants: tuple[Link, ...]
    verdict: ClaimVerdict
    scenarios: tuple[Link | None, ...]


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim and its verdicts, those that occur first in the order of VERDICTS."""

    link: Link
    claim: ClaimOutcome
    judged: tuple[Judged, ...]


def ledger(index: Index) -> tuple[ClaimView, ...]:
    """Every claim of the result."""
    return tuple(
        ClaimView(index.claim(claim.id), claim, _judged(index, claim))
        for claim in index.result.claims
    )


def _judged(index: Index, claim: ClaimOutcome) -> tuple[Judged, ...]:
    groups: list[Judged] = []
    for verdict in claim.verdicts:
        link = index.variant(verdict.variant)
        for number, group in enumerate(groups):
            if replace(group.verdict, variant="") == replace(verdict, variant=""):
                groups[number] = replace(group, variants=(*group.variants, link))
                break
        else:
            cases = [case.scenario for case in verdict.cases]
            links = tuple(index.scenario(name) if name else None for name in cases)
            groups.append(Judged((link,), verdict, links))
    return tuple(sorted(groups, key=lambda group: VERDICTS.index(group.verdict.verdict)))
