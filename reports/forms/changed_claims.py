"""The claims of a discussion on which a candidate changes the verdict."""

from __future__ import annotations

from collections.abc import Iterator

from zonediff.result.claims import ClaimOutcome
from zonediff.result.result import Result


def claims_that_change(result: Result) -> Iterator[tuple[ClaimOutcome, str]]:
    """The claims on which a candidate's verdict is another than the baseline's, in words.

    A claim that is not about a candidate, or that nothing decides on it, does not change.
    """
    for claim in result.claims:
        verdicts = {item.variant: item.verdict for item in claim.verdicts}
        before = verdicts.pop(result.baseline, "undecided")
        changed: dict[str, list[str]] = {}
        for variant, verdict in verdicts.items():
            if verdict not in (before, "moot", "undecided"):
                changed.setdefault(verdict, []).append(variant)
        if changed:
            now = "; ".join(f"{verdict} on {', '.join(on)}" for verdict, on in changed.items())
            yield claim, f"{before} on {result.baseline}, {now}"
