"""Run scenarios on variants, one process or many, and judge every candidate's outcome.

What comes out depends on the scenarios and variants alone, not on how many processes worked on
it. A subject that fails spoils its own cell only, even when it takes its process with it.
"""

from __future__ import annotations

import importlib.metadata
import multiprocessing
import signal
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
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
    Judgement,
    Result,
    Run,
    Status,
    VariantInfo,
    VariantRemovals,
)
from zonediff.corpus.scenario import Scenario
from zonediff.variants.registry import Registry

Progress = Callable[[int, int], None]
"""Called after each cell or few with how many are done, and of how many."""

_LARGEST_CHUNK: Final = 16
_WORKER_DIED: Final = "the worker process died: it was killed, or left with os._exit()\n"


class Cell(NamedTuple):
    """One scenario on one variant, by the variant's name."""

    scenario: Scenario
    variant: str


def run(
    scenarios: Sequence[Scenario],
    variants: Sequence[str],
    *,
    baseline: str = "upstream",
    registry: Registry | None = None,
    jobs: int = 1,
    whole: bool = False,
    evidence: Mapping[str, Sequence[Evidence]] = MappingProxyType({}),
    progress: Progress = lambda done, total: None,
) -> Result:
    """Run every scenario on the baseline and each variant, and judge the variants.

    baseline: its column comes first. registry: knows the variants by name; worker processes
    build their own from its files. jobs: worker processes; 1 is none but this one, so a subject
    that ends its process then ends the whole run. whole: these are all shipped scenarios, so
    that an intent that matches none of them is missing. evidence: what recordings of real kernels
    say about variants, by name.

    A Ctrl-C (KeyboardInterrupt) ends the run early: `complete` is False, and what was done until
    then is judged. Raises registry.VariantError for an unknown variant.
    """
    registry = registry or Registry()
    infos = {
        name: variant_info(registry.resolve(name), evidence.get(name, ()))
        for name in (baseline, *variants)
    }
    candidates = [info for name, info in infos.items() if name != baseline]
    cells = [Cell(scenario, name) for scenario in scenarios for name in infos]
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
        version=version(),
    )


def version() -> str:
    """The version of the installed distribution; `unknown` when it runs without one."""
    try:
        return importlib.metadata.version("zonediff")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def attempt(scenario: Scenario, variant: str, registry: Registry) -> Run:
    """One scenario on one variant; whatever the variant raises becomes the run's error."""
    try:
        subject = registry.resolve(variant)
        trace = subject.run(scenario.machine, [step.do for step in scenario.steps])
        goals = evaluate(scenario, trace)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a subject may even call sys.exit()
        frames = error.__traceback__.tb_next if error.__traceback__ else None
        text = "".join(traceback.format_exception(type(error), error, frames))
        return _failure(scenario, variant, text)
    status: Status = "ran" if trace.end == "ran" else "died"
    return Run(scenario.id, variant, status, trace, goals, hash=scenario.hash)


def _failure(scenario: Scenario, variant: str, text: str) -> Run:
    return Run(scenario.id, variant, "error", error=text, hash=scenario.hash)


def _judgements(
    scenarios: Sequence[Scenario],
    runs: Sequence[Run],
    baseline: VariantInfo,
    candidates: Sequence[VariantInfo],
) -> list[Judgement]:
    """Every judgement for which both runs are there."""
    by_cell = {(item.scenario, item.variant): item for item in runs}
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
    return ((index, attempt(*cell, registry)) for index, cell in enumerate(cells))


def _by_workers(cells: list[_Numbered], jobs: int, files: Sequence[Path]) -> _Outcomes:
    size = max(1, min(_LARGEST_CHUNK, len(cells) // (4 * jobs)))
    left = dict(cells)
    with _workers(jobs, files) as pool:
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
    with _workers(1, files) as pool:
        for index, cell in list(left.items()):
            try:
                ((_, outcome),) = pool.submit(_work, [(index, cell)]).result()
            except BrokenProcessPool:
                outcome = _failure(*cell, _WORKER_DIED)
            del left[index]
            yield index, outcome
            if outcome.error == _WORKER_DIED:
                return


@contextmanager
def _workers(count: int, files: Sequence[Path]) -> Iterator[ProcessPoolExecutor]:
    """Worker processes that know the variant files; after an error they are gone at once."""
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("forkserver")
    pool = ProcessPoolExecutor(count, context, _start, (files,))
    # Ctrl-C is for the process that waits for the workers. They start with the first submit and
    # inherit what is blocked then.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        pool.submit(int)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    pool.shutdown()


_registry: Registry
"""A worker's own: variants are sent to it by name."""


def _start(files: Sequence[Path]) -> None:
    global _registry
    _registry = Registry(files)


def _work(cells: Sequence[_Numbered]) -> list[tuple[int, Run]]:
    return [(index, attempt(*cell, _registry)) for index, cell in cells]
