"""Cut a run into work items: a scenario on a variant, or some seeds of a timed scenario.

The outcome of an item depends on its scenario, variant and seeds alone, so a store can keep it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from time import perf_counter_ns
from typing import Any, Final, NamedTuple

from zonediff.compare.goals import evaluate
from zonediff.corpus.scenario import Scenario
from zonediff.engine.kernel import NotModelled
from zonediff.engine.policy import Policy
from zonediff.engine.trace import Trace
from zonediff.result.converter import from_json, to_json
from zonediff.result.counts import GoalCount, joined
from zonediff.result.judgements import GoalOutcome, Run, Status
from zonediff.variants.places import traceback_text
from zonediff.variants.registry import LIVE, Registry, VariantError
from zonediff.variants.subject import NotOnThisMachine
from zonediff.work.fingerprint import fingerprint
from zonediff.work.json_outcomes import JsonOutcomes
from zonediff.work.store import Store

SEEDS_AT_ONCE: Final = 200
"""The most seeds of one work item."""

_WORKER_DIED: Final = "the worker process died: it was killed, or left with os._exit()\n"


class SeedRange(NamedTuple):
    """The seeds with which a timed scenario runs: `number` of them, from `first` on.

    counted: count the seeds that meet each goal.
    """

    first: int = 0
    number: int = 1
    counted: bool = False


_KEPT: Final = ("ran", "died", "not-modelled")
"""The statuses of runs that a store keeps: another attempt would give the same."""

_ONE_RUN: Final = SeedRange()


class Cell(NamedTuple):
    """One scenario on one variant, by the variant's name.

    made_of: the inputs that the variant must have wherever it runs (see Subject); empty for any.
    measured: keep the time that the run takes.
    """

    scenario: Scenario
    variant: str
    seeds: SeedRange = _ONE_RUN
    made_of: str = ""
    measured: bool = False


class WorkItem(NamedTuple):
    """A cell, or some of its seeds.

    cell_index: the cell's place in the run. keeps_trace: the first item of a cell keeps its trace.
    """

    cell_index: int
    cell: Cell
    keeps_trace: bool


def attempt(cell: Cell, registry: Registry) -> Run:
    """Run a cell; an exception of the variant becomes the run's error."""
    scenario, variant, seeds, made_of, _ = cell
    counts: list[GoalCount] = []
    try:
        subject = registry.resolve(variant)
        if made_of not in ("", subject.made_of):
            raise VariantError(f"{variant} has {subject.made_of} here instead of {made_of}")
        policy: Policy | None = getattr(subject, "policy", None)
        if scenario.timed and policy is not None:
            trace, counts = _simulate(scenario, policy, seeds)
        else:
            trace = subject.run(scenario.machine, [step.do for step in scenario.steps])
        goals = evaluate(scenario, trace)
        if counts:
            goals = _goals(counts)
    except KeyboardInterrupt:
        raise
    except NotModelled as gap:
        return Run(scenario.id, variant, "not-modelled", error=str(gap), hash=scenario.hash)
    except NotOnThisMachine as obstacle:
        why = f"not on this machine: {obstacle}"
        return Run(scenario.id, variant, "not-run", error=why, hash=scenario.hash)
    except BaseException as error:  # a subject may even call sys.exit()
        return _failure(scenario, variant, traceback_text(error, calls=1))
    status: Status = "ran" if trace.end == "ran" else "died"
    return Run(scenario.id, variant, status, trace, goals, hash=scenario.hash, counts=counts)


def _simulate(
    scenario: Scenario, policy: Policy, seeds: SeedRange
) -> tuple[Trace, list[GoalCount]]:
    """The trace of the first seed and, if `counted`, the number of seeds that meet each goal."""
    # Importing SimPy takes longer than running most scenarios.
    from zonediff.compare.simulate.sample import sample
    from zonediff.compare.simulate.simulation import simulate

    trace = simulate(scenario, policy, seeds.first)
    counts = sample(scenario, policy, seeds.first, seeds.number) if seeds.counted else []
    return trace, counts


def _failure(scenario: Scenario, variant: str, text: str) -> Run:
    return Run(scenario.id, variant, "error", error=text, hash=scenario.hash)


def work_items(index: int, cell: Cell) -> Iterator[WorkItem]:
    """Cut a cell into items; only a timed scenario on a model has more than one.

    The cuts are at multiples of SEEDS_AT_ONCE, so a run with more seeds finds the items of an
    earlier one in the store.
    """
    simulated = cell.scenario.timed and not cell.variant.startswith(LIVE)
    seeds = cell.seeds if simulated else _ONE_RUN
    end = seeds.first + seeds.number
    inner = range((seeds.first // SEEDS_AT_ONCE + 1) * SEEDS_AT_ONCE, end, SEEDS_AT_ONCE)
    for first, next_first in pairwise([seeds.first, *inner, end]):
        part = seeds._replace(first=first, number=next_first - first)
        yield WorkItem(index, cell._replace(seeds=part), first == seeds.first)


def work(registry: Registry, item: WorkItem) -> Run:
    """Do an item, in this process or a worker."""
    start = perf_counter_ns()
    run = attempt(item.cell, registry)
    if item.cell.measured:
        run = replace(run, microseconds=(perf_counter_ns() - start) // 1000)
    return run if item.keeps_trace else replace(run, trace=None)


def killed(item: WorkItem) -> Run:
    """The run of an item whose process died."""
    return _failure(item.cell.scenario, item.cell.variant, _WORKER_DIED)


def whole_run(parts: Sequence[Run]) -> Run:
    """Join the runs of a cell's items; if one failed or is not modelled, it is the result."""
    first, *later_parts = parts
    failed = [part for part in parts if part.status in ("error", "not-modelled")]
    if failed or not later_parts:
        return failed[0] if failed else first
    counts = [joined(of_goal) for of_goal in zip(*(part.counts for part in parts), strict=True)]
    times = [part.microseconds for part in parts if part.microseconds is not None]
    total = sum(times) if len(times) == len(parts) else None
    return replace(first, counts=counts, goals=_goals(counts), microseconds=total)


def _goals(counts: Sequence[GoalCount]) -> list[GoalOutcome]:
    return [GoalOutcome(count.want, count.always, str(count)) for count in counts]


class Runs(JsonOutcomes[WorkItem, Run]):
    """Runs in a store; failed runs are not kept, as another attempt may succeed."""

    def __init__(self, store: Store, registry: Registry) -> None:
        super().__init__(store)
        self._code = cache(lambda name: _code(name, registry))

    def depends_on(self, item: WorkItem) -> Sequence[object]:
        scenario, variant, seeds, made_of, _ = item.cell
        code = self._code(variant)
        return [code, variant, made_of, scenario.id, scenario.hash, seeds, item.keeps_trace]

    def describe(self, item: WorkItem) -> str:
        scenario, variant, seeds, *_ = item.cell
        which = f", {seeds.number} seeds from {seeds.first} on" if seeds.counted else ""
        return f"run of {scenario.id} on {variant}{which}"

    def dump(self, outcome: Run) -> Any:
        if outcome.status not in _KEPT:
            return None
        return to_json(replace(outcome, microseconds=None))

    def load(self, item: WorkItem, body: Any) -> Run:
        run = from_json(body, Run)
        scenario, variant, *_ = item.cell
        names = (run.scenario, run.variant, run.hash)
        if names != (scenario.id, variant, scenario.hash) or run.status not in _KEPT:
            raise ValueError(f"it is of {run.scenario!r:.80} on {run.variant!r:.80}")
        if run.status == "not-modelled":
            return run
        wants = [goal.want for goal in scenario.goals]
        if [goal.want for goal in run.goals] != wants or (run.trace is None) == item.keeps_trace:
            raise ValueError("it does not judge the goals of its scenario, or lacks its trace")
        if item.cell.seeds.counted and run.trace is None and not run.counts:
            raise ValueError("it does not count the seeds that met the goals")
        return run


def _code(variant: str, registry: Registry) -> str:
    """A hash of the code that decides how a variant behaves; for a real kernel, of ours alone."""
    return fingerprint(*([] if variant.startswith(LIVE) else [registry.model(variant).policy]))
