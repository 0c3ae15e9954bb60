"""What became of the differences that variants declare to make, in words."""

from __future__ import annotations

from dataclasses import dataclass

from zonediff.reports.page.index import Index, Link
from zonediff.result.judgements import IntentOutcome


@dataclass(frozen=True, slots=True)
class IntentView:
    """What became of a declared intent, in words."""

    variant: Link
    outcome: IntentOutcome
    text: str
    scenarios: tuple[Link, ...]


def fate(outcome: IntentOutcome) -> str:
    """What became of an intent."""
    if outcome.status == "overdue":
        return f"should have ended with {outcome.intent.until}, but is still there"
    return "happened as intended" if outcome.status == "happened" else "did not happen"


def intent_view(index: Index, outcome: IntentOutcome) -> IntentView:
    """What a report says of a declared intent."""
    return IntentView(
        variant=index.variant(outcome.variant),
        outcome=outcome,
        text=fate(outcome),
        scenarios=tuple(index.scenario(name) for name in outcome.scenarios),
    )
