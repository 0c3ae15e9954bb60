"""A claim: a statement from the discussion, and the outcomes that decide whether it is true.

Plain data. `claim_files` reads claims from files, `zonediff.compare.claims` judges them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from zonediff.corpus.scenario import BlocksGoal, KnobGoal, NodesGoal, Predicate
from zonediff.engine.machine import Machine
from zonediff.engine.steps import Blocks, Step
from zonediff.engine.trace import End


@dataclass(frozen=True, slots=True)
class Mail:
    """A message on a public mailing list, with its date (ISO)."""

    message: str
    date: str


@dataclass(frozen=True, slots=True)
class GoalMet:
    """The run meets this goal of the scenario, given by its `want` or its number from 1."""

    goal: str | int


@dataclass(frozen=True, slots=True)
class Died:
    """The kernel died in this way."""

    died: End


@dataclass(frozen=True, slots=True)
class Decided:
    """A rule decided an act of the step `at`, or of any step, with these numbers.

    numbers: `name=value` each. percent: arithmetic over the rule's numbers; its result, in per
    cent, may differ from `claimed` by at most `tolerance`.
    """

    rule: str
    at: str | int | None = None
    numbers: tuple[str, ...] = ()
    percent: str | None = None
    claimed: str | int | None = None
    tolerance: str | int = 0


@dataclass(frozen=True, slots=True)
class Uevent:
    """The step `at` sends this uevent; those of consecutive blocks are one, `add memory32-39`."""

    uevent: str
    at: str | int


@dataclass(frozen=True, slots=True)
class Zoneinfo:
    """A zone has this many pages at the end or after a step; a missing zone has 0.

    zoneinfo: the zone, `0/Normal`.
    """

    zoneinfo: str
    spanned: int | None = None
    present: int | None = None
    after: str | int | None = None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two zones, `[0/Normal, 0/Movable]`, have a page in both spans, at the end or after a step."""

    overlap: tuple[str, ...]
    after: str | int | None = None


@dataclass(frozen=True, slots=True)
class FirstName:
    """A plain `online` in this step puts each block where its `valid_zones` said first."""

    first_name: str | int


State = BlocksGoal | KnobGoal | NodesGoal | Zoneinfo | Overlap
"""Conditions on a single moment."""

Outcome = Predicate | GoalMet | Died | Decided | Uevent | Zoneinfo | Overlap | FirstName
"""Conditions on a run."""


@dataclass(frozen=True, slots=True)
class OfRuns:
    """A condition that has to hold in every one of these scenarios, given by id."""

    scenarios: tuple[str, ...]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The steps of a search: values to write to each block, and other primitive steps."""

    blocks: Blocks
    values: tuple[str, ...]
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class OfStates:
    """Some sequence of steps leads this machine to a state in which all these conditions hold.

    states: the most states to explore before giving up.
    """

    reachable: tuple[State, ...]
    machine: Machine
    alphabet: Alphabet
    states: int


@dataclass(frozen=True, slots=True)
class Case:
    """One statement of a claim, and the condition that has to hold if it is true.

    met: False if the condition must not hold. on: the variants that it is about, as for a claim.
    unreliable: why the statement is unreliable; the case then decides nothing.
    """

    says: str
    check: OfRuns | OfStates
    met: bool = True
    on: tuple[str, ...] = ()
    unreliable: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, with the cases by which a variant is judged.

    on: the variants that it is about, as glob patterns; empty means all. For others it is moot.
    given: the claim's premise; where a case of it fails, the claim is moot.
    supported_if: the claim is supported if all of these hold.
    refuted_if: the claim is refuted if any of these holds. Without these, it is refuted if all of
    supported_if fail.
    besides: cases that decide nothing and are shown as remarks.
    undecidable: the part that no scenario can decide, and why; supported_if may then be empty.
    """

    id: str
    who: str
    says: str
    where: Mail
    supported_if: tuple[Case, ...] = ()
    refuted_if: tuple[Case, ...] = ()
    given: tuple[Case, ...] = ()
    besides: tuple[Case, ...] = ()
    on: tuple[str, ...] = ()
    undecidable: str | None = None
    file: str = ""

    @property
    def cases(self) -> Iterator[Case]:
        """All cases of all parts."""
        for part in (self.given, self.supported_if, self.refuted_if, self.besides):
            yield from part

    @property
    def scenarios(self) -> list[str]:
        """The ids of the scenarios that its cases name, each once."""
        checks = [case.check for case in self.cases]
        ids = [name for check in checks if isinstance(check, OfRuns) for name in check.scenarios]
        return list(dict.fromkeys(ids))
