"""A claim: what someone said in the discussion, and the outcomes that decide whether it is so.

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
    """Where something was said: a message on a public mailing list, and its date (ISO)."""

    message: str
    date: str


@dataclass(frozen=True, slots=True)
class GoalMet:
    """A goal of the scenario, by its `want` or its number from 1, is met."""

    goal: str | int


@dataclass(frozen=True, slots=True)
class Died:
    """The kernel died of it, and in this way."""

    died: End


@dataclass(frozen=True, slots=True)
class Decided:
    """A rule decided an act of the step `at` (any step without it), with these numbers in it.

    numbers: `name=value` each. percent: arithmetic over the rule's numbers whose result, times a
    hundred, has to be `claimed`, give or take `tolerance`.
    """

    rule: str
    at: str | int | None = None
    numbers: tuple[str, ...] = ()
    percent: str | None = None
    claimed: str | int | None = None
    tolerance: str | int = 0


@dataclass(frozen=True, slots=True)
class Uevent:
    """The step `at` sends this uevent; a run over ascending blocks is one, `add memory32-39`."""

    uevent: str
    at: str | int


@dataclass(frozen=True, slots=True)
class Zoneinfo:
    """A zone spans and holds so many pages, at the end or after a step; a missing zone has 0."""

    zoneinfo: str
    spanned: int | None = None
    present: int | None = None
    after: str | int | None = None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two zones, `[0/Normal, 0/Movable]`, span a page in common, at the end or after a step."""

    overlap: tuple[str, ...]
    after: str | int | None = None


State = BlocksGoal | KnobGoal | NodesGoal | Zoneinfo | Overlap
"""What can be asked of a single moment."""

Outcome = Predicate | GoalMet | Died | Decided | Uevent | Zoneinfo | Overlap
"""What can be asked of a run."""


@dataclass(frozen=True, slots=True)
class OfRuns:
    """What has to hold in every one of these scenarios, by id."""

    scenarios: tuple[str, ...]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Alphabet:
    """What may be written to blocks, again and again, and other primitive steps that may happen."""

    blocks: Blocks
    values: tuple[str, ...]
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class OfStates:
    """A state, all of it at one moment, that some sequence of steps leads to on this machine.

    states: give up after so many states.
    """

    reachable: tuple[State, ...]
    machine: Machine
    alphabet: Alphabet
    states: int


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that a claim says, and what has to hold (or not, with met=False) if it is so.

    on: variants that it speaks of, as for a claim.
    unreliable: why what was said there is not to be relied on; it then decides nothing.
    """

    says: str
    check: OfRuns | OfStates
    met: bool = True
    on: tuple[str, ...] = ()
    unreliable: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What someone claimed, and how it is judged for a variant.

    on: variants that it speaks of, as glob patterns; none means all. For others it is moot.
    given: the claim's premise; where it does not hold the claim is moot.
    supported_if: the claim is supported when all of these hold.
    refuted_if: it is refuted when one of these holds; without any, when none of supported_if does.
    besides: what does not decide but has to be known: where the claim ends, what else happens.
    undecidable: what no scenario can decide, and why; then supported_if may be empty.
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
        """Every case, whatever it is for."""
        for part in (self.given, self.supported_if, self.refuted_if, self.besides):
            yield from part

    @property
    def scenarios(self) -> list[str]:
        """The scenarios that it needs, each once."""
        checks = [case.check for case in self.cases]
        ids = [name for check in checks if isinstance(check, OfRuns) for name in check.scenarios]
        return list(dict.fromkeys(ids))
