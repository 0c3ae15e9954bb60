"""Chance on a real kernel: no goal is judged by what it decided.

Kernel objects lie somewhere. Offlining or ejecting memory of zone Normal fails with EBUSY or
REFUSED where pages of the kernel happen to lie in it. A model knows of no such pages, and on the
next boot they lie elsewhere.

A kernel that has no memory left panics when a process needs some. A model says that one does at
once; a guest in which no process runs lives on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from zonediff.compare.comparable import BUSY
from zonediff.engine.adding import NOTHING_LEFT
from zonediff.engine.observation import Observation, apply
from zonediff.engine.steps import Unplug, Write
from zonediff.engine.sysfs import block_of
from zonediff.engine.trace import Act, Trace
from zonediff.result.judgements import GoalJudgement, Run
from zonediff.result.partings import Parting, partings
from zonediff.variants.registry import LIVE

_MOVABLE: Final = "Movable"
_OUTCOMES: Final = ("end", "acts", "result")


def decided_by_chance(goals: Iterable[GoalJudgement], baseline: Run, candidate: Run) -> str | None:
    """The real kernel on which chance decided the rest, and by what: `live:bzImage, because ...`.

    None if chance decided none of the goals. It is the first outcome of an action which differs, if
    it is kernel memory that could not be taken offline, on a side that is a real kernel.
    """
    if baseline.trace is None or candidate.trace is None:
        return None
    if all(goal.kind == "unchanged" for goal in goals):
        return None
    for parting in partings(baseline.trace, candidate.trace):
        if parting.what in _OUTCOMES:
            return _by_chance(baseline, candidate, parting) or _by_chance(
                candidate, baseline, parting
            )
    return None


def _by_chance(run: Run, other: Run, parting: Parting) -> str | None:
    if not run.variant.startswith(LIVE) or run.trace is None or other.trace is None:
        return None
    before = run.trace.boot
    for step, number, act in run.trace.acts():
        if (step, number) == (parting.step, parting.act):
            blocks = _refused_blocks(act, run.trace)
            if any(_is_kernel_memory(before, block) for block in blocks):
                why = "as pages of the kernel happen to lie there"
            elif act.result == "ENOMEM" and _nothing_was_left(other.trace, parting):
                why = "and no process happens to need memory after it"
            else:
                return None
            return f"{run.variant}, because of chance: {act.do} gives {act.result}, {why}"
        before = apply(before, act.changed)
    return None


def _nothing_was_left(trace: Trace, parting: Parting) -> bool:
    """Whether a model panicked there because a process would need memory next."""
    return any(
        reason.rule == NOTHING_LEFT.id
        for step, number, act in trace.acts()
        if (step, number) == (parting.step, parting.act)
        for reason in act.reasons
    )


def _refused_blocks(act: Act, trace: Trace) -> range:
    """The blocks that an act was to take offline, and did not for what lies in them."""
    match act.do:
        case Write(file, _) if act.result in BUSY and (block := block_of(file)) is not None:
            return range(block, block + 1)
        case Unplug(id) if act.result == "REFUSED" and id in trace.devices:
            first, last = trace.devices[id]
            return range(first, last + 1)
    return range(0)


def _is_kernel_memory(observation: Observation, block: int) -> bool:
    view = observation.block(block)
    return (
        view is not None
        and view.state == "online"
        and view.valid_zones.partition(" ")[0] != _MOVABLE
    )
