"""A trace: the boot of a subject, then for each step of the scenario its acts.

Comparisons, judgements and reports use traces alone, so a policy on the engine, a real kernel and a
recording can stand in any column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from zonediff.engine.observation import NOTHING, Change, Observation, apply
from zonediff.engine.steps import Step

End = Literal["ran", "BUG", "panic", "hang"]
"""The end of a run: its last step, or the kernel's death."""

Number = int | str

PRINTED: Final = "printk"
"""The id of reasons that are lines of a real kernel's log: they came then, and may have no part."""


@dataclass(frozen=True, slots=True)
class Reason:
    """The rule behind a result, in words.

    rule: the rule's stable id, as in `zone_can_shift.not-at-zone-end`.
    function: the kernel function that decides.
    text: one sentence with the numbers in it.
    numbers: the same numbers by name.
    """

    rule: str
    function: str
    text: str
    numbers: Mapping[str, Number] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.function}: {self.text}"


@dataclass(frozen=True, slots=True)
class Act:
    """One primitive step carried out.

    result: None for success, else the errno's name, for a plug that of add_memory(). REFUSED: the
    machine (not the kernel) refused, or a device stayed. SIGKILL: the OOM killer took the process
    that acted. BUG, panic, hang: the kernel died of the act.
    output: the text that a `read` returned.
    killed: processes that the OOM killer took meanwhile, in order.
    at, by: only for acts of an `elapse` step: the microseconds from the step's begin to the act's,
    and the actor.
    """

    do: Step
    result: str | None = None
    output: str | None = None
    changed: Change = NOTHING
    uevents: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    killed: tuple[str, ...] = ()
    at: int | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class StepTrace:
    """One step of the scenario with its acts (one act for a primitive step)."""

    do: Step
    acts: tuple[Act, ...] = ()

    @property
    def result(self) -> str | None:
        """None when every act succeeded, else the first result that is not success."""
        return next((act.result for act in self.acts if act.result is not None), None)


@dataclass(frozen=True, slots=True)
class Trace:
    """A whole run.

    subject: the variant's name.
    boot: the observation after boot (empty when the kernel died booting).
    steps: the steps that were begun; the kernel's death ends them.
    devices: first and last block of each memory device ever added, by id.
    file_reasons: the rules by which files read from boot on; the number `file` names the file.
    """

    subject: str
    boot: Observation
    steps: tuple[StepTrace, ...] = ()
    end: End = "ran"
    devices: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    boot_reasons: tuple[Reason, ...] = ()
    boot_uevents: tuple[str, ...] = ()
    file_reasons: tuple[Reason, ...] = ()

    def acts(self) -> Iterator[tuple[int, int, Act]]:
        """Every act in order: (index of the step, index of the act in it, act)."""
        for index, step in enumerate(self.steps):
            for number, act in enumerate(step.acts):
                yield index, number, act

    def observations(self) -> Iterator[Observation]:
        """The observation after boot, then after each step."""
        observation = self.boot
        yield observation
        for step in self.steps:
            for act in step.acts:
                observation = apply(observation, act.changed)
            yield observation

    def last(self) -> Observation:
        """The observation at the end."""
        *_, observation = self.observations()
        return observation
