"""Make a review: read the series, build its stages, explore their kernels, put the result together.

An interrupt keeps what was compared before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final

from zonediff.compare.provenance import sources, versions
from zonediff.live.agent import AgentFailed
from zonediff.live.host import Host, find_host
from zonediff.live.virtual_machine import QemuFailed
from zonediff.result.result import Result
from zonediff.result.reviews import Review, ReviewClaim, StageComparison
from zonediff.review.actions import read_alphabet
from zonediff.review.build_cache import SIZE, BuildCache, default_cache
from zonediff.review.builder import Builder, open_builder
from zonediff.review.claims import read_claim, settle_claims
from zonediff.review.configuration import Configuration, configuration
from zonediff.review.errors import ReviewError
from zonediff.review.explore import compare_stages, derive_alphabet, with_actions
from zonediff.review.limits import Limits
from zonediff.review.machines import ReviewMachine
from zonediff.review.mail_series import MailedSeries, read_mailed_series
from zonediff.review.plan import (
    Plan,
    PlannedStage,
    not_built_note,
    plan_images,
    plan_interdiff,
    plan_range,
    plan_series,
)
from zonediff.review.sandbox import choose_sandbox
from zonediff.review.sources import Tree, has_commit, is_changed, open_tree, read_commits
from zonediff.review.stage_image import StageImage
from zonediff.review.taken_back import with_refusals_taken_back
from zonediff.work.contract import version

Progress = Callable[[int, int], None]
"""Called with how much is done, and how much there is to do."""

Bar = Callable[[str, str], AbstractContextManager[Progress]]
"""Opens a progress bar, given what is done (`building base`) and what is counted (`files`)."""

SHORT: Final = 12
"""Digits of a commit that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The inputs of a review, and its settings.

    series: files of mails; since: those of the revision before. revisions: a range of the tree.
    images: kernels that exist, instead of a tree. fragments: options for the configuration, beside
    ours. alphabet, claims: files of the user. steps: of a sequence, seconds: of exploring two
    kernels; None leaves the default. every: compare each stage with the one before, too.
    keep_going: review what can be applied and built. unsafe: build without a sandbox. command: the
    command line to record.
    """

    machine: ReviewMachine
    series: Sequence[Path] = ()
    since: Sequence[Path] = ()
    tree: Path | None = None
    revisions: str | None = None
    images: tuple[Path, Path] | None = None
    fragments: Sequence[Path] = ()
    alphabet: Path | None = None
    claims: Sequence[Path] = ()
    steps: int | None = None
    seconds: float | None = None
    jobs: int | None = None
    every: bool = False
    keep_going: bool = False
    unsafe: bool = False
    cache: Path | None = None
    cache_bytes: int = SIZE
    command: str = ""


@contextmanager
def _no_bar(doing: str, unit: str) -> Iterator[Progress]:
    """Show no progress."""
    yield lambda done, total: None


@dataclass(slots=True)
class _Work:
    """A review under way."""

    wanted: Wanted
    plan: Plan
    host: Host
    bar: Bar
    note: Callable[[str], None]
    comparisons: list[StageComparison] = field(default_factory=list)
    claims: list[ReviewClaim] = field(default_factory=list)
    alphabet: dict[str, None] = field(default_factory=dict)
    complete: bool = True


def assemble_review(
    wanted: Wanted,
    *,
    bar: Bar = _no_bar,
    note: Callable[[str], None] = lambda text: None,
) -> Result:
    """Return the result of a review; after an interrupt, one that is not complete.

    note: says something to the user meanwhile, a line each. Raises ReviewError, SeriesError,
    VariantError and AlphabetError for input that cannot be used, before anything is built.
    """
    if wanted.alphabet is not None:
        read_alphabet(wanted.alphabet)
    for path in wanted.claims:
        read_claim(path)
    host = find_host()
    cache = BuildCache((wanted.cache or default_cache()).absolute(), wanted.cache_bytes)
    config = configuration(wanted.machine.config, wanted.fragments)
    tree, plan = _plan(wanted, cache)
    work = _Work(wanted, plan, host, bar, note)
    try:
        if tree is not None:
            _build(work, tree, config, cache)
        _compare(work)
        _settle(work)
    except KeyboardInterrupt:
        work.complete = False
    return _result(work)


# --- the series -----------------------------------------------------------------------------------


def _plan(wanted: Wanted, cache: BuildCache) -> tuple[Tree | None, Plan]:
    """Read the series and the tree, or two images. Raises ReviewError and SeriesError."""
    if wanted.images is not None:
        return None, plan_images(*wanted.images)
    assert wanted.tree is not None
    path, notes = wanted.tree, list[str]()
    if wanted.revisions is not None:
        base, commits = read_commits(path, wanted.revisions)
        tree = open_tree(path, cache.sources, base)
        plan = plan_range(wanted.revisions, commits, path)
    else:
        series = read_mailed_series(wanted.series)
        before = read_mailed_series(wanted.since) if wanted.since else None
        tree, notes = _tree_of(path, series, cache)
        if before is not None:
            plan = plan_interdiff(before, series, tree)
        else:
            plan = plan_series(series, tree, every=wanted.every, keep_going=wanted.keep_going)
        plan.wanted_base = series.base
    plan.tree = path.resolve().name
    plan.base = tree.says
    plan.notes += notes
    return tree, plan


def _tree_of(path: Path, series: MailedSeries, cache: BuildCache) -> tuple[Tree, list[str]]:
    """Return the commit that a series names as its base where the tree has it, else the tree."""
    honoured = bool(series.base) and has_commit(path, series.base)
    tree = open_tree(path, cache.sources, series.base if honoured else "")
    notes = []
    if series.base and not honoured:
        notes.append(
            f"The series names the base commit {series.base[:SHORT]}, which the tree does not "
            f"have; it was built on {tree.says} instead."
        )
    if not honoured and is_changed(path):
        notes.append("Changes in the tree that are not committed were left out.")
    return tree, notes


# --- building -------------------------------------------------------------------------------------


def _build(work: _Work, tree: Tree, config: Configuration, cache: BuildCache) -> None:
    """Build the stages that are compared, in the order of the series. Raises ReviewError."""
    if not work.plan.pairs:
        return
    with open_builder(
        tree,
        config,
        sandbox=choose_sandbox(unsafe=work.wanted.unsafe),
        cache=cache,
        line=work.plan.line,
        jobs=work.wanted.jobs,
        waits=lambda: work.note(f"Waiting for another build in {cache.folder}"),
    ) as builder:
        stages = work.plan.stages
        if work.plan.origin is not None:
            _build_stage(work, builder, work.plan.origin)
        for number in sorted({number for pair in work.plan.pairs for number in pair}):
            _build_stage(work, builder, stages[number])
        first, last = work.plan.pairs[-1]
        if stages[last].image is None and not work.wanted.every:
            _find_first_failure(work, builder, first, last)
        if stages[last].image is None and work.wanted.keep_going:
            built = [number for number, item in enumerate(stages) if item.image is not None]
            if built and built[-1] > first and (first, built[-1]) not in work.plan.pairs:
                work.plan.pairs.append((first, built[-1]))
    _mark_same_code(work.plan)


def _build_stage(work: _Work, builder: Builder, item: PlannedStage) -> None:
    """Build a stage, unless that was done, and note what became of it."""
    if item.changes is None or item.stage.outcome != "not-built":
        return
    name = item.stage.name
    with work.bar(f"building {name}", "files") as progress:
        built = builder.build(item.changes, progress)
    compiler = builder.compiler
    if built.image is None:
        item.stage = replace(
            item.stage, outcome="does-not-build", problem=built.problem, compiler=compiler
        )
        work.note(f"{name} does not build: {built.problem}")
        work.note(f"The log of the build: {built.log}")
        return
    config = built.image.path.with_name("config").read_bytes()
    item.stage = replace(
        item.stage,
        outcome="ready",
        release=built.image.release,
        config=hashlib.sha256(config).hexdigest(),
        compiler=compiler,
        image=built.image.digest,
    )
    item.image = StageImage(item.stage, built.image)
    item.code = built.code
    if built.lacking:
        lacking = ", ".join(option.removeprefix("CONFIG_") for option in built.lacking)
        sentence = f"The sources do not have these options as they were asked for: {lacking}."
        if sentence not in work.plan.notes:
            work.plan.notes.append(sentence)


def _find_first_failure(work: _Work, builder: Builder, first: int, last: int) -> None:
    """Build the stages between two in their order, until one fails, as `git bisect` needs it."""
    for item in work.plan.stages[first + 1 : last]:
        _build_stage(work, builder, item)
        if item.stage.outcome == "does-not-build":
            break


def _mark_same_code(plan: Plan) -> None:
    """Mark stages whose kernels have the machine code of the kernel before them."""
    ready = [item for item in plan.stages if item.image is not None]
    for before, item in pairwise(ready):
        if _same(before, item):
            item.stage = replace(item.stage, outcome="same-code")


# --- comparing ------------------------------------------------------------------------------------


def _compare(work: _Work) -> None:
    """Compare the pairs of stages that have kernels of different code."""
    stages = work.plan.stages
    limits = Limits()
    if work.wanted.steps is not None:
        limits = replace(limits, steps=work.wanted.steps)
    if work.wanted.seconds is not None:
        limits = replace(limits, seconds=work.wanted.seconds)
    for first, last in work.plan.pairs:
        baseline, candidate = stages[first].image, stages[last].image
        if baseline is None or candidate is None:
            continue
        if _same(stages[first], stages[last]):
            if stages[last].stage.outcome != "same-code":
                names = f"{baseline.stage.name} and {candidate.stage.name}"
                work.plan.notes.append(f"{names} have the same code and were not compared.")
            continue
        try:
            comparison = _compare_pair(work, baseline, candidate, limits)
        except (QemuFailed, AgentFailed) as error:
            _set_aside(work, stages[last], f"compared with {baseline.stage.name}: {error}")
            continue
        left_out = not_built_note(stages)
        if left_out:
            comparison = replace(comparison, not_tested=[*comparison.not_tested, left_out])
        work.comparisons.append(comparison)


def _compare_pair(
    work: _Work, baseline: StageImage, candidate: StageImage, limits: Limits
) -> StageComparison:
    """Compare two stages over the steps that both know. Raises QemuFailed and AgentFailed."""
    machine = work.wanted.machine
    names = f"{baseline.stage.name} and {candidate.stage.name}"
    with work.bar(f"exploring {names}", "transitions") as progress:
        derived = derive_alphabet(baseline, candidate, machine, work.host)
        if work.wanted.alphabet is not None:
            derived = with_actions(derived, read_alphabet(work.wanted.alphabet))
        work.alphabet |= dict.fromkeys(derived.alphabet.commands)
        comparison = compare_stages(
            baseline,
            candidate,
            machine,
            work.host,
            alphabet=derived,
            limits=limits,
            progress=partial(_show, progress),
        )
        origin = work.plan.origin.image if work.plan.origin is not None else None
        if origin is None or origin is baseline:
            return comparison
        return with_refusals_taken_back(comparison, origin, machine, work.host)


def _set_aside(work: _Work, item: PlannedStage, why: str) -> None:
    """Note that a stage that was built cannot be run.

    Raises ReviewError for an image of the user, and for a stage that could be run before.
    """
    name = item.stage.name
    used = {name for pair in work.comparisons for name in (pair.baseline, pair.candidate)}
    if work.wanted.images is not None or name in used:
        raise ReviewError(f"{name} cannot be {why}")
    item.stage = replace(item.stage, outcome="does-not-build", problem=f"it cannot be {why}")
    item.image = None
    work.note(f"{name} cannot be {why}")


def _show(progress: Progress, what: str, done: int, left: int) -> None:
    """Show the progress of a comparison."""
    progress(done, done + left)


def _same(earlier: PlannedStage, later: PlannedStage) -> bool:
    digests = {item.image.image.digest for item in (earlier, later) if item.image is not None}
    return len(digests) == 1 or (bool(earlier.code) and earlier.code == later.code)


def _settle(work: _Work) -> None:
    """Settle the claims on every stage that has a kernel of its own."""
    if work.wanted.claims:
        images = [item.image for item in work.plan.stages if item.image is not None]
        machine = work.wanted.machine
        try:
            work.claims = settle_claims(work.wanted.claims, images, machine, work.host)
        except (QemuFailed, AgentFailed) as error:
            work.plan.notes.append(f"The claims could not be settled: {error}")


# --- the result -----------------------------------------------------------------------------------


def _result(work: _Work) -> Result:
    plan, wanted = work.plan, work.wanted
    review = Review(
        series=plan.title,
        tree=plan.tree,
        base=plan.base,
        machine=wanted.machine.name,
        about=wanted.machine.about,
        alphabet=[*work.alphabet],
        stages=[item.stage for item in plan.stages],
        comparisons=work.comparisons,
        wanted_base=plan.wanted_base,
        claims=work.claims,
        configuration=_configuration(wanted),
        notes=plan.notes,
    )
    inputs = [("series", path) for path in (*wanted.series, *wanted.since)]
    return Result(
        baseline=plan.stages[0].stage.name,
        variants=[],
        scenarios=[],
        runs=[],
        judgements=[],
        reviews=[review],
        sources=sources(inputs),
        complete=work.complete,
        command=wanted.command,
        versions=versions(),
        version=version(),
    )


def _configuration(wanted: Wanted) -> str:
    if wanted.images is not None:
        return "as the images were built"
    ours = " and ".join(wanted.machine.config)
    given = "".join(f", and {path.name}" for path in wanted.fragments)
    return f"tinyconfig with the options for {ours}{given}"
