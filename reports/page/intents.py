"""Intents: the differences that variants declare, and whether they happened."""

from __future__ import annotations

from dataclasses import dataclass

from zonediff.reports.page.index import Index, Link
from zonediff.result.judgements import IntentOutcome


@dataclass(frozen=True, slots=True)
class IntentView:
    """A declared intent; text: whether it happened, in words."""

    variant: Link
    outcome: IntentOutcome
    text: str
    scenarios: tuple[Link, ...]


def fate(outcome: IntentOutcome) -> str:
    """Whether a declared difference happened, in words."""
    if outcome.status == "overdue":
        return f"should have ended with {outcome.intent.until}, but still happens"
    return "happened as intended" if outcome.status == "happened" else "did not happen"


def intent_view(index: Index, outcome: IntentOutcome) -> IntentView:
    """A declared intent with its links."""
    return IntentView(
        variant=index.variant(outcome.variant),
        outcome=outcome,
        text=fate(outcome),
        scenarios=tuple(index.scenario(name) for name in outcome.scenarios),
    )
