"""The outcome of each goal and claim on one kernel release after the other."""

from __future__ import annotations

from dataclasses import dataclass, field

from zonediff.engine.policy import Intent
from zonediff.engine.trace import Reason
from zonediff.result.claims import ClaimVerdict


@dataclass(frozen=True, slots=True)
class Release:
    """A kernel on the time line. released: the date (ISO)."""

    variant: str
    released: str
    origin: str
    summary: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A release with another outcome than the release before it.

    variant: the release. scenario: the scenario, empty if states were searched. what: the goal, or
    a claim's statement. met: whether it is met from this release on. before, after: the two
    outcomes in words. before_reasons, after_reasons: the rules that decided only that side. intent:
    the release's own declaration about the difference.
    """

    variant: str
    scenario: str
    what: str
    met: bool
    before: str
    after: str
    before_reasons: list[Reason] = field(default_factory=list)
    after_reasons: list[Reason] = field(default_factory=list)
    intent: Intent | None = None


@dataclass(frozen=True, slots=True)
class GoalHistory:
    """A goal along the time line.

    met: whether the oldest release meets it that could be judged; None if none could. moot: the
    releases to which the goal does not apply, as its premise does not hold; they have no turns.
    """

    want: str
    met: bool | None
    turns: list[Turn] = field(default_factory=list)
    moot: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ScenarioHistory:
    """A scenario along the time line.

    results: for each release the result of each step, in words. A kernel that died has fewer steps,
    a release that could not be judged has none. unjudged: those releases, each with the cause.
    """

    scenario: str
    steps: list[str]
    results: list[list[str]]
    goals: list[GoalHistory]
    unjudged: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClaimHistory:
    """A claim along the time line: its verdict on each release.

    verdicts: without their cases. turns: the cases whose outcome changed.
    """

    id: str
    who: str
    says: str
    verdicts: list[ClaimVerdict]
    turns: list[Turn] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class History:
    """The outcomes of all goals and claims, release by release, the oldest first."""

    releases: list[Release]
    scenarios: list[ScenarioHistory] = field(default_factory=list)
    claims: list[ClaimHistory] = field(default_factory=list)
