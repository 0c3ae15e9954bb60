"""Run scenarios on variants, one process or many, and judge every candidate's outcome.

What comes out depends on the scenarios and variants alone, not on how many processes worked on
it. A subject that fails spoils its own cell only, even when it takes its process with it.
"""

from __future__ import annotations

import gc
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType
from typing import Final, NamedTuple

from zonediff.compare import intents
from zonediff.compare.chunks import spread
from zonediff.compare.describe import scenario_info, variant_info
from zonediff.compare.goals import evaluate
from zonediff.compare.interface import removals
from zonediff.compare.judge import judge
from zonediff.compare.result import (
    Evidence,
    GoalOutcome,
    Judgement,
    Result,
    Run,
    Status,
    VariantInfo,
)
from zonediff.compare.simulate.statistics import GoalCount, joined
from zonediff.compare.terms import version
from zonediff.compare.workers import Crew, Here, Progress
from zonediff.corpus.scenario import Scenario
from zonediff.engine.policy import Policy
from zonediff.engine.trace import Trace
from zonediff.variants.registry import LIVE, Registry
from zonediff.variants.subject import NotOnThisMachine

_SEEDS_AT_ONCE: Final = 200
"""A timed scenario with more seeds is more than one piece of work."""

_NEW_OBJECTS: Final = 50_000
"""So many more objects make Python look for garbage (700 by default)."""

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
    crew: Crew | None = None,
    whole: bool = False,
    evidence: Mapping[str, Sequence[Evidence]] = MappingProxyType({}),
    seed: int = 0,
    seeds: int = 1,
    progress: Progress = lambda done, total: None,
) -> Result:
    """Run every scenario on the baseline and each variant, and judge the variants.

    baseline: its column comes first. registry: knows the variants by name; worker processes
    build their own from its files. crew: who does the work (workers.py); without one it is this
    process, so a subject that ends its process then ends the whole run. progress: told of runs.
    whole: these are all shipped scenarios, so that an intent that matches none of them is missing.
    evidence: what recordings of real kernels say about variants, by name. seed, seeds: those with
    which timed scenarios are run.

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
    pieces = [piece for number, cell in enumerate(cells) for piece in _pieces(number, cell)]
    due = Counter(piece.number for piece in pieces)
    parts: dict[int, dict[int, Run]] = {}
    done: dict[int, Run] = {}
    try:
        runs_done, all_runs = 0, sum(piece.cell.draws.seeds for piece in pieces)
        for chunk in spread(crew or Here(registry), _work, pieces, _killed):
            for piece, outcome in chunk:
                found = parts.setdefault(piece.number, {})
                found[piece.cell.draws.seed] = outcome
                if len(found) == due[piece.number]:
                    done[piece.number] = _joined([found[seed] for seed in sorted(found)])
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
            goals = _goals(counts)
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


# --- pieces of work -------------------------------------------------------------------------------


class Piece(NamedTuple):
    """A cell, or some of its seeds; number: the cell's. first: the piece whose trace is kept."""

    number: int
    cell: Cell
    first: bool


def _pieces(number: int, cell: Cell) -> Iterator[Piece]:
    """A cell with many seeds in pieces, for models of scenarios in which time passes."""
    simulated = cell.scenario.timed and not cell.variant.startswith(LIVE)
    seed, seeds = cell.draws if simulated else _ONE_RUN
    parts = -(-seeds // _SEEDS_AT_ONCE)
    ends = [seed + seeds * at // parts for at in range(parts + 1)]
    for first, end in pairwise(ends):
        yield Piece(number, cell._replace(draws=Draws(first, end - first)), first == seed)


def _work(registry: Registry, piece: Piece) -> Run:
    scenario, variant, draws = piece.cell
    run = attempt(scenario, variant, registry, draws)
    return run if piece.first else replace(run, trace=None)


def _killed(piece: Piece) -> Run:
    return _failure(piece.cell.scenario, piece.cell.variant, _WORKER_DIED)


def _joined(parts: Sequence[Run]) -> Run:
    """The run that the pieces of a cell make together; one that failed speaks for all."""
    first, *others = parts
    failed = [part for part in parts if part.status == "error"]
    if failed or not others:
        return failed[0] if failed else first
    counts = [joined(alike) for alike in zip(*(part.counts for part in parts), strict=True)]
    return replace(first, counts=counts, goals=_goals(counts))


def _goals(counts: Sequence[GoalCount]) -> list[GoalOutcome]:
    return [GoalOutcome(count.want, count.always, str(count)) for count in counts]
