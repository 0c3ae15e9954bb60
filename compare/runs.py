"""What a run falls into: a scenario on a variant, or some of the seeds of one that takes many.

What comes of a piece depends on its scenario, variant and seeds alone, so a store can have it.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any, Final, NamedTuple

from zonediff.compare.goals import evaluate
from zonediff.corpus.scenario import Scenario
from zonediff.engine.policy import Policy
from zonediff.engine.trace import Trace
from zonediff.result.converter import from_json, to_json
from zonediff.result.counts import GoalCount, joined
from zonediff.result.judgements import GoalOutcome, Run, Status
from zonediff.variants.registry import LIVE, Registry, VariantError
from zonediff.variants.subject import NotOnThisMachine
from zonediff.work.fingerprint import fingerprint
from zonediff.work.json_outcomes import JsonOutcomes
from zonediff.work.store import Store

SEEDS_AT_ONCE: Final = 200
"""A timed scenario with more seeds is more than one piece of work."""

_WORKER_DIED: Final = "the worker process died: it was killed, or left with os._exit()\n"


class Draws(NamedTuple):
    """How a timed scenario is run: with so many seeds, from this one on.

    counted: whether it is counted in how many of them each goal is met.
    """

    seed: int = 0
    seeds: int = 1
    counted: bool = False


_ONE_RUN: Final = Draws()


class Cell(NamedTuple):
    """One scenario on one variant, by the variant's name.

    made_of: what the variant has to be made of (see Subject), wherever it runs; empty for anything.
    """

    scenario: Scenario
    variant: str
    draws: Draws = _ONE_RUN
    made_of: str = ""


class Piece(NamedTuple):
    """A cell, or some of its seeds; number: the cell's. first: the piece whose trace is kept."""

    number: int
    cell: Cell
    first: bool


def attempt(cell: Cell, registry: Registry) -> Run:
    """What comes of a cell; whatever the variant raises becomes the run's error."""
    scenario, variant, draws, made_of = cell
    counts: list[GoalCount] = []
    try:
        subject = registry.resolve(variant)
        if made_of not in ("", subject.made_of):
            raise VariantError(f"{variant} has {subject.made_of} here instead of {made_of}")
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
    """The trace of the first seed and, where asked for, in how many each goal was met."""
    # Importing SimPy takes longer than running most scenarios.
    from zonediff.compare.simulate.sample import sample
    from zonediff.compare.simulate.simulation import simulate

    trace = simulate(scenario, policy, draws.seed)
    counts = sample(scenario, policy, draws.seed, draws.seeds) if draws.counted else []
    return trace, counts


def _failure(scenario: Scenario, variant: str, text: str) -> Run:
    return Run(scenario.id, variant, "error", error=text, hash=scenario.hash)


def pieces(number: int, cell: Cell) -> Iterator[Piece]:
    """A cell with many seeds in pieces, for models of scenarios in which time passes."""
    simulated = cell.scenario.timed and not cell.variant.startswith(LIVE)
    draws = cell.draws if simulated else _ONE_RUN
    last = draws.seed + draws.seeds
    # The same pieces whatever the number of seeds, so that more of them do not do old ones again.
    inner = range((draws.seed // SEEDS_AT_ONCE + 1) * SEEDS_AT_ONCE, last, SEEDS_AT_ONCE)
    for first, end in pairwise([draws.seed, *inner, last]):
        part = draws._replace(seed=first, seeds=end - first)
        yield Piece(number, cell._replace(draws=part), first == draws.seed)


def work(registry: Registry, piece: Piece) -> Run:
    """What comes of a piece, in whichever process."""
    run = attempt(piece.cell, registry)
    return run if piece.first else replace(run, trace=None)


def killed(piece: Piece) -> Run:
    """What comes of a piece that takes its process with it."""
    return _failure(piece.cell.scenario, piece.cell.variant, _WORKER_DIED)


def whole_run(parts: Sequence[Run]) -> Run:
    """The run that the pieces of a cell make together; one that failed speaks for all."""
    first, *others = parts
    failed = [part for part in parts if part.status == "error"]
    if failed or not others:
        return failed[0] if failed else first
    counts = [joined(alike) for alike in zip(*(part.counts for part in parts), strict=True)]
    return replace(first, counts=counts, goals=_goals(counts))


def _goals(counts: Sequence[GoalCount]) -> list[GoalOutcome]:
    return [GoalOutcome(count.want, count.always, str(count)) for count in counts]


class Runs(JsonOutcomes[Piece, Run]):
    """Runs in a store; those that failed are not kept, as they may have failed by accident."""

    def __init__(self, store: Store, registry: Registry) -> None:
        super().__init__(store)
        self._code = cache(lambda name: _code(name, registry))

    def depends_on(self, item: Piece) -> Sequence[object]:
        scenario, variant, draws, made_of = item.cell
        code = self._code(variant)
        return [code, variant, made_of, scenario.id, scenario.hash, draws, item.first]

    def describe(self, item: Piece) -> str:
        scenario, variant, draws, _ = item.cell
        seeds = f", {draws.seeds} seeds from {draws.seed} on" if draws.counted else ""
        return f"run of {scenario.id} on {variant}{seeds}"

    def dump(self, outcome: Run) -> Any:
        return to_json(outcome) if outcome.status in ("ran", "died") else None

    def load(self, item: Piece, body: Any) -> Run:
        return from_json(body, Run)


def _code(variant: str, registry: Registry) -> str:
    """A hash of the code that decides how a variant behaves; of a real kernel, ours alone."""
    return fingerprint(*([] if variant.startswith(LIVE) else [registry.model(variant).policy]))
