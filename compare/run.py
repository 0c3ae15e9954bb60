"""Run scenarios on variants, in one process or many, and judge every candidate.

The result depends on the scenarios and variants alone, not on the number of processes or their
timing. A subject that fails spoils its own cell only, even when it ends its process.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import PurePath
from types import MappingProxyType
from typing import Final

from zonediff.compare import intents
from zonediff.compare.describe import scenario_info, variant_info
from zonediff.compare.interface import removals
from zonediff.compare.judge import judge
from zonediff.compare.runs import (
    Cell,
    Runs,
    SeedRange,
    WorkItem,
    killed,
    whole_run,
    work,
    work_items,
)
from zonediff.corpus.scenario import Scenario
from zonediff.result.judgements import Judgement, Run
from zonediff.result.result import Evidence, Result, VariantInfo
from zonediff.variants.registry import LIVE, Registry, public_names
from zonediff.work.contract import version
from zonediff.work.outcome_table import map_stored
from zonediff.work.pool import InProcess, Progress, WorkerPool
from zonediff.work.store import Store

_NEW_OBJECTS: Final = 50_000
"""The number of new objects after which Python searches for garbage (by default, 700)."""


@contextmanager
def _rare_garbage_collection() -> Iterator[None]:
    """Make Python search for cyclic garbage rarely: runs leave little garbage and many results.

    By default Python scans all results again and again, which takes a sixth of the time.
    """
    before = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@_rare_garbage_collection()
def run(
    scenarios: Sequence[Scenario],
    variants: Sequence[str],
    *,
    baseline: str = "upstream",
    registry: Registry | None = None,
    pool: WorkerPool | None = None,
    store: Store | None = None,
    whole: bool = False,
    evidence: Mapping[str, Sequence[Evidence]] = MappingProxyType({}),
    seed: int = 0,
    seeds: int = 1,
    measured: bool = False,
    progress: Progress = lambda done, total: None,
) -> Result:
    """Run every scenario on the baseline and each variant, and judge the variants.

    baseline: its column comes first. registry: knows the variants by name; worker processes build
    their own from its files. pool: does the work; without one this process does, and a subject
    that ends its process then ends the whole run. store: keeps the runs; a run that is in it is not
    repeated. whole: these are all shipped scenarios, so an intent that matches none is reported as
    missing. evidence: from recordings of real kernels, by variant. seed, seeds: timed
    scenarios run with this many seeds, from this one on. measured: keep the time that each run
    takes. progress: called with the number of runs
    done, and of all.

    A Ctrl-C (KeyboardInterrupt) ends the run early: `complete` is False, and the runs done by then
    are judged. Raises VariantError for an unknown variant, StoreError for a store that cannot be
    used.
    """
    registry = registry or Registry()
    subjects = {name: registry.resolve(name) for name in (baseline, *variants)}
    infos = {
        name: variant_info(subject, evidence.get(name, ())) for name, subject in subjects.items()
    }
    seed_range = SeedRange(seed, seeds, counted=seeds > 1)
    cells = [
        Cell(scenario, name, seed_range, subject.made_of, measured)
        for scenario in scenarios
        for name, subject in subjects.items()
    ]
    table = Runs(store, registry) if store else None
    runs, complete = _run_cells(cells, pool or InProcess(registry), table, progress)
    return _judged(
        scenarios, infos, runs, baseline, whole=whole, complete=complete, seeds=seed_range
    )


def _renamed(info: VariantInfo, name: str) -> VariantInfo:
    """The description of a variant under the name that reports have for it."""
    if name == info.name:
        return info
    lineage = [name if other == info.name else other for other in info.lineage]
    return replace(info, name=name, lineage=lineage)


def _run_renamed(run: Run, name: str) -> Run:
    """A run under the name that reports have for its variant."""
    if name == run.variant:
        return run
    folder = str(PurePath(run.variant.removeprefix(LIVE)).parent)
    return replace(
        run,
        variant=name,
        trace=None if run.trace is None else replace(run.trace, subject=name),
        error=None if run.error is None else run.error.replace(f"{folder}/", ""),
    )


def _judged(
    scenarios: Sequence[Scenario],
    infos: Mapping[str, VariantInfo],
    runs: Sequence[Run],
    baseline: str,
    *,
    whole: bool,
    complete: bool,
    seeds: SeedRange,
) -> Result:
    """The result of these runs, judged; names of kernels lose their folders."""
    public = dict(zip(infos, public_names([*infos]), strict=True))
    infos = {public[name]: _renamed(info, public[name]) for name, info in infos.items()}
    runs = [_run_renamed(run, public[run.variant]) for run in runs]
    baseline = public[baseline]
    candidates = [info for name, info in infos.items() if name != baseline]
    judgements = _judgements(scenarios, runs, infos[baseline], candidates)
    return Result(
        baseline=baseline,
        variants=list(infos.values()),
        scenarios=[scenario_info(scenario) for scenario in scenarios],
        runs=list(runs),
        judgements=judgements,
        removals=removals((infos[baseline], info) for info in candidates),
        intents=[
            outcome
            for info in candidates
            for outcome in intents.outcomes(info, judgements, whole=whole and complete)
        ],
        complete=complete,
        seed=seeds.first,
        seeds=seeds.number,
        version=version(),
    )


def _run_cells(
    cells: Sequence[Cell], pool: WorkerPool, table: Runs | None, progress: Progress
) -> tuple[list[Run], bool]:
    """The runs that are done, in the order of the cells, and whether those are all.

    A Ctrl-C (KeyboardInterrupt) ends the work early.
    """
    items = [item for index, cell in enumerate(cells) for item in work_items(index, cell)]
    items.sort(key=_boots_like)
    parts_of_cell = Counter(item.cell_index for item in items)
    parts: dict[int, dict[int, Run]] = {}
    runs: dict[int, Run] = {}
    seeds_done, all_seeds = 0, sum(item.cell.seeds.number for item in items)
    with suppress(KeyboardInterrupt):
        for chunk in map_stored(pool, work, items, killed, table):
            for item, run in chunk:
                known = parts.setdefault(item.cell_index, {})
                known[item.cell.seeds.first] = run
                if len(known) == parts_of_cell[item.cell_index]:
                    runs[item.cell_index] = whole_run([known[first] for first in sorted(known)])
                    del parts[item.cell_index]
                seeds_done += item.cell.seeds.number
                progress(seeds_done, all_seeds)
    return [runs[index] for index in sorted(runs)], len(runs) == len(cells)


def _boots_like(item: WorkItem) -> tuple[str, str]:
    """Sort key: real kernels last, and those that begin on the same machine together.

    A process boots a machine once for all of them.
    """
    scenario, variant, *_ = item.cell
    return (variant, repr(scenario.machine)) if variant.startswith(LIVE) else ("", "")


def _judgements(
    scenarios: Sequence[Scenario],
    runs: Sequence[Run],
    baseline: VariantInfo,
    candidates: Sequence[VariantInfo],
) -> list[Judgement]:
    """Every judgement for which both runs are there."""
    by_cell = {(run.scenario, run.variant): run for run in runs if run.status != "not-run"}
    return [
        judge(scenario, before, after, baseline, info)
        for scenario in scenarios
        for info in candidates
        if (before := by_cell.get((scenario.id, baseline.name)))
        and (after := by_cell.get((scenario.id, info.name)))
    ]
