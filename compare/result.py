"""The result of a run over scenarios and variants: the one source of every report.

Written as JSON (docs/result-schema.md); these classes are that schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from zonediff.engine.policy import Intent, Interface
from zonediff.engine.trace import Reason, Trace

SCHEMA: Final = "zonediff-result/1"

Kind = Literal[
    "error",
    "regression",
    "abi-removal",
    "fix",
    "behaviour-change",
    "unchanged",
]
"""How a candidate's outcome stands to the baseline's, worst first."""

KINDS: Final[tuple[Kind, ...]] = (
    "error",
    "regression",
    "abi-removal",
    "fix",
    "behaviour-change",
    "unchanged",
)

Status = Literal["ran", "died", "error"]
"""What became of a run: done, the kernel died in it, or the subject itself failed."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What real kernels say about a variant: recorded steps that its model predicts."""

    kernel: str
    recording: str
    traces: int
    steps: int
    agreeing_traces: int
    agreeing_steps: int


@dataclass(frozen=True, slots=True)
class VariantInfo:
    """A variant as the report introduces it.

    where: where its code comes from. lineage: its own name, then the variants it builds on.
    """

    name: str
    summary: str
    description: str
    origin: str
    where: str
    interface: Interface
    lineage: list[str] = field(default_factory=list)
    intends: list[Intent] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ScenarioInfo:
    """A scenario as the report introduces it; machine, steps and goals in their JSON form."""

    id: str
    title: str
    why: str
    claims: list[str]
    file: str
    hash: str
    machine: dict[str, Any]
    steps: list[dict[str, Any]]
    goals: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class GoalOutcome:
    """Whether a goal was met, and what decided it (`memory32 is offline [Normal]`)."""

    want: str
    met: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Run:
    """One scenario on one variant.

    error: the traceback when status is `error`. hash: of the scenario text that was run.
    """

    scenario: str
    variant: str
    status: Status
    trace: Trace | None = None
    goals: list[GoalOutcome] = field(default_factory=list)
    error: str | None = None
    hash: str = ""


@dataclass(frozen=True, slots=True)
class GoalJudgement:
    """One goal on both sides, and what that makes it."""

    want: str
    baseline: bool
    candidate: bool
    kind: Kind
    baseline_detail: str
    candidate_detail: str


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where two traces part.

    step, act: indices into the trace; step -1 is the boot.
    what: `end` (one kernel died, or they died differently), `acts` (user space did something
    else), `result`, `output`, `blocks`, `zones`, `nodes`, `knob` or `uevents`.
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
    """One scenario, candidate against baseline. kind: the worst of kinds."""

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
    """The interface that a candidate takes away, whichever scenario uses it."""

    variant: str
    removals: list[Removal]


@dataclass(frozen=True, slots=True)
class IntentOutcome:
    """What became of a declared intent: it `happened`, is `missing`, or is `overdue`."""

    variant: str
    intent: Intent
    status: Literal["happened", "missing", "overdue"]
    scenarios: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Result:
    """Everything; `complete` is False when the run was interrupted."""

    baseline: str
    variants: list[VariantInfo]
    scenarios: list[ScenarioInfo]
    runs: list[Run]
    judgements: list[Judgement]
    removals: list[VariantRemovals] = field(default_factory=list)
    intents: list[IntentOutcome] = field(default_factory=list)
    complete: bool = True
    version: str = ""
    schema: str = SCHEMA
