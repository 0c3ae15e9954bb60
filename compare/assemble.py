"""Put a full result together: runs, judgements, and the other parts that a report shows.

The runs come first. Claims, frontiers, the history of releases and explorations are added one after
the other, so an interrupt keeps every part that was complete before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from zonediff.compare.claims.ledger import judge_claims
from zonediff.compare.describe import variant_info
from zonediff.compare.history import history
from zonediff.compare.interface import removals
from zonediff.compare.provenance import sources, versions
from zonediff.compare.run import run
from zonediff.compare.sweep import plan
from zonediff.compare.sweep.frontier import frontiers
from zonediff.compare.sweep.work import SweepError
from zonediff.compare.validate import evidence
from zonediff.corpus.claim_files import load_claims
from zonediff.corpus.recording import SHIPPED, files_of
from zonediff.corpus.scenario import Scenario
from zonediff.engine.policy import Policy
from zonediff.result.explorations import Exploration
from zonediff.result.frontiers import Frontier
from zonediff.result.result import Evidence, Result
from zonediff.result.series import LineUp
from zonediff.variants.registry import LIVE, Registry
from zonediff.variants.subject import Subject
from zonediff.work.contract import version
from zonediff.work.pool import Progress, WorkerPool
from zonediff.work.store import Store

Bar = Callable[[str, str], AbstractContextManager[Progress]]
"""Opens a progress bar for an activity (`running`) and the noun that it counts (`runs`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The parts of a full result that the user wants.

    variants: names of the candidates. whole_corpus: the scenarios are all that come with zonediff.
    for_report: add the parts that only reports show: evidence, provenance, claims, frontiers,
    history.
    judge_claims: the scenarios belong to the corpus that the claims of the discussion refer to.
    inputs: files and folders of the user, each with its role (`variant file`, `corpus`).
    command: the command line to record. measured: keep the time that each run takes.
    """

    scenarios: Sequence[Scenario]
    variants: Sequence[str]
    registry: Registry
    baseline: str = "upstream"
    whole_corpus: bool = False
    judge_claims: bool = False
    for_report: bool = True
    explore: bool = False
    seed: int = 0
    seeds: int = 1
    series: Sequence[LineUp] = ()
    inputs: Sequence[tuple[str, Path]] = ()
    command: str = ""
    measured: bool = False

    @property
    def models(self) -> list[str]:
        """The baseline and the candidates that are models; real kernels are left out."""
        names = dict.fromkeys((self.baseline, *self.variants))
        return [name for name in names if not name.startswith(LIVE)]


@dataclass(frozen=True, slots=True)
class Assembled:
    """A result; missing: names of the parts that an interrupt kept from it.

    warnings: parts that were left out for another reason, one sentence each.
    """

    result: Result
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@contextmanager
def _no_bar(doing: str, unit: str) -> Iterator[Progress]:
    """Show no progress."""
    yield lambda done, total: None


def assemble(
    wanted: Wanted,
    *,
    pool: WorkerPool | None = None,
    store: Store | None = None,
    bar: Bar = _no_bar,
) -> Assembled:
    """Run the scenarios, judge them and add every part that is wanted.

    pool, store: as for run(). bar: shows the progress of each part.

    An interrupt (KeyboardInterrupt) ends the work early: the result is then incomplete, or some
    parts are missing. Raises VariantError for an unknown variant, ScenarioError for a claim that
    cannot be read, StoreError and ClusterError.
    """
    registry = wanted.registry
    with bar("running", "runs") as progress:
        result = run(
            wanted.scenarios,
            wanted.variants,
            baseline=wanted.baseline,
            registry=registry,
            pool=pool,
            store=store,
            whole=wanted.whole_corpus,
            evidence=recorded_evidence(wanted.models, registry) if wanted.for_report else {},
            seed=wanted.seed,
            seeds=wanted.seeds,
            measured=wanted.measured,
            progress=progress,
        )
    if wanted.for_report:
        result = _with_provenance(result, wanted)
    warnings: list[str] = []
    parts = _parts(wanted, result.complete, pool, store, bar, warnings)
    for index, (_, add) in enumerate(parts):
        try:
            result = add(result)
        except KeyboardInterrupt:
            missing = tuple(name for name, _ in parts[index:])
            return Assembled(result, missing, tuple(warnings))
    return Assembled(result, warnings=tuple(warnings))


_Part = tuple[str, Callable[[Result], Result]]
"""The name of a part of a result, and the function that adds it."""


def _parts(
    wanted: Wanted,
    complete: bool,
    pool: WorkerPool | None,
    store: Store | None,
    bar: Bar,
    warnings: list[str],
) -> list[_Part]:
    """The parts to add to the runs, in their order. complete: all runs are done."""
    parts: list[_Part] = []
    if wanted.for_report and wanted.judge_claims:
        parts.append(("claims", lambda result: _with_claims(result, wanted.registry)))
    if wanted.for_report and wanted.whole_corpus and complete:
        parts += [
            ("frontiers", lambda result: _with_frontiers(result, wanted, pool, bar, warnings)),
            ("history", lambda result: _with_history(result, wanted, pool, store, bar)),
        ]
    if wanted.explore and complete:
        parts.append(
            ("explorations", lambda result: _with_explorations(result, wanted, pool, store, bar))
        )
    return parts


def recorded_evidence(names: Iterable[str], registry: Registry) -> dict[str, list[Evidence]]:
    """The evidence for each model from the recordings that come with zonediff."""
    return {name: list(_recorded_evidence(type(registry.model(name).policy))) for name in names}


@cache
def _recorded_evidence(variant: type[Policy]) -> tuple[Evidence, ...]:
    """The evidence for a variant; cached, because replaying takes as long as many runs."""
    return tuple(evidence(variant(), files_of([SHIPPED])))


def _with_provenance(result: Result, wanted: Wanted) -> Result:
    """Add the sources and versions behind the result, and the patch series."""
    return replace(
        result,
        sources=sources(wanted.inputs),
        command=wanted.command,
        versions=versions(),
        series=list(wanted.series),
    )


def _with_claims(result: Result, registry: Registry) -> Result:
    """Add a verdict for each claim of the discussion."""
    return replace(result, claims=judge_claims(load_claims(), result, registry))


def _with_frontiers(
    result: Result, wanted: Wanted, pool: WorkerPool | None, bar: Bar, warnings: list[str]
) -> Result:
    """Add the frontiers of each model that did not fail in a run."""
    failed = {run.variant for run in result.runs if run.status == "error"}
    names = (info.name for info in result.variants if info.name not in failed)
    models = tuple(name for name in names if not name.startswith(LIVE))
    glance = plan.load(plan.find("glance"), wanted.registry)
    try:
        with bar("sweeping", "points") as progress:
            curves = frontiers(
                replace(glance, variants=models), wanted.registry, pool=pool, progress=progress
            )
    except SweepError as error:
        warnings.append(f"No frontiers in the report: {error}")
        return result
    return replace(result, frontiers=curves)


def _with_history(
    result: Result, wanted: Wanted, pool: WorkerPool | None, store: Store | None, bar: Bar
) -> Result:
    """Add the outcomes on one kernel release after the other."""
    with bar("running releases", "runs") as progress:
        releases = history(
            wanted.scenarios,
            load_claims(),
            wanted.registry,
            known=result,
            pool=pool,
            store=store,
            progress=progress,
        )
    return replace(result, history=releases)


def _with_explorations(
    result: Result, wanted: Wanted, pool: WorkerPool | None, store: Store | None, bar: Bar
) -> Result:
    """Add each pair of models, explored on the standard small machines."""
    # Imported here, as numpy takes long to import.
    from zonediff.explore.all_pairs import explore_all_pairs
    from zonediff.explore.portrait import portraits

    policies = [wanted.registry.model(name).policy for name in wanted.models]
    with bar("exploring", "arenas") as progress:
        explorations = explore_all_pairs(
            wanted.models, wanted.registry, pool=pool, store=store, progress=progress
        )
    return replace(result, explorations=explorations, portraits=portraits(policies))


def sweep_result(
    sweep: plan.Sweep,
    curves: Sequence[Frontier],
    registry: Registry,
    inputs: Sequence[tuple[str, Path]] = (),
) -> Result:
    """A result that holds the frontiers of a sweep and no scenarios.

    The first variant of the sweep is the baseline. inputs: as for Wanted.
    """
    recorded = recorded_evidence(sweep.variants, registry)
    baseline, *candidates = [
        variant_info(registry.model(name), recorded[name]) for name in sweep.variants
    ]
    return Result(
        baseline=baseline.name,
        variants=[baseline, *candidates],
        scenarios=[],
        runs=[],
        judgements=[],
        removals=removals((baseline, candidate) for candidate in candidates),
        frontiers=list(curves),
        sources=sources(inputs),
        version=version(),
    )


def exploration_result(
    exploration: Exploration,
    subjects: Sequence[Subject],
    registry: Registry,
    inputs: Sequence[tuple[str, Path]] = (),
) -> Result:
    """A result that holds one exploration and no scenarios.

    subjects: the two that were explored; they are described by the names of the exploration.
    inputs: as for Wanted.
    """
    names = exploration.baseline, exploration.candidate
    models = [subject.name for subject in subjects if not subject.name.startswith(LIVE)]
    recorded = recorded_evidence(models, registry)
    baseline, candidate = (
        replace(variant_info(subject, recorded.get(subject.name, ())), name=name)
        for name, subject in zip(names, subjects, strict=True)
    )
    return Result(
        baseline=baseline.name,
        variants=[baseline] if candidate == baseline else [baseline, candidate],
        scenarios=[],
        runs=[],
        judgements=[],
        removals=removals([(baseline, candidate)]),
        explorations=[exploration],
        sources=sources(inputs),
        version=version(),
    )
