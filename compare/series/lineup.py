"""Line a series up with the variant that models it: each patch with its stage."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import pairwise

from zonediff.compare.series.restated import known, overridden
from zonediff.engine.policy import Stage
from zonediff.result.series import LineUp, Patch, PatchLine, StageLine
from zonediff.variants.registry import Registry


def listed(patches: Sequence[Patch]) -> LineUp:
    """A series without a variant."""
    models = known()
    return LineUp(
        tuple(
            PatchLine(patch, tuple(name for name in patch.functions if name in models))
            for patch in patches
        )
    )


def line_up(patches: Sequence[Patch], variant: str, baseline: str, registry: Registry) -> LineUp:
    """A series, each patch with its stage of the variant. Raises VariantError."""
    stages = stages_of(variant, registry)
    classes = [
        type(registry.model(name).policy) for name in (baseline, *(item.variant for item in stages))
    ]
    own = [
        overridden(after, before) | frozenset(stage.functions)
        for stage, (before, after) in zip(stages, pairwise(classes), strict=True)
    ]
    models = known().union(*own)
    so_far = [frozenset[str]().union(*own[: number + 1]) for number in range(len(own))]
    places: list[tuple[int | None, tuple[str, ...]]] = []
    for patch in patches:
        places.append(_place(patch, stages, own, {place for place, _ in places}))
    lines = []
    for line, (place, evidence) in zip(listed(patches).patches, places, strict=True):
        restated = tuple(name for name in line.patch.functions if name in models)
        line = replace(line, restated=restated)
        if place is not None:
            left = tuple(name for name in restated if name not in so_far[place])
            line = replace(line, stage=stages[place].variant, by=evidence, left=left)
        lines.append(line)
    touched = {name for patch in patches for name in patch.functions}
    return LineUp(
        tuple(lines),
        baseline,
        variant,
        tuple(
            StageLine(
                stage.variant,
                tuple(sorted(own[number])),
                tuple(sorted(own[number] - touched)),
                sum(place == number for place, _ in places),
            )
            for number, stage in enumerate(stages)
        ),
    )


def stages_of(variant: str, registry: Registry) -> tuple[Stage, ...]:
    """The stages that a variant declares, or itself as the only one."""
    policy = registry.model(variant).policy
    return policy.stages or (Stage(policy.name),)


def _place(
    patch: Patch,
    stages: Sequence[Stage],
    own: Sequence[frozenset[str]],
    used: Collection[int | None],
) -> tuple[int | None, tuple[str, ...]]:
    """The index of the stage that a patch leads to, and the evidence.

    taken: stages that have a patch already; between two that fit equally, a free one wins. With a
    single stage, every patch belongs to it: preparations and clean-ups lead to it too.
    """
    for number, stage in enumerate(stages):
        if any(fnmatchcase(patch.subject, pattern) for pattern in stage.subjects):
            return number, ("subject",)
    shared = [
        tuple(name for name in patch.functions if name in (stage.functions or restated))
        for stage, restated in zip(stages, own, strict=True)
    ]
    best = max(range(len(stages)), key=lambda number: (len(shared[number]), number not in used))
    return (best, shared[best]) if shared[best] or len(stages) == 1 else (None, ())
