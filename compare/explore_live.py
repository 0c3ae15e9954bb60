"""Two sides explored of which one or both are real kernels, compared over all steps of an arena.

The sides are toured in lockstep (tour.py). What is chance on one of them is no difference: a block
whose offlining is EBUSY on one side only, or an ejection that only one side refuses.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from zonediff.compare.certified import model_of
from zonediff.compare.certify import MOST_RERUNS, KernelSide, ModelSide
from zonediff.compare.tour import Progress, Side, Tour, TourParting, repeated, shortest, tour
from zonediff.explore.arena import Arena
from zonediff.live.host import Host
from zonediff.live.image import Image
from zonediff.live.subject import spec_for
from zonediff.result.explorations import DifferenceWitness, Exploration, WitnessStep
from zonediff.variants.model import Model

LEVEL: Final = "spans"
"""The level of comparison after each step, in the words of `zonediff explore`."""

_NUMBER: Final = re.compile(r"\d+")


async def explore_live(
    arena: Arena,
    names: tuple[str, str],
    subjects: tuple[Image | Model, Image | Model],
    host: Host,
    *,
    depth: int = 0,
    progress: Progress = lambda done, left: None,
) -> Exploration:
    """Compare two sides, at least one of them a real kernel, over all of an arena's steps.

    depth: see tour.py. A difference has to show on boots of their own. Raises NotOnThisMachine,
    ArenaError, NotModelled, VariantFailed, virtual_machine.QemuFailed.
    """
    if isinstance(subjects[0], Model):  # a model follows a kernel, so the kernel comes first
        swapped = await explore_live(
            arena, names[::-1], subjects[::-1], host, depth=depth, progress=progress
        )
        return _mirrored(swapped)
    one, two = (
        _side(arena, name, subject, host) for name, subject in zip(names, subjects, strict=True)
    )
    kernels = [side for side in (one, two) if isinstance(side, KernelSide)]
    try:
        done = await tour(one, two, arena.actions, depth=depth, progress=progress)
        witnesses = await _witnesses((one, two), kernels, arena, names, done)
    finally:
        for kernel in kernels:
            await kernel.close()
    closed = not done.unreached
    refines, refined = (
        closed and all(parting.results[side] is not None for parting in done.partings)
        for side in (0, 1)
    )
    return Exploration(
        arena=arena.name,
        about=arena.about,
        level=LEVEL,
        baseline=names[0],
        candidate=names[1],
        verdict="equivalent" if not witnesses and closed else "refines" if refines else "differs",
        refines=refines,
        refined=refined,
        states=(len(done.states[0]), len(done.states[1])),
        transitions=(len(done.transitions[0]), len(done.transitions[1])),
        pairs=done.pairs,
        witnesses=witnesses,
    )


def _side(arena: Arena, name: str, subject: Image | Model, host: Host) -> Side:
    if isinstance(subject, Image):
        return KernelSide(name, spec_for(host, subject, arena.machine, arena.actions))
    return ModelSide(subject.policy, arena.machine, model_of(subject.policy, arena))


async def _witnesses(
    sides: tuple[Side, Side],
    kernels: Sequence[KernelSide],
    arena: Arena,
    names: tuple[str, str],
    done: Tour,
) -> list[DifferenceWitness]:
    """A witness for each kind of difference."""
    witnesses: dict[str, DifferenceWitness] = {}
    for alike in _kinds(done.partings).values():
        witness = await _witness(sides, kernels, arena, names, alike)
        if witness is not None:
            # Kinds may turn out to be one when they are shortened.
            known = witnesses.get(witness.says)
            more = known.transitions if known else 0
            witnesses[witness.says] = replace(witness, transitions=witness.transitions + more)
    return [*witnesses.values()]


def _mirrored(found: Exploration) -> Exploration:
    """The same with baseline and candidate changed for each other."""
    witnesses = [
        replace(
            witness,
            steps=[WitnessStep(step.do, step.candidate, step.baseline) for step in witness.steps],
        )
        for witness in found.witnesses
    ]
    verdict = found.verdict
    if verdict != "equivalent":
        verdict = "refines" if found.refined else "differs"
    return replace(
        found,
        baseline=found.candidate,
        candidate=found.baseline,
        verdict=verdict,
        refines=found.refined,
        refined=found.refines,
        states=found.states[::-1],
        transitions=found.transitions[::-1],
        witnesses=witnesses,
    )


def _kinds(partings: Sequence[TourParting]) -> dict[str, list[TourParting]]:
    """The partings by what they are, whatever the blocks' numbers; each the shortest first."""
    kinds: dict[str, list[TourParting]] = defaultdict(list)
    for parting in sorted(partings, key=lambda parting: len(parting.steps)):
        step = str(parting.steps[-1]) if parting.steps else "boot"
        what = parting.differences[0][0] if parting.differences else ""
        kinds[_NUMBER.sub("N", f"{step} {parting.results} {what}")].append(parting)
    return kinds


async def _witness(
    sides: tuple[Side, Side],
    kernels: Sequence[KernelSide],
    arena: Arena,
    names: tuple[str, str],
    alike: Sequence[TourParting],
) -> DifferenceWitness | None:
    """The shortest sequence for one kind of difference; None if fresh boots do not show it."""
    fewest = await shortest(sides, arena.actions, alike[0], MOST_RERUNS)
    for kernel in kernels:
        kernel.fresh = True
    try:
        shown = await repeated(sides, arena.actions, fewest.actions)
    finally:
        for kernel in kernels:
            kernel.fresh = False
    if shown is None:
        return None
    return DifferenceWitness(
        says=_says(shown, names),
        what="result" if shown.results[0] != shown.results[1] else shown.differences[0][0],
        steps=[
            *(WitnessStep(str(step)) for step in shown.steps[:-1]),
            *(WitnessStep(str(step), *shown.results) for step in shown.steps[-1:]),
        ],
        transitions=len(alike),
    )


def _says(parting: TourParting, names: tuple[str, str]) -> str:
    step = parting.steps[-1] if parting.steps else "boot"
    one, two = (result or "ok" for result in parting.results)
    if one != two:
        return f"{step}: {one} on {names[0]}, {two} on {names[1]}"
    what, left, right = parting.differences[0]
    return f"after {step}, {what} reads {left} on {names[0]}, {right} on {names[1]}"
