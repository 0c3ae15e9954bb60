"""Run scenarios on variants, one process or many, and judge every candidate's outcome.

What comes out depends on the scenarios and variants alone, not on how many processes worked on
it. A subject that fails spoils its own cell only, even when it takes its process with it.
"""

from __future__ import annotations

import importlib.metadata
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from zonediff.compare import intents
from zonediff.compare.describe import scenario_info, variant_info
from zonediff.compare.goals import evaluate
from zonediff.compare.interface import removed
from zonediff.compare.judge import judge
from zonediff.compare.result import (
    Evidence,
    GoalOutcome,
    Judgement,
    Result,
    Run,
    Status,
    VariantInfo,
    VariantRemovals,
)
from zonediff.compare.simulate.statistics import GoalCount
from zonediff.compare.workers import workers
from zonediff.corpus.scenario import Scenario
from zonediff.engine.policy import Policy
from zonediff.engine.trace import Trace
from zonediff.variants.registry import Registry
from zonediff.variants.subject import NotOnThisMachine

Progress = Callable[[int, int], None]
"""Called after each cell or few with how many are done, and of how many."""

_LARGEST_CHUNK: Final = 16
_WORKER_DIED: Final = "the worker process died: it was killed, or left with os._exit()\n"


class Draws(NamedTuple):
    """How a timed scenario is run: with so many seeds, from this one on."""

    seed: int = 0
    seeds: int = 1


_ONE_RUN: Final = Draws()


class Cell(NamedTuple):
    """One scenario on one variant, by the variant's name."""

    scenario: Scenario
    variant: str
    draws: Draws


def run(
    scenarios: Sequence[Scenario],
    variants: Sequence[str],
    *,
    baseline: str = "upstream",
    registry: Registry | None = None,
    jobs: int = 1,
    whole: bool = False,
    evidence: Mapping[str, Sequence[Evidence]] = MappingProxyType({}),
    seed: int = 0,
    seeds: int = 1,
    progress: Progress = lambda done, total: None,
) -> Result:
    """Run every scenario on the baseline and each variant, and judge the variants.

    baseline: its column comes first. registry: knows the variants by name; worker processes
    build their own from its files. jobs: worker processes; 1 is none but this one, so a subject
    that ends its process then ends the whole run. whole: these are all shipped scenarios, so
    that an intent that matches none of them is missing. evidence: what recordings of real kernels
    say about variants, by name. seed, seeds: those with which timed scenarios are run.

    A Ctrl-C (KeyboardInterrupt) ends the run early: `complete` is False, and what was done until
    then is judged. Raises registry.VariantError for an unknown variant.
    """
    registry = registry or Registry()
    infos = {
        name: variant_info(registry.resolve(name), evidence.get(name, ()))
        for name in (baseline, *variants)
    }
    candidates = [info for name, info in infos.items() if name != baseline]
    draws = Draws(seed, seeds)
    cells = [Cell(scenario, name, draws) for scenario in scenarios for name in infos]
    done: dict[int, Run] = {}
    try:
        for index, outcome in _outcomes(cells, min(jobs, len(cells)), registry):
            done[index] = outcome
            progress(len(done), len(cells))
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
        removals=[
            VariantRemovals(info.name, removals)
            for info in candidates
            if (removals := removed(infos[baseline].interface, info.interface))
        ],
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


def version() -> str:
    """The version of the installed distribution; `unknown` when it runs without one."""
    try:
        return importlib.metadata.version("zonediff")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def attempt(scenario: Scenario, variant: str, registry: Registry, draws: Draws = _ONE_RUN) -> Run:
    """One scenario on one variant; whatever the variant raises becomes the run's error."""
    counts: list[GoalCount] = []
    try:
        subject = registry.resolve(variant)
        policy: Policy | None = getattr(subject, "policy", None)
        if scenario.timed and policy is not None:
            trace, counts = _simulate(scenario, policy, draws)
        else:
            trace = subject.run(scenario.machine, [step.do for step in scenario.steps])
        goals = evaluate(scenario, trace)
        if counts:
            goals = [GoalOutcome(count.want, count.always, str(count)) for count in counts]
    except KeyboardInterrupt:
        raise
    except NotOnThisMachine as obstacle:
        why = f"not on this machine: {obstacle}"
        return Run(scenario.id, variant, "not-run", error=why, hash=scenario.hash)
    except BaseException as error:  # a subject may even call sys.exit()
        frames = error.__traceback__.tb_next if error.__traceback__ else None
        text = "".join(traceback.format_exception(type(error), error, frames))
        return _failure(scenario, variant, text)
    status: Status = "ran" if trace.end == "ran" else "died"
    return Run(scenario.id, variant, status, trace, goals, hash=scenario.hash, counts=counts)


def _simulate(scenario: Scenario, policy: Policy, draws: Draws) -> tuple[Trace, list[GoalCount]]:
    """The trace of the first seed and, of several, in how many each goal was met."""
    # Importing SimPy takes longer than running most scenarios.
    from zonediff.compare.simulate.sample import sample
    from zonediff.compare.simulate.simulation import simulate

    trace = simulate(scenario, policy, draws.seed)
    return trace, sample(scenario, policy, *draws) if draws.seeds > 1 else []


def _failure(scenario: Scenario, variant: str, text: str) -> Run:
    return Run(scenario.id, variant, "error", error=text, hash=scenario.hash)


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


# --- one process or many --------------------------------------------------------------------------

_Numbered = tuple[int, Cell]
_Outcomes = Iterator[tuple[int, Run]]


def _outcomes(cells: Sequence[Cell], jobs: int, registry: Registry) -> _Outcomes:
    """The run of each cell with its index, in the order in which they are done."""
    if jobs > 1:
        return _by_workers(list(enumerate(cells)), jobs, registry.files)
    return ((index, _attempt(cell, registry)) for index, cell in enumerate(cells))


def _attempt(cell: Cell, registry: Registry) -> Run:
    return attempt(cell.scenario, cell.variant, registry, cell.draws)


def _by_workers(cells: list[_Numbered], jobs: int, files: Sequence[Path]) -> _Outcomes:
    size = max(1, min(_LARGEST_CHUNK, len(cells) // (4 * jobs)))
    left = dict(cells)
    with workers(jobs, _start, files) as pool:
        futures = [
            pool.submit(_work, cells[start : start + size]) for start in range(0, len(cells), size)
        ]
        for future in as_completed(futures):
            try:
                chunk = future.result()
            except BrokenProcessPool:
                continue
            for index, outcome in chunk:
                del left[index]
                yield index, outcome
    while left:
        yield from _one_by_one(left, files)


def _one_by_one(left: dict[int, Cell], files: Sequence[Path]) -> _Outcomes:
    """Run cells one at a time until one kills its worker: that one is an error.

    A broken pool does not tell which of its cells broke it. Cells that are done leave `left`.
    """
    with workers(1, _start, files) as pool:
        for index, cell in list(left.items()):
            try:
                ((_, outcome),) = pool.submit(_work, [(index, cell)]).result()
            except BrokenProcessPool:
                outcome = _failure(cell.scenario, cell.variant, _WORKER_DIED)
            del left[index]
            yield index, outcome
            if outcome.error == _WORKER_DIED:
                return


_registry: Registry
"""A worker's own: variants are sent to it by name."""


def _start(files: Sequence[Path]) -> None:
    global _registry
    _registry = Registry(files)


def _work(cells: Sequence[_Numbered]) -> list[tuple[int, Run]]:
    return [(index, _attempt(cell, _registry)) for index, cell in cells]
