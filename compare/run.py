"""Run scenarios on variants, one process or many, and judge every candidate's outcome.

What comes out depends on the scenarios and variants alone, not on how many processes worked on
it, or when. A subject that fails spoils its own cell only, even when it takes its process with it.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

from zonediff.compare import intents
from zonediff.compare.describe import scenario_info, variant_info
from zonediff.compare.interface import removals
from zonediff.compare.judge import judge
from zonediff.compare.runs import Cell, Draws, Runs, killed, pieces, whole_run, work
from zonediff.corpus.scenario import Scenario
from zonediff.result.judgements import Judgement, Run
from zonediff.result.result import Evidence, Result, VariantInfo
from zonediff.variants.registry import Registry
from zonediff.work.contract import version
from zonediff.work.outcome_table import map_stored
from zonediff.work.pool import InProcess, Progress, WorkerPool
from zonediff.work.store import Store

_NEW_OBJECTS: Final = 50_000
"""So many more objects make Python look for garbage (700 by default)."""


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Let Python look for cyclic garbage seldom: runs leave little of it, and much that stays.

    By default it looks at all that stays again and again, for a sixth of the time.
    """
    before = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@_collecting_seldom()
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
    progress: Progress = lambda done, total: None,
) -> Result:
    """Run every scenario on the baseline and each variant, and judge the variants.

    baseline: its column comes first. registry: knows the variants by name; worker processes
    build their own from its files. pool: who does the work (workers.py); without one it is this
    process, so a subject that ends its process then ends the whole run. store: keeps what is done;
    what is in it is not done again. progress: told of runs.
    whole: these are all shipped scenarios, so that an intent that matches none of them is missing.
    evidence: what recordings of real kernels say about variants, by name. seed, seeds: those with
    which timed scenarios are run.

    A Ctrl-C (KeyboardInterrupt) ends the run early: `complete` is False, and what was done until
    then is judged. Raises registry.VariantError for an unknown variant, StoreError.
    """
    registry = registry or Registry()
    subjects = {name: registry.resolve(name) for name in (baseline, *variants)}
    infos = {
        name: variant_info(subject, evidence.get(name, ())) for name, subject in subjects.items()
    }
    candidates = [info for name, info in infos.items() if name != baseline]
    draws = Draws(seed, seeds, counted=seeds > 1)
    cells = [
        Cell(scenario, name, draws, subject.made_of)
        for scenario in scenarios
        for name, subject in subjects.items()
    ]
    todo = [piece for number, cell in enumerate(cells) for piece in pieces(number, cell)]
    due = Counter(piece.number for piece in todo)
    parts: dict[int, dict[int, Run]] = {}
    done: dict[int, Run] = {}
    table = Runs(store, registry) if store else None
    try:
        runs_done, all_runs = 0, sum(piece.cell.draws.seeds for piece in todo)
        for chunk in map_stored(pool or InProcess(registry), work, todo, killed, table):
            for piece, outcome in chunk:
                found = parts.setdefault(piece.number, {})
                found[piece.cell.draws.seed] = outcome
                if len(found) == due[piece.number]:
                    done[piece.number] = whole_run([found[seed] for seed in sorted(found)])
                    del parts[piece.number]
                runs_done += piece.cell.draws.seeds
                progress(runs_done, all_runs)
    except KeyboardInterrupt:
        pass
    runs = [done[index] for index in sorted(done)]
    complete = len(done) == len(cells)
    judgements = _judgements(scenarios, runs, infos[baseline], candidates)
    return Result(
        baseline=baseline,
        variants=list(infos.values()),
        scenarios=[scenario_info(scenario) for scenario in scenarios],
        runs=runs,
        judgements=judgements,
        removals=removals((infos[baseline], info) for info in candidates),
        intents=[
            outcome
            for info in candidates
            for outcome in intents.outcomes(info, judgements, whole=whole and complete)
        ],
        complete=complete,
        seed=seed,
        seeds=seeds,
        version=version(),
    )


def _judgements(
    scenarios: Sequence[Scenario],
    runs: Sequence[Run],
    baseline: VariantInfo,
    candidates: Sequence[VariantInfo],
) -> list[Judgement]:
    """Every judgement for which both runs are there."""
    by_cell = {(run.scenario, run.variant): run for run in runs if run.status != "not-run"}
    return [
        judge(scenario, one, two, baseline, info)
        for scenario in scenarios
        for info in candidates
        if (one := by_cell.get((scenario.id, baseline.name)))
        and (two := by_cell.get((scenario.id, info.name)))
    ]
