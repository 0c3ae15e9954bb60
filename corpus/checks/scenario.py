"""All checks of a scenario."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import Final

from zonediff.corpus.checks.amount import amount_mistakes, device_mistakes
from zonediff.corpus.checks.devices import Devices
from zonediff.corpus.checks.goals import goal_mistakes
from zonediff.corpus.checks.machine import machine_mistakes
from zonediff.corpus.checks.steps import name_mistakes, step_mistakes
from zonediff.corpus.checks.values import is_one_line
from zonediff.corpus.draft import Draft
from zonediff.corpus.problems import Mistake
from zonediff.corpus.scenario import SURVIVES
from zonediff.engine.machine import Machine

_LAYOUT: Final = ("nodes", "memory", "cpus", "physical_bits")
"""The keys of a machine without which the places of devices cannot be checked."""

_CLAIM: Final = re.compile(r"[A-Z][0-9]{2}")


def check(parts: Draft) -> Iterator[Mistake]:
    """Yield every mistake of meaning in the parts that could be read.

    A check that needs several parts is left out when one of them has mistakes itself.
    """
    yield from _text_mistakes(parts)
    devices: set[str] | None = None
    if parts.machine is not None:
        mistakes = [*machine_mistakes(parts.machine)]
        yield from mistakes
        if not any(
            mistake.path[1] in ("nodes", "memory", "cpus", "physical_bits") for mistake in mistakes
        ):
            devices = yield from _memory_mistakes(parts, parts.machine)
    for index, step in enumerate(parts.steps):
        if step is not None:
            for mistake in step_mistakes(step.do):
                yield mistake.below("steps", index, step.do.verb)
    yield from name_mistakes(parts.steps)
    yield from _goals(parts, devices)


def _memory_mistakes(parts: Draft, machine: Machine) -> Generator[Mistake, None, set[str] | None]:
    """Check the memory devices; return their ids, None where they are not known."""
    steps = [] if None in parts.steps else parts.read_steps
    if mistakes := [*device_mistakes(machine, steps)]:
        yield from mistakes
        return None
    present = Devices(machine)
    mistakes = [*present.switch_on(machine.dimms), *present.follow(steps)]
    yield from mistakes or amount_mistakes(machine, steps)
    return None if None in parts.steps else present.ids


def _text_mistakes(parts: Draft) -> Iterator[Mistake]:
    if parts.title is not None and not is_one_line(parts.title):
        yield Mistake(("title",), "expected one line that says what the scenario is")
    if parts.why is not None and not parts.why.strip():
        yield Mistake(("why",), "expected why this matters to a reviewer")
    for index, claim in enumerate(parts.claims):
        if claim is not None and not _CLAIM.fullmatch(claim):
            yield Mistake(("claims", index), f"{claim!r} is not the id of a claim, such as C01")
        elif claim in parts.claims[:index]:
            yield Mistake(("claims", index), f"{claim} is listed twice")


def _goals(parts: Draft, devices: set[str] | None) -> Iterator[Mistake]:
    steps = parts.read_steps if None not in parts.steps else None
    wants = [SURVIVES.want]
    for index, goal in enumerate(parts.goals):
        if goal is None:
            continue
        if goal.want in wants:
            message = "another goal has the same words; use different ones"
            yield Mistake(("goals", index, "want"), message)
        wants.append(goal.want)
        for mistake in goal_mistakes(goal, parts.machine, devices, steps):
            yield mistake.below("goals", index)
