"""A review of a patch series on real kernels, as plain data.

A review builds a kernel of each stage of a series, compares stages over sequences of steps, and
keeps every difference that fresh boots confirm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

_OUTSIDE: Final = re.compile(r"boot|(?:plug|unplug) \S+")
_PREFIX: Final = re.compile(r"^\[[^\]]*\]\s*")

StageOutcome = Literal["ready", "does-not-apply", "does-not-build", "same-code", "not-built"]
"""The outcome of building a stage: a kernel to run; a patch that does not apply; sources that do
not build; a kernel with the machine code of the stage before, which is not run again; or not
attempted."""

FAILED_STAGES: Final[tuple[StageOutcome, ...]] = ("does-not-apply", "does-not-build")
"""The outcomes of a stage that has no kernel although one was wanted."""

WITH_KERNEL: Final[tuple[StageOutcome, ...]] = ("ready", "same-code")
"""The outcomes of a stage that has a kernel, its own or an equal one."""

Harm = Literal[
    "died",
    "warned",
    "leaked",
    "refused",
    "lost-memory",
    "allowed",
    "removed",
    "text",
]
"""The harm of a difference to the candidate, worst first; of a fix, the harm to the baseline.

died: its kernel dies or hangs. warned: its console shows a warning, a BUG or a leak. leaked: no
sequence gets a block or a resource back. refused: it refuses a step that the baseline allows.
lost-memory: memory is offline or absent. allowed: it allows a step that the baseline refuses.
removed: a file is gone. text: a file reads otherwise.
"""

HARMS: Final[tuple[Harm, ...]] = get_args(Harm)
"""Every harm, worst first."""

HARM_WORDS: Final[dict[Harm, str]] = {
    "died": "the kernel dies or hangs",
    "warned": "the console shows a warning, a BUG or a leak",
    "leaked": "a block or a resource is not given back",
    "refused": "a step is refused that was allowed",
    "lost-memory": "memory is offline or absent",
    "allowed": "a step is allowed that was refused",
    "removed": "a file is gone",
    "text": "a file reads otherwise",
}
"""Each harm as a clause about the candidate."""

FIX_WORDS: Final[dict[Harm, str]] = {
    "died": "the kernel no longer dies or hangs",
    "warned": "the console no longer shows a warning, a BUG or a leak",
    "leaked": "a block or a resource is given back again",
    "refused": "a step is allowed again",
    "lost-memory": "memory is no longer offline or absent",
    "allowed": "a step is refused again",
    "removed": "a file is there again",
    "text": "a file reads otherwise",
}
"""Each harm as a clause about a candidate that undoes it."""

ReviewVerdict = Literal["regression", "fix", "behaviour-change", "abi-removal", "sometimes"]
"""The verdict on a difference by the general rules; sometimes: fresh boots do not always show
it."""

REVIEW_VERDICTS: Final[tuple[ReviewVerdict, ...]] = (
    "regression",
    "abi-removal",
    "fix",
    "behaviour-change",
    "sometimes",
)
"""Every verdict, in the order of reports."""

BOOT: Final = "boot"
"""The command of a step that stands for booting: a difference is there before any step."""

SettledClaim = Literal["confirmed", "refuted", "not settled"]
"""The outcome of running the steps of a claim."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A kernel of a series: the base, the base with the first patches, or an image that existed.

    name: `base`, `3/8`, `v6`, or an image's name. patch: the subject of its last patch, with
    message_id or commit. problem: why there is no kernel: the hunk, or the last error of the build.
    release: as the kernel reports it. config, image: digests. compiler: its version line.
    """

    name: str
    outcome: StageOutcome
    patch: str = ""
    message_id: str = ""
    commit: str = ""
    problem: str = ""
    release: str = ""
    config: str = ""
    compiler: str = ""
    image: str = ""

    @property
    def title(self) -> str:
        """The subject of its patch without `[PATCH v6 3/8]`, else its release or commit."""
        return _PREFIX.sub("", self.patch) or self.release or self.commit[:12]


@dataclass(frozen=True, slots=True)
class ReviewStep:
    """A step of a reproduction and its results; None is success.

    command: a shell command of the guest, or what happens outside of it: `boot`, `plug DIMM`,
    `unplug DIMM`.
    """

    command: str
    baseline: str | None = None
    candidate: str | None = None

    @property
    def in_shell(self) -> bool:
        """Whether the command is for a shell of the guest."""
        return _OUTSIDE.fullmatch(self.command) is None


@dataclass(frozen=True, slots=True)
class ReadingDifference:
    """A line that reads otherwise after the last step; None where a side has no such line.

    source: the file it stands in, or `console`.
    """

    source: str
    baseline: str | None
    candidate: str | None


@dataclass(frozen=True, slots=True)
class Cause:
    """Differences with the same deciding step and the same changed parts, by their shortest one.

    transitions: how many explored transitions show it. shown, boots: on how many of the fresh boots
    the steps showed it again: on all of them, except for `sometimes`. reasons: the words of a model
    of the base, if there is one.
    """

    harm: Harm
    verdict: ReviewVerdict
    steps: list[ReviewStep]
    readings: list[ReadingDifference]
    transitions: int
    shown: int
    boots: int
    says: str = ""
    reasons: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """The harm as a clause: `a step is refused that was allowed`."""
        if self.harm == "text" and self.steps and not self.readings:
            return "a step fails with another error"
        return (FIX_WORDS if self.verdict == "fix" else HARM_WORDS)[self.harm]

    @property
    def rank(self) -> tuple[int, int, int]:
        """A key that sorts causes: by verdict, then the worst harm, then the fewest steps."""
        return REVIEW_VERDICTS.index(self.verdict), HARMS.index(self.harm), len(self.steps)


@dataclass(frozen=True, slots=True)
class StageComparison:
    """Two stages compared over all sequences of steps.

    states, transitions: their numbers, of both stages. closed: no sequence of any length leads
    elsewhere; else all sequences of `depth` steps were compared. hidden_depth: further steps that
    were tried for state which no file shows. not_tested: what was left out, a sentence each.
    """

    baseline: str
    candidate: str
    states: tuple[int, int]
    transitions: tuple[int, int]
    pairs: int
    closed: bool
    depth: int
    hidden_depth: int = 0
    causes: list[Cause] = field(default_factory=list)
    not_tested: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReviewClaim:
    """A claim about the series, settled on each stage by running its steps.

    outcomes: by the name of the stage.
    """

    id: str
    says: str
    message_id: str
    outcomes: dict[str, SettledClaim]


@dataclass(frozen=True, slots=True)
class Review:
    """A patch series reviewed on one machine.

    series: its title. tree: the sources it was built on, and base, their revision or version.
    wanted_base: the `base-commit` that the series names, empty if it names none. alphabet: the
    steps that were tried, as shell commands of the guest. about: the machine in words.
    configuration: how the kernels were configured, in words. notes: what a reader should know of
    how the series was read and built, a sentence each.
    """

    series: str
    tree: str
    base: str
    machine: str
    about: str
    alphabet: list[str]
    stages: list[Stage]
    comparisons: list[StageComparison]
    wanted_base: str = ""
    claims: list[ReviewClaim] = field(default_factory=list)
    configuration: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def whole(self) -> StageComparison | None:
        """The comparison of the last stage that has a kernel with the first, if it was made."""
        kernels = [stage.name for stage in self.stages if stage.outcome in WITH_KERNEL]
        if not kernels:
            return None
        pair = (kernels[0], kernels[-1])
        return next((c for c in self.comparisons if (c.baseline, c.candidate) == pair), None)

    @property
    def failed(self) -> list[Stage]:
        """The stages that do not apply or do not build."""
        return [stage for stage in self.stages if stage.outcome in FAILED_STAGES]
