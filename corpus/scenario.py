"""A scenario: a machine, steps, and goals that say what its user wanted. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from zonediff.engine.machine import Machine
from zonediff.engine.steps import Blocks, Elapse, Step


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """A step, and the name by which goals refer to it (None: only by number, from 1)."""

    do: Step
    name: str | None = None


@dataclass(frozen=True, slots=True)
class BlocksGoal:
    """Every one of these blocks looks like this at the end (or right after the step `after`).

    state, zone, valid_zones, node: what must hold; None: anything. `zone` is the first word of
    `valid_zones`. Blocks of a device that never appeared fail the goal; so does an empty
    selection. present=False asks that none of the blocks is there.
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
    """The step (by name or number from 1) gives this result: `ok`, an errno name, `fails`."""

    step: str | int
    result: str


@dataclass(frozen=True, slots=True)
class AllStepsGoal:
    """Every step succeeds, each of its acts included (`steps: ok`)."""

    steps: Literal["ok"]


@dataclass(frozen=True, slots=True)
class KnobGoal:
    """The `auto_online_blocks` file exists (or not), and reads this, at the end or after a step."""

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
    """A process lives, or the OOM killer has taken it, at the end or after a step.

    process: its name, or `every` for all that there are.
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
    """What the user wanted, in words, and the predicate over the trace that decides it.

    control: it is expected of every kernel, so that none of the variants has to fail it.
    """

    want: str
    check: Predicate
    control: bool = False


SURVIVES = Goal("the kernel survives", KernelGoal(), control=True)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One situation to run against every variant.

    id: folder and file name, with the family member's values (`knob/kvm[knob=online]`).
    hash: SHA-256 over the meaning (machine, steps, goals), not over title or layout; results
    carry it, so that outcomes of different texts are never compared silently.
    file: where it was read from, relative to the corpus; path: the same, to open it again.
    goals end with SURVIVES.
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
        """The shelf it stands on: `ordering` for `ordering/ascending`."""
        return self.id.rpartition("/")[0]

    @property
    def timed(self) -> bool:
        """Whether time passes in it, so that it takes a simulation to run it."""
        return any(isinstance(step.do, Elapse) for step in self.steps)
