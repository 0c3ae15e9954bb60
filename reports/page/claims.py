"""Claims: statements about patches, and the verdict for each variant."""

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
    "supported": "the runs show that it holds",
    "depends": "some cases hold; the condition says when",
    "refuted": "the runs show the opposite",
    "moot": "does not apply: the premise does not hold, or the claim is not about this variant",
    "undecided": "no run decides it",
}


@dataclass(frozen=True, slots=True)
class ClaimGroup:
    """Variants with the same verdict on a claim, for the same reasons.

    scenarios: for each case the scenario that decided it, None where a search of states did.
    """

    variants: tuple[Link, ...]
    verdict: ClaimVerdict
    scenarios: tuple[Link | None, ...]


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim and its verdicts, in the order of VERDICTS."""

    link: Link
    claim: ClaimOutcome
    judged: tuple[ClaimGroup, ...]


def claim_views(index: Index) -> tuple[ClaimView, ...]:
    """Every claim of the result."""
    return tuple(
        ClaimView(index.claim(claim.id), claim, _judged(index, claim))
        for claim in index.result.claims
    )


def _judged(index: Index, claim: ClaimOutcome) -> tuple[ClaimGroup, ...]:
    groups: list[ClaimGroup] = []
    for verdict in claim.verdicts:
        link = index.variant(verdict.variant)
        for number, group in enumerate(groups):
            if replace(group.verdict, variant="") == replace(verdict, variant=""):
                groups[number] = replace(group, variants=(*group.variants, link))
                break
        else:
            cases = [case.scenario for case in verdict.cases]
            links = tuple(index.scenario(name) if name else None for name in cases)
            groups.append(ClaimGroup((link,), verdict, links))
    return tuple(sorted(groups, key=lambda group: VERDICTS.index(group.verdict.verdict)))
