"""The stages of a series that change the outcome of a scenario: plain data."""

from __future__ import annotations

from dataclasses import dataclass

from zonediff.result.judgements import Judgement


@dataclass(frozen=True, slots=True)
class Bisection:
    """One scenario: each stage judged against the one before it (the first, the baseline)."""

    scenario: str
    steps: tuple[Judgement, ...]

    @property
    def first(self) -> Judgement | None:
        """The first stage that changes anything."""
        same = ("unchanged", "not-judged")
        return next((step for step in self.steps if step.kind not in same), None)

    @property
    def judged(self) -> bool:
        """Whether any stage could be judged."""
        return any(step.kind != "not-judged" for step in self.steps)
