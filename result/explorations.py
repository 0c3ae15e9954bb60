"""The results of exploring pairs of variants, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from zonediff.engine.trace import Reason

Verdict = Literal["equivalent", "refines", "differs", "error"]
"""The verdict on two variants.

equivalent: no sequence of steps distinguishes them. refines: every success of the baseline is a
success of the candidate with the same observations. differs: neither. error: one of the two could
not be explored.
"""


@dataclass(frozen=True, slots=True)
class WitnessStep:
    """One step of a witness, and its result on both sides; None is success."""

    do: str
    baseline: str | None = None
    candidate: str | None = None


@dataclass(frozen=True, slots=True)
class DifferenceWitness:
    """A shortest sequence of steps that shows one kind of difference; without steps, the boot does.

    says: the difference, in one line. what: `result`, or the file that reads differently.
    transitions: the number of explored transitions that show the same kind. reasons: the kernel
    rules behind the last step.
    """

    says: str
    what: str
    steps: list[WitnessStep]
    transitions: int
    baseline_reasons: list[Reason] = field(default_factory=list)
    candidate_reasons: list[Reason] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Move:
    """A step that leads from one state of a Portrait to another."""

    source: int
    target: int
    do: str


@dataclass(frozen=True, slots=True)
class Portrait:
    """A behaviour with few enough states to draw; equivalent states are merged.

    variants: those with this behaviour. states: a user's view of each, `memory32 offline [Normal
    Movable]`; the first is the booted machine. moves: the steps that change something.
    """

    arena: str
    about: str
    level: str
    variants: list[str]
    states: list[list[str]]
    moves: list[Move]


@dataclass(frozen=True, slots=True)
class TourCounts:
    """How an exploration of real kernels went, which knows states only as files show them.

    by_chance: transitions that chance decided each time, as EBUSY on one side; hung: those that did
    not come back on one side or both. untried: states in which steps were left untried. steps,
    guests: how many were done and started.
    """

    by_chance: int
    hung: int
    untried: int
    steps: int
    guests: int


@dataclass(frozen=True, slots=True)
class Exploration:
    """Two variants compared over all sequences of an arena's steps.

    level: the details that are compared: `results`, `states`, `sysfs` or `spans`. refines: whether
    the baseline refines the candidate; refined: the other way round. states, transitions: their
    numbers, of both. explored: the number of explored states of both, if symmetry gave the others;
    empty without symmetry. pairs: the number of pairs of states compared. about: the machine and
    its steps, in words. depth: the most steps followed, None if the verdict is on sequences of any
    length.
    error: why one of the two could not be explored. tour: if one of the two is a real kernel.
    """

    arena: str
    level: str
    baseline: str
    candidate: str
    verdict: Verdict
    refines: bool
    refined: bool
    states: tuple[int, ...]
    transitions: tuple[int, ...]
    pairs: int
    about: str = ""
    depth: int | None = None
    error: str | None = None
    explored: tuple[int, ...] = ()
    witnesses: list[DifferenceWitness] = field(default_factory=list)
    tour: TourCounts | None = None
