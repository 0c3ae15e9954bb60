"""The run of each scenario on each variant, and the comparison of candidates with the baseline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, get_args

from zonediff.engine.policy import Intent
from zonediff.engine.trace import Reason, Trace
from zonediff.result.counts import GoalCount

Kind = Literal[
    "error",
    "regression",
    "abi-removal",
    "fix",
    "behaviour-change",
    "not-judged",
    "unchanged",
]
"""The candidate's outcome compared with the baseline's, worst first.

error: the candidate failed. not-judged: nothing is known of one side, and the candidate did not
fail: a side is not modelled there, or the baseline failed.
"""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""Every kind, worst first."""


Severity = Literal["death", "killed", "memory", "zone", "refused", "text"]
"""The severity of a regression, worst first; SEVERITIES has the order and HARMS the words.

death: the candidate's kernel dies and the baseline's does not. killed: the OOM killer takes a
process that the baseline spares. memory: a block that ought to be online is not, or is not there.
zone: a block is online in another zone. refused: an action fails that ought to succeed. text: a
sysfs file reads otherwise.
"""

SEVERITIES: Final[tuple[Severity, ...]] = (
    "death",
    "killed",
    "memory",
    "zone",
    "refused",
    "text",
)

HARMS: Final[dict[Severity, str]] = {
    "death": "the kernel dies",
    "killed": "a process is killed",
    "memory": "memory is lost or cannot be used",
    "zone": "memory is in another zone",
    "refused": "an action is refused",
    "text": "a file reads otherwise",
}
"""Each severity as a clause."""

MILD: Final[tuple[Severity, ...]] = ("refused", "text")
"""The severities of regressions that cost no life and no memory."""


class Harmful(Protocol):
    """A difference that may be a regression: a judgement, or a change between two results."""

    @property
    def severity(self) -> Severity | None:
        """How much the regression hurts; None if that is not known."""

    @property
    def only_removal(self) -> Removal | None:
        """The removal that explains all of it."""


def by_harm(item: Harmful) -> int:
    """A key that sorts regressions, the worst first; those that only follow from removals last."""
    if item.only_removal is not None:
        return len(SEVERITIES) + 1
    known = item.severity is not None
    return SEVERITIES.index(item.severity) if known else len(SEVERITIES)


Status = Literal["ran", "died", "error", "not-modelled", "not-run"]
"""The outcome of a run: it is done, the kernel died, the subject itself failed, the model has no
rules for such a scenario, or the subject cannot run it on this machine."""


@dataclass(frozen=True, slots=True)
class GoalOutcome:
    """Whether a goal was met, with the fact that decided it (`memory32 is offline [Normal]`).

    moot: it was met only because its premise does not hold; then nothing is fixed.
    """

    want: str
    met: bool
    detail: str
    moot: bool = False

    def change_from(self, before: GoalOutcome) -> int:
        """1 if it is better than before, -1 if worse, 0 if equal or moot."""
        return 0 if self.moot and not before.met else self.met - before.met


@dataclass(frozen=True, slots=True)
class Run:
    """One scenario on one variant.

    error: the traceback when status is `error`, the cause when it is `not-modelled` or `not-run`.
    hash: of the scenario text that was run. counts: for a timed scenario that was run with many
    seeds, the number of seeds that met each goal. The trace is then that of the first seed, and a
    goal is met if every seed met it. microseconds: the time that the run took, None if it was not
    measured or comes from a store.
    """

    scenario: str
    variant: str
    status: Status
    trace: Trace | None = None
    goals: list[GoalOutcome] = field(default_factory=list)
    error: str | None = None
    hash: str = ""
    counts: list[GoalCount] = field(default_factory=list)
    microseconds: int | None = None


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
    `nodes`, `knob`, `devices` or `uevents`.
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
    """A name or value that user space can use on the baseline and not on the candidate."""

    what: str
    detail: str


def removal_names(removals: Iterable[Removal]) -> list[str]:
    """The removed names, each once: `probe`, `memhp_default_state (online_movable)`.

    In brackets are the values that a file or parameter no longer accepts, where it is still there.
    """
    values: dict[str, list[str]] = {}
    for item in removals:
        _, _, value = item.detail.partition("no longer accepts ")
        values.setdefault(item.what, []).extend([value.strip("'")] if value else [])
    return [f"{what} ({', '.join(of)})" if of else what for what, of in values.items()]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One scenario, candidate against baseline.

    kind: the worst of kinds. unjudged: for the kind `not-judged`, the variant without an outcome,
    and the reason: `upstream, because ...`. severity: None without a regression, and in results of
    older versions. follows_from: the removal that all its regressed goals follow from, None without
    one.
    """

    scenario: str
    variant: str
    kind: Kind
    kinds: list[Kind]
    goals: list[GoalJudgement] = field(default_factory=list)
    difference: Difference | None = None
    removals: list[Removal] = field(default_factory=list)
    intended: Intent | None = None
    severity: Severity | None = None
    follows_from: Removal | None = None
    unjudged: str = ""

    @property
    def only_removal(self) -> Removal | None:
        """The removal that explains all of a regression that costs no life and no memory."""
        return self.follows_from if self.severity in MILD else None


@dataclass(frozen=True, slots=True)
class VariantRemovals:
    """The removals of a candidate from the interface, used by a scenario or not."""

    variant: str
    removals: list[Removal]


@dataclass(frozen=True, slots=True)
class IntentOutcome:
    """A declared intent, and whether it `happened`, is `missing` or is `overdue`."""

    variant: str
    intent: Intent
    status: Literal["happened", "missing", "overdue"]
    scenarios: list[str] = field(default_factory=list)
