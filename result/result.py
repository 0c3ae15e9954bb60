"""The result of a run over scenarios and variants: the one source of every report.

Written as JSON (docs/result-schema.md); these classes are that schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from zonediff.engine.policy import Intent, Interface
from zonediff.result.claims import ClaimOutcome
from zonediff.result.explorations import Exploration, Portrait
from zonediff.result.frontiers import Frontier
from zonediff.result.history import History
from zonediff.result.judgements import IntentOutcome, Judgement, Run, VariantRemovals
from zonediff.result.known import KnownOutcome
from zonediff.result.reviews import Review
from zonediff.result.series import LineUp

SCHEMA: Final = "zonediff-result/1"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The number of recorded traces and steps of a real kernel that a variant's model predicts."""

    kernel: str
    recording: str
    traces: int
    steps: int
    agreeing_traces: int
    agreeing_steps: int


@dataclass(frozen=True, slots=True)
class VariantInfo:
    """The description of a variant.

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
    """The description of a scenario; machine, steps and goals in their JSON form."""

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
class Source:
    """The git revision of something that a result was made from.

    what: `zonediff`, `variant file` or `corpus`. name: of the file or folder. revision: the commit,
    None outside a repository. dirty: whether the files differ from it.
    """

    what: str
    name: str
    revision: str | None = None
    dirty: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a run. complete: False if the run was interrupted.

    history: the outcomes on one kernel release after the other. seed, seeds: the first seed and the
    number of seeds for timed scenarios. command: the command line, without output files.
    versions: of Python and of packages that affect outcomes, by name.
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
    reviews: list[Review] = field(default_factory=list)
    known: list[KnownOutcome] = field(default_factory=list)
    complete: bool = True
    seed: int = 0
    seeds: int = 1
    command: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    version: str = ""
    schema: str = SCHEMA
