"""Find the files, boot parameters, config options and values that a candidate removes.

The kernel must not break user space, so removals are always listed by name.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal

from zonediff.corpus.scenario import KnobGoal, Scenario
from zonediff.engine.machine import Config
from zonediff.engine.policy import Interface
from zonediff.engine.steps import Boot, Probe, Read, Step, Write
from zonediff.engine.trace import Trace
from zonediff.result.judgements import Removal, VariantRemovals
from zonediff.result.result import VariantInfo

Part = Literal["files", "parameters", "options"]

Use = tuple[Part, str, str | None]
"""A name of an Interface that a scenario uses, and the value that it gives to the name."""

_NOUNS: Final[dict[Part, str]] = {
    "files": "sysfs file",
    "parameters": "boot parameter",
    "options": "config option",
}
_BLOCK: Final = re.compile(r"^memory[0-9]+/")


def removed(baseline: Interface, candidate: Interface) -> list[Removal]:
    """Everything that the baseline offers and the candidate does not, used or not."""
    return list(_removals(baseline, candidate, lambda part, name, value: True))


def removals(pairs: Iterable[tuple[VariantInfo, VariantInfo]]) -> list[VariantRemovals]:
    """For each (baseline, candidate) what the candidate removes, if it removes anything."""
    return [
        VariantRemovals(candidate.name, lost)
        for baseline, candidate in pairs
        if (lost := removed(baseline.interface, candidate.interface))
    ]


def used_and_removed(
    scenario: Scenario, trace: Trace, baseline: Interface, candidate: Interface
) -> list[Removal]:
    """The removals that affect a scenario. trace: of the scenario, on the baseline."""
    uses = uses_of(scenario, trace)
    names = {(part, name) for part, name, _ in uses}
    return list(
        _removals(
            baseline,
            candidate,
            lambda part, name, value: (
                (part, name, value) in uses if value is not None else (part, name) in names
            ),
        )
    )


def uses_of(scenario: Scenario, trace: Trace) -> set[Use]:
    """Everything of the kernel's interface that a scenario uses.

    The trace shows what composite steps write. A scenario uses a config option when it turns on an
    option that is off by default. It also uses the knob when a goal reads it.
    """
    uses: set[Use] = {
        ("options", item.name, "y")
        for item in dataclasses.fields(Config)
        if getattr(scenario.machine.config, item.name) and not item.default
    }
    machines = [scenario.machine]
    steps: list[Step] = [item.do for item in scenario.steps]
    steps.extend(act.do for _, _, act in trace.acts())
    for step in steps:
        match step:
            case Write():
                uses.add(("files", _BLOCK.sub("memoryN/", step.file), step.value.strip()))
            case Read():
                uses.add(("files", _BLOCK.sub("memoryN/", step.file), None))
            case Probe():
                uses.add(("files", "probe", None))
            case Boot(str(cmdline)):
                machines.append(scenario.machine.with_cmdline(cmdline))
    for goal in scenario.goals:
        if isinstance(goal.check, KnobGoal) and goal.check.knob != "absent":
            uses.add(("files", "auto_online_blocks", None))
    for machine in machines:
        uses.update(("parameters", name, value) for name, value in machine.parameters)
    return uses


def _removals(
    baseline: Interface, candidate: Interface, counts: Callable[[Part, str, str | None], bool]
) -> Iterator[Removal]:
    """Names that are gone and values that are no longer accepted, if they count.

    counts: decides on a removed value, or with value None on a removed name.
    """
    if not candidate.known:
        return
    for part, noun in _NOUNS.items():
        before: dict[str, tuple[str, ...]] = getattr(baseline, part)
        after: dict[str, tuple[str, ...]] = getattr(candidate, part)
        for name, values in sorted(before.items()):
            spelled = f"CONFIG_{name}" if part == "options" else name
            if name not in after:
                if counts(part, name, None):
                    yield Removal(spelled, f"the {noun} is gone")
            elif after[name]:
                for value in values:
                    if value not in after[name] and counts(part, name, value):
                        yield Removal(spelled, f"the {noun} no longer accepts {value!r}")
