"""What exploring two variants found: plain data, as results hold it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from zonediff.engine.trace import Reason

Verdict = Literal["equivalent", "refines", "differs", "error"]
"""No sequence of steps tells two variants apart; every success of the baseline is a success of
the candidate that looks the same; neither; or one of the two could not be explored."""


@dataclass(frozen=True, slots=True)
class WitnessStep:
    """One step of a witness, and its result on both sides (None for success)."""

    do: str
    baseline: str | None = None
    candidate: str | None = None


@dataclass(frozen=True, slots=True)
class DifferenceWitness:
    """A shortest sequence of steps that shows one kind of difference; without steps, booting does.

    says: the difference, in one line. what: `result`, or the file that reads differently.
    transitions: how many explored transitions show the same kind. reasons: the kernel rules behind
    the last step.
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
    """A behaviour small enough to look at: states that no sequence of steps tells apart are one.

    variants: those that behave so. states: what is seen of each, part by part, `memory32 offline
    [Normal Movable]`; the first is the booted machine. moves: the steps that change something.
    """

    arena: str
    about: str
    level: str
    variants: list[str]
    states: list[list[str]]
    moves: list[Move]


@dataclass(frozen=True, slots=True)
class Exploration:
    """Two variants compared over all sequences of an arena's steps.

    level: what was looked at: `results`, `states`, `sysfs` or `spans`. refines: whether the
    baseline refines the candidate; refined: the other way round. states, transitions: of
    both. explored: how many states of both were explored, where the others are images of those by
    symmetry (empty: none was used). pairs: pairs of states visited. about: the machine and its
    steps, in words. depth: None when the verdict is on sequences of any length, else up to how
    many steps. error: why one of the two could not be explored.
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
