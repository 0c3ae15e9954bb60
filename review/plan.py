"""The stages of a review: their sources or images, and the pairs to compare."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from zonediff.engine.words import count_of
from zonediff.live.image import read_image
from zonediff.result.reviews import Stage, StageOutcome
from zonediff.review.mail_series import MailedSeries
from zonediff.review.patching import NotApplicable, apply_patch
from zonediff.review.sources import Changes, Tree, TreeCommit
from zonediff.review.stage_image import StageImage
from zonediff.variants.places import without_folders

BASE = "base"


@dataclass(slots=True)
class PlannedStage:
    """A stage on its way. changes: its files that differ from the tree; None if it has none.

    image: its kernel, once there is one. code: a hash of the kernel's machine code.
    """

    stage: Stage
    changes: Changes | None = None
    image: StageImage | None = None
    code: str = ""


@dataclass(slots=True)
class Plan:
    """The plan of a review. pairs: numbers of stages to compare, the first of each the baseline.

    origin: the kernel before the series, if there is one; it need not be among the stages. line: a
    name for builds whose objects may be used for each other. tree: the name of the folder of
    sources. base: their revision or version.
    """

    title: str
    stages: list[PlannedStage]
    pairs: list[tuple[int, int]]
    origin: PlannedStage | None = None
    tree: str = ""
    base: str = ""
    wanted_base: str = ""
    line: str = ""
    notes: list[str] = field(default_factory=list)


def plan_series(series: MailedSeries, tree: Tree, *, every: bool, keep_going: bool) -> Plan:
    """Plan a review of a mailed series on a tree: the base and a stage for each patch.

    every: compare each stage with the one before, too. keep_going: leave out patches that do not
    apply, and go on with those that do. Raises ReviewError for paths out of the tree.
    """
    stages = [PlannedStage(Stage(BASE, "not-built"), {})]
    changes: Changes = {}
    broken = False
    for number, patch in enumerate(series.patches, 1):
        name = f"{number}/{len(series.patches)}"
        outcome: StageOutcome = "not-built"
        problem = ""
        if broken and not keep_going:
            problem = "not tried, as an earlier patch does not apply"
        else:
            try:
                changes = apply_patch(tree, changes, patch.diff)
            except NotApplicable as error:
                outcome, problem, broken = "does-not-apply", str(error), True
        stage = Stage(
            name, outcome, patch=patch.subject, message_id=patch.message_id, problem=problem
        )
        stages.append(PlannedStage(stage, None if problem else changes))
    return Plan(
        title=" ".join(filter(None, (series.title, series.revision))),
        stages=stages,
        pairs=_pairs(stages, every=every) if keep_going or not broken else [],
        origin=stages[0],
        line=_line(*(patch.diff for patch in series.patches)),
        notes=[*series.notes],
    )


def plan_interdiff(before: MailedSeries, after: MailedSeries, tree: Tree) -> Plan:
    """Plan a review of what changed between two revisions of a series: of their last stages.

    Raises ReviewError for paths out of the tree.
    """
    names = [series.revision or "v1" for series in (before, after)]
    if names[0] == names[1]:
        names = ["before", "after"]
    stages = []
    for name, series in zip(names, (before, after), strict=True):
        changes: Changes | None = {}
        outcome: StageOutcome = "not-built"
        problem = ""
        for number, patch in enumerate(series.patches, 1):
            try:
                changes = apply_patch(tree, changes or {}, patch.diff)
            except NotApplicable as error:
                changes, outcome = None, "does-not-apply"
                problem = f"patch {number}/{len(series.patches)}: {error}"
                break
        last = series.patches[-1]
        stage = Stage(
            name, outcome, patch=series.title, message_id=last.message_id, problem=problem
        )
        stages.append(PlannedStage(stage, changes))
    return Plan(
        title=f"{after.title} {names[0]} to {names[1]}",
        stages=stages,
        pairs=[(0, 1)],
        origin=PlannedStage(Stage(BASE, "not-built"), {}),
        line=_line(*(patch.diff for series in (before, after) for patch in series.patches)),
        notes=[*dict.fromkeys((*before.notes, *after.notes))],
    )


def plan_range(revisions: str, commits: Sequence[TreeCommit], tree: Path) -> Plan:
    """Plan a review of commits: each against the one before, and the last against the first."""
    stages = [PlannedStage(Stage(BASE, "not-built"), {})]
    for number, commit in enumerate(commits, 1):
        stage = Stage(
            f"{number}/{len(commits)}", "not-built", patch=commit.subject, commit=commit.name
        )
        stages.append(PlannedStage(stage, commit.changes))
    return Plan(
        title=f"{tree.resolve().name} {revisions}",
        stages=stages,
        pairs=_pairs(stages, every=True),
        origin=stages[0],
        line=_line(str(tree.resolve())),
    )


def plan_images(base: Path, patched: Path) -> Plan:
    """Plan a review of two kernel images that exist. Raises VariantError for one that is none."""
    stages = []
    for name, path in ((BASE, base), ("patched", patched)):
        image = read_image(path)
        stage = Stage(
            name,
            "ready",
            patch=without_folders(str(path)),
            release=image.release,
            config=_config_digest(image.config()),
            image=image.digest,
        )
        stages.append(PlannedStage(stage, image=StageImage(stage, image)))
    releases = [item.stage.release for item in stages]
    return Plan(
        title=f"{releases[0]} and {releases[1]}",
        stages=stages,
        pairs=[(0, 1)],
        tree="images that existed",
        base=releases[0],
    )


def _pairs(stages: Sequence[PlannedStage], *, every: bool) -> list[tuple[int, int]]:
    """Return the first stage with the last, and with `every` each with the one before it."""
    with_sources = [number for number, item in enumerate(stages) if item.changes is not None]
    if len(with_sources) < 2:
        return []
    whole = (with_sources[0], with_sources[-1])
    return list(dict.fromkeys([*(pairwise(with_sources) if every else ()), whole]))


def _config_digest(options: dict[str, str] | None) -> str:
    if options is None:
        return ""
    text = "\n".join(f"{name}={value}" for name, value in sorted(options.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def _line(*texts: str) -> str:
    text = "\0".join(texts).encode(errors="surrogateescape")
    return f"series-{hashlib.sha256(text).hexdigest()[:16]}"


def not_built_note(stages: Sequence[PlannedStage]) -> str:
    """Return a sentence about the stages between the first and the last that were not built."""
    names = [item.stage.name for item in stages if item.stage.outcome == "not-built"]
    if not names:
        return ""
    which = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
    return f"{count_of(len(names), 'stage')} ({which}) not built: --every builds and compares each."
