"""The result of a run over scenarios and variants: the one source of every report.

Written as JSON (docs/result-schema.md); these classes are that schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from zonediff.compare.explore.findings import Exploration, Portrait
from zonediff.compare.series.findings import LineUp
from zonediff.compare.simulate.statistics import GoalCount
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

Status = Literal["ran", "died", "error", "not-run"]
"""What became of a run: done, the kernel died in it, the subject itself failed, or it is not one
that can run such a scenario."""


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

    error: the traceback when status is `error`, the cause when it is `not-run`. hash: of the
    scenario text that was run. counts: of a timed scenario that was run with many seeds, in how
    many each goal was met; the trace is that of the first, and a goal is met if it always was.
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


@dataclass(frozen=True, slots=True)
class Release:
    """A kernel on the time line. released: the date (ISO)."""

    variant: str
    released: str
    origin: str
    summary: str


@dataclass(frozen=True, slots=True)
class Turn:
    """Where an outcome turned: from this release on it is another than on the one before.

    variant: the release. scenario: where it was seen, empty where states were searched. what: the
    goal, or what a claim says. met: whether it is met from here on. before, after: how it came out
    on either side, in words; before_reasons, after_reasons: the rule that decided there, if it is
    another than on the other side. intent: what the release declares about the difference.
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
    """A goal along the time line. met: whether the oldest release meets it."""

    want: str
    met: bool
    turns: list[Turn] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ScenarioHistory:
    """A scenario along the time line.

    results: for each release what each step gave, in words; fewer steps where the kernel died.
    """

    scenario: str
    steps: list[str]
    results: list[list[str]]
    goals: list[GoalHistory]


@dataclass(frozen=True, slots=True)
class ClaimHistory:
    """A claim along the time line: its verdict on each release, and what turned with it.

    verdicts: without their cases. turns: the cases that came out otherwise than before.
    """

    id: str
    who: str
    says: str
    verdicts: list[ClaimVerdict]
    turns: list[Turn] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class History:
    """What became of every goal and claim from release to release, the oldest first."""

    releases: list[Release]
    scenarios: list[ScenarioHistory] = field(default_factory=list)
    claims: list[ClaimHistory] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FrontierRow:
    """A machine with `base` bytes of boot memory, to which more and more is added.

    free_kib: free in kernel zones before. least_kib: for each size of the frontier what is left
    there when it is scarcest, None where the kernel does not survive the addition. inferred: the
    sizes, by their place, that were not run, as those around them tell what becomes of them; what
    is left there is no less.
    """

    base: int
    free_kib: int
    least_kib: list[int | None]
    inferred: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Frontier:
    """How much memory machines survive being added, on one variant.

    path: how it comes; onliner: who onlines it (zonediff.compare.sweep.plan has the words).
    added: the sizes that were tried, ascending, in bytes.
    """

    variant: str
    path: str
    onliner: str
    added: list[int]
    rows: list[FrontierRow]


@dataclass(frozen=True, slots=True)
class Source:
    """Where something that a result was made from stands in git.

    what: `zonediff`, `variant file` or `corpus`; name: of the file or folder. revision: the
    commit, None outside a repository; dirty: whether the files differ from it.
    """

    what: str
    name: str
    revision: str | None = None
    dirty: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """Everything; `complete` is False when the run was interrupted.

    history: how kernels of one release after the other fare in these scenarios.
    seed, seeds: timed scenarios were run with so many seeds from that one on. command: the command
    line that asked for it, less where to write; versions: of what the outcome depends on, by name.
    """

    baseline: str
    variants: list[VariantInfo]
    scenarios: list[ScenarioInfo]
    runs: list[Run]
    judgements: list[Judgement]
    removals: list[VariantRemovals] = field(default_factory=list)
    intents: list[IntentOutcome] = field(default_factory=list)
    claims: list[ClaimOutcome] = field(default_factory=list)
    frontiers: list[Frontier] = field(default_factory=list)
    history: History | None = None
    explorations: list[Exploration] = field(default_factory=list)
    portraits: list[Portrait] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    series: list[LineUp] = field(default_factory=list)
    complete: bool = True
    seed: int = 0
    seeds: int = 1
    command: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    version: str = ""
    schema: str = SCHEMA
