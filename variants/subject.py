"""A subject: anything that can run a machine through steps and yield a trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from zonediff.engine.errors import ZonediffError
from zonediff.engine.machine import Machine
from zonediff.engine.policy import Intent, Interface
from zonediff.engine.steps import Step
from zonediff.engine.trace import Trace


class NotOnThisMachine(ZonediffError):
    """This subject cannot run a scenario that others can; the message says what it lacks."""


class Subject(Protocol):
    """A column of the report.

    name: as on the command line. summary: one line. description: what the patch changes and why.
    origin: where the behaviour comes from (kernel release, patch, mail). where: where its code
    is (a module or a file's path). lineage: its own name first, then the variants it builds on.
    made_of: the inputs that decide its behaviour besides Python code, in words; empty for a model.
    """

    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def origin(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def lineage(self) -> tuple[str, ...]: ...
    @property
    def made_of(self) -> str: ...
    @property
    def intends(self) -> tuple[Intent, ...]: ...
    @property
    def interface(self) -> Interface: ...

    def run(self, machine: Machine, steps: Sequence[Step]) -> Trace:
        """Boot the machine and do the steps; the kernel's death ends the trace early.

        Raises NotOnThisMachine.
        """
        ...
