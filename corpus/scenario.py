"""Scenarios as plain data: a machine, steps, and the goals of its user."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from zonediff.engine.machine import Machine
from zonediff.engine.steps import Blocks, Elapse, Step


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """A step, and the name by which goals refer to it; without a name by its number, from 1."""

    do: Step
    name: str | None = None


@dataclass(frozen=True, slots=True)
class BlocksGoal:
    """Every one of these blocks has these properties at the end, or after the step `after`.

    state, zone, valid_zones, node: the property; None allows any. `zone` is the first word of
    `valid_zones`. Blocks of a device that never appeared fail the goal; so does an empty
    selection. present: False if none of the blocks may be there.
    """

    blocks: Blocks
    state: str | None = None
    zone: str | None = None
    valid_zones: str | None = None
    node: int | None = None
    present: bool = True
    after: str | int | None = None


@dataclass(frozen=True, slots=True)
class StepGoal:
    """The step, by name or number from 1, has this result: `ok`, an errno's name, or `fails`."""

    step: str | int
    result: str


@dataclass(frozen=True, slots=True)
class AllStepsGoal:
    """Every step succeeds, with each of its acts (`steps: ok`)."""

    steps: Literal["ok"]


@dataclass(frozen=True, slots=True)
class KnobGoal:
    """`auto_online_blocks` exists, is absent, or reads this, at the end or after a step."""

    knob: Literal["exists", "absent"] | str
    after: str | int | None = None


@dataclass(frozen=True, slots=True)
class NodesGoal:
    """A node mask (`online`, `has_memory`, `has_normal_memory`) reads this text."""

    mask: Literal["online", "has_memory", "has_normal_memory"]
    reads: str
    after: str | int | None = None


@dataclass(frozen=True, slots=True)
class ProcessGoal:
    """A process is alive, or the OOM killer has killed it, at the end or after a step.

    process: its name, or `every` for all processes.
    """

    process: str
    state: Literal["alive", "killed"] = "alive"
    after: str | int | None = None


@dataclass(frozen=True, slots=True)
class KernelGoal:
    """The kernel is alive at the end. Every scenario has this goal without writing it."""

    kernel: Literal["alive"] = "alive"


Predicate = BlocksGoal | StepGoal | AllStepsGoal | KnobGoal | NodesGoal | ProcessGoal | KernelGoal


@dataclass(frozen=True, slots=True)
class Goal:
    """A wish of the user in words, with the predicate over the trace that decides it.

    control: every kernel should meet it, so no variant has to fail it. given: the premise. Where
    the premise does not hold, the goal is moot: memory that was never onlined, for example, is easy
    to remove.
    """

    want: str
    check: Predicate
    control: bool = False
    given: Predicate | None = None


SURVIVES = Goal("the kernel survives", KernelGoal(), control=True)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One situation to run against every variant.

    id: folder and file name, with the family member's values (`knob/kvm[knob=online]`).
    hash: SHA-256 over machine, steps and goals, not over title or layout. Results carry it, so that
    outcomes of different texts are never compared silently.
    file: its file, relative to the corpus; path: the same file, to open it again.
    goals: the last is SURVIVES.
    """

    id: str
    title: str
    why: str
    machine: Machine
    steps: tuple[ScenarioStep, ...]
    goals: tuple[Goal, ...]
    claims: tuple[str, ...] = ()
    file: str = ""
    path: str = field(default="", compare=False)
    hash: str = ""
    parameters: tuple[tuple[str, str], ...] = field(default=())

    @property
    def folder(self) -> str:
        """The folder of the corpus that it is in: `ordering` for `ordering/movable`."""
        return self.id.rpartition("/")[0]

    @property
    def timed(self) -> bool:
        """Whether time passes in it, so that a simulation runs it."""
        return any(isinstance(step.do, Elapse) for step in self.steps)
