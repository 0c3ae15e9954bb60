"""A policy on the engine, as a subject."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from zonediff.engine.machine import Machine
from zonediff.engine.policy import Intent, Interface, Policy
from zonediff.engine.run import run
from zonediff.engine.steps import Step
from zonediff.engine.trace import Trace
from zonediff.variants.exits import MODULE_PREFIX


class Model:
    """The column of a policy; Subject describes the attributes."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    @property
    def name(self) -> str:
        return self.policy.name

    @property
    def summary(self) -> str:
        return self.description.partition("\n")[0]

    @property
    def description(self) -> str:
        return inspect.getdoc(type(self.policy)) or self.policy.name

    @property
    def origin(self) -> str:
        return self.policy.origin

    @property
    def released(self) -> str | None:
        """The date of the release; None for a patch, also for one that is built on a release."""
        date: str | None = vars(type(self.policy)).get("released")
        return date

    @property
    def where(self) -> str:
        module = type(self.policy).__module__
        if module.startswith(MODULE_PREFIX):
            return inspect.getfile(type(self.policy))
        return module

    @property
    def lineage(self) -> tuple[str, ...]:
        return tuple(
            cls.name
            for cls in type(self.policy).__mro__
            if issubclass(cls, Policy) and "name" in vars(cls)
        )

    @property
    def made_of(self) -> str:
        return ""

    @property
    def intends(self) -> tuple[Intent, ...]:
        return self.policy.intends

    @property
    def interface(self) -> Interface:
        return self.policy.interface

    def run(self, machine: Machine, steps: Sequence[Step]) -> Trace:
        return run(self.policy, machine, steps)
