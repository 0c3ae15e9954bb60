"""Two sides explored of which one or both are real kernels, compared over all steps of an arena.

The sides are toured in lockstep (tour.py). What is chance on one of them is no difference: a block
whose offlining is EBUSY on one side only, or an ejection that only one side refuses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from zonediff.compare.certified import model_of
from zonediff.compare.certify import MOST_RERUNS, KernelSide, ModelSide
from zonediff.compare.tour import (
    Progress,
    Side,
    SideMap,
    Tour,
    TourParting,
    repeated,
    shortest,
    tour,
)
from zonediff.explore.arena import Arena
from zonediff.live.host import Host
from zonediff.live.image import Image
from zonediff.live.subject import spec_for
from zonediff.result.explorations import (
    DifferenceWitness,
    Exploration,
    TourCounts,
    Verdict,
    WitnessStep,
)
from zonediff.variants.model import Model

LEVEL: Final = "spans"
"""The level of comparison after each step, in the words of `zonediff explore`."""

Subject = Image | Model


class LiveExploration(NamedTuple):
    """An exploration, with what was learned of both sides and the parting behind each witness."""

    exploration: Exploration
    maps: tuple[SideMap, SideMap]
    partings: list[TourParting]


class Bounds(NamedTuple):
    """Where an exploration ends: after so many steps from boot, and so many pairs of states."""

    steps: int | None = None
    pairs: int | None = None


NO_BOUNDS: Final = Bounds()


async def explore_live(
    arena: Arena,
    names: tuple[str, str],
    subjects: tuple[Subject, Subject],
    host: Host,
    *,
    bounds: Bounds = NO_BOUNDS,
    progress: Progress = lambda done, left: None,
) -> LiveExploration:
    """Compare two sides, at least one of them a real kernel, over all of an arena's steps.

    names: of both, for reports. A difference has to show on boots of its own. Raises
    NotOnThisMachine, ArenaError, NotModelled, VariantFailed, virtual_machine.QemuFailed.
    """
    if isinstance(subjects[0], Model):  # a model follows a kernel, so the kernel comes first
        swapped = await explore_live(
            arena, names[::-1], subjects[::-1], host, bounds=bounds, progress=progress
        )
        return _mirrored(swapped)
    left, right = (_side(arena, subject, host) for subject in subjects)
    kernels = [side for side in (left, right) if isinstance(side, KernelSide)]
    try:
        toured = await tour(
            left,
            right,
            arena.actions,
            most_steps=bounds.steps,
            most_pairs=bounds.pairs,
            most_partings=None,
            progress=progress,
        )
        shown = await _confirmed((left, right), kernels, arena, toured.partings)
    finally:
        for kernel in kernels:
            await kernel.close()
    exploration = _exploration(arena, names, toured, shown, bounds)
    return LiveExploration(exploration, toured.maps, [parting for parting, _ in shown])


def _side(arena: Arena, subject: Subject, host: Host) -> Side:
    if isinstance(subject, Image):
        return KernelSide(spec_for(host, subject, arena.machine, arena.actions))
    return ModelSide(subject.policy, arena.machine, model_of(subject.policy, arena))


_Counted = tuple[TourParting, int]
"""A parting, and the number of transitions that show one of its kind."""


async def _confirmed(
    sides: tuple[Side, Side],
    kernels: Sequence[KernelSide],
    arena: Arena,
    partings: Sequence[TourParting],
) -> list[_Counted]:
    """Each kind of parting in the fewest steps, if boots of their own show it."""
    by_kind: dict[str, list[TourParting]] = defaultdict(list)
    for parting in sorted(partings, key=lambda parting: len(parting.steps)):
        by_kind[parting.kind].append(parting)
    confirmed: dict[str, _Counted] = {}
    for same_kind in by_kind.values():
        fewest = await shortest(sides, arena.actions, same_kind[0], MOST_RERUNS)
        shown = await _on_fresh_boots(sides, kernels, arena, fewest)
        if shown is not None:
            # Kinds may turn out to be one when they are shortened.
            _, count = confirmed.get(shown.kind, (shown, 0))
            confirmed[shown.kind] = (shown, count + len(same_kind))
    return [*confirmed.values()]


async def _on_fresh_boots(
    sides: tuple[Side, Side], kernels: Sequence[KernelSide], arena: Arena, parting: TourParting
) -> TourParting | None:
    for kernel in kernels:
        kernel.fresh = True
    try:
        return await repeated(sides, arena.actions, parting.actions)
    finally:
        for kernel in kernels:
            kernel.fresh = False


def _exploration(
    arena: Arena,
    names: tuple[str, str],
    toured: Tour,
    shown: Sequence[_Counted],
    bounds: Bounds,
) -> Exploration:
    """The tour as result data. shown: the partings that count."""
    refines, refined = (
        all(parting.results[side] is not None for parting, _ in shown) for side in (0, 1)
    )
    left, right = toured.maps
    return Exploration(
        arena=arena.name,
        about=arena.about,
        level=LEVEL,
        baseline=names[0],
        candidate=names[1],
        verdict=_verdict(shown, refines),
        refines=refines,
        refined=refined,
        states=(len(left.states), len(right.states)),
        transitions=(len(left.moves), len(right.moves)),
        pairs=toured.pairs,
        depth=bounds.steps,
        witnesses=[_witness(parting, count, names) for parting, count in shown],
        tour=TourCounts(
            by_chance=toured.by_chance,
            hung=len(toured.hung),
            untried=toured.unreached + toured.left_out,
            steps=toured.steps,
            guests=toured.resets,
        ),
    )


def _verdict(shown: Sequence[_Counted], refines: bool) -> Verdict:
    if not shown:
        return "equivalent"
    return "refines" if refines else "differs"


def _witness(parting: TourParting, count: int, names: tuple[str, str]) -> DifferenceWitness:
    left, right = parting.results
    return DifferenceWitness(
        says=_says(parting, names),
        what="result" if left != right else parting.differences[0][0],
        steps=[
            *(WitnessStep(str(step)) for step in parting.steps[:-1]),
            *(WitnessStep(str(step), left, right) for step in parting.steps[-1:]),
        ],
        transitions=count,
    )


def _says(parting: TourParting, names: tuple[str, str]) -> str:
    step = parting.steps[-1] if parting.steps else "boot"
    left, right = (result or "ok" for result in parting.results)
    if left != right:
        return f"{step}: {left} on {names[0]}, {right} on {names[1]}"
    place, left, right = parting.differences[0]
    return f"after {step}, {place} reads {left} on {names[0]}, {right} on {names[1]}"


def _mirrored(live: LiveExploration) -> LiveExploration:
    """The same with baseline and candidate changed for each other."""
    exploration, partings = live.exploration, live.partings
    names = exploration.candidate, exploration.baseline
    mirrored = [
        replace(
            parting,
            results=parting.results[::-1],
            differences=tuple((place, right, left) for place, left, right in parting.differences),
            observations=parting.observations[::-1],
        )
        for parting in partings
    ]
    verdict: Verdict = "equivalent"
    if exploration.verdict != "equivalent":
        verdict = "refines" if exploration.refined else "differs"
    changed = replace(
        exploration,
        baseline=names[0],
        candidate=names[1],
        verdict=verdict,
        refines=exploration.refined,
        refined=exploration.refines,
        states=exploration.states[::-1],
        transitions=exploration.transitions[::-1],
        witnesses=[
            _witness(parting, witness.transitions, names)
            for parting, witness in zip(mirrored, exploration.witnesses, strict=True)
        ],
    )
    return LiveExploration(changed, live.maps[::-1], mirrored)
