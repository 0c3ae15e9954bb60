"""The run of each scenario on each variant, and the comparison of candidates with the baseline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from zonediff.engine.policy import Intent
from zonediff.engine.trace import Reason, Trace
from zonediff.result.counts import GoalCount

Kind = Literal[
    "error",
    "regression",
    "abi-removal",
    "fix",
    "behaviour-change",
    "unchanged",
]
"""The kind of difference between a candidate's outcome and the baseline's, worst first."""


KINDS: Final[tuple[Kind, ...]] = (
    "error",
    "regression",
    "abi-removal",
    "fix",
    "behaviour-change",
    "unchanged",
)


Status = Literal["ran", "died", "error", "not-run"]
"""How a run ended.

ran: it reached the last step. died: the kernel died. error: the variant itself failed. not-run: the
variant cannot run such a scenario.
"""


@dataclass(frozen=True, slots=True)
class GoalOutcome:
    """Whether a goal was met, and what decided it (`memory32 is offline [Normal]`)."""

    want: str
    met: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Run:
    """One scenario on one variant.

    error: the traceback if status is `error`, the reason if it is `not-run`. hash: that of the
    scenario as it was run. counts: of a timed scenario with many seeds, how often each goal was
    met; the trace is then that of the first seed, and a goal is met if it was met with every seed.
    """

    scenario: str
    variant: str
    status: Status
    trace: Trace | None = None
    goals: list[GoalOutcome] = field(default_factory=list)
    error: str | None = None
    hash: str = ""
    counts: list[GoalCount] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GoalJudgement:
    """One goal on both sides, and the kind of difference."""

    want: str
    baseline: bool
    candidate: bool
    kind: Kind
    baseline_detail: str
    candidate_detail: str


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where two traces differ.

    step, act: indices into the trace; step -1 is the boot.
    what: `end` (one kernel died, or they died differently), `acts` (user space did something
    else), `killed` (the OOM killer took other processes), `result`, `output`, `blocks`, `zones`,
    `nodes`, `knob` or `uevents`.
    baseline, candidate: both sides in words. reasons: the rules that decided each side.
    later: how many further acts differ after this one.
    """

    step: int
    act: int
    what: str
    do: str
    baseline: str
    candidate: str
    baseline_reasons: list[Reason] = field(default_factory=list)
    candidate_reasons: list[Reason] = field(default_factory=list)
    later: int = 0


@dataclass(frozen=True, slots=True)
class Removal:
    """Something user space could use with the baseline and cannot with the candidate."""

    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """One scenario on a candidate, compared with the baseline. kind: the worst of `kinds`."""

    scenario: str
    variant: str
    kind: Kind
    kinds: list[Kind]
    goals: list[GoalJudgement] = field(default_factory=list)
    difference: Difference | None = None
    removals: list[Removal] = field(default_factory=list)
    intended: Intent | None = None


@dataclass(frozen=True, slots=True)
class VariantRemovals:
    """What a candidate removes from the interface, whether or not a scenario uses it."""

    variant: str
    removals: list[Removal]


@dataclass(frozen=True, slots=True)
class IntentOutcome:
    """A declared intent, and whether it `happened`, is `missing` or is `overdue`."""

    variant: str
    intent: Intent
    status: Literal["happened", "missing", "overdue"]
    scenarios: list[str] = field(default_factory=list)
