"""Checks that the parts of a result fit together, as far as types cannot express it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from zonediff.corpus.forms import machine_from_json
from zonediff.corpus.scenario import ScenarioStep
from zonediff.engine.bounds import BLOCK_NUMBER
from zonediff.engine.machine import Machine
from zonediff.result.converter import from_json
from zonediff.result.frontiers import Frontier
from zonediff.result.history import History
from zonediff.result.result import Result, ScenarioInfo
from zonediff.result.review_checks import review_problems


def check(result: Result) -> None:
    """Check what the types of a result cannot express.

    Every name that it uses is described once, scenarios hold machines and steps, and rows have a
    value for each column. Raises ValueError, or what from_json() raises for a scenario's parts.
    """
    for problem in (
        *_unprintable_names(result),
        *_name_problems(result),
        *_frontier_problems(result.frontiers),
        *_exploration_problems(result),
        *(problem for review in result.reviews for problem in review_problems(review)),
    ):
        raise ValueError(problem)
    if result.history is not None:
        for problem in _history_problems(result.history):
            raise ValueError(problem)
    for scenario in result.scenarios:
        _check_machine(scenario)
        for step in scenario.steps:
            from_json(step, ScenarioStep)
        if not all(isinstance(goal.get("want"), str) for goal in scenario.goals):
            raise ValueError(f"a goal of {scenario.id!r} has no `want`")
    for problem in _run_problems(result):
        raise ValueError(problem)


def _check_machine(scenario: ScenarioInfo) -> None:
    """Check that the machine of a scenario is whole. Raises ValueError."""
    from_json(scenario.machine, Machine)
    try:
        machine = machine_from_json(scenario.machine)
    except KeyError as error:
        raise ValueError(f"the machine of {scenario.id!r} has no {error}") from None
    for _, problem in machine.problems():
        raise ValueError(f"the machine of {scenario.id!r}: {problem}")


def _unprintable_names(result: Result) -> Iterator[str]:
    """Yield names that are not one line of printable text."""
    names = {
        "variant": [info.name for info in result.variants],
        "scenario": [info.id for info in result.scenarios],
        "claim": [claim.id for claim in result.claims],
        "machine": [
            *(name for item in result.explorations for name in (item.arena, item.level)),
            *(name for item in result.portraits for name in (item.arena, item.level)),
        ],
        "frontier": [name for item in result.frontiers for name in (item.path, item.onliner)],
        "series": [
            name
            for item in result.series
            for name in (item.variant, item.baseline, *(stage.variant for stage in item.stages))
        ],
    }
    for kind, texts in names.items():
        for name in texts:
            if not name.isprintable():
                yield f"the name of a {kind}, {name!r:.80}, has characters that cannot be printed"


def _exploration_problems(result: Result) -> Iterator[str]:
    for item in result.explorations:
        if not all(len(counts) == 2 for counts in (item.states, item.transitions)):
            yield f"the exploration of {item.arena!r} does not count states of two variants"
        if len(item.explored) not in (0, 2):
            yield f"the exploration of {item.arena!r} does not count explored states of both"
    for portrait in result.portraits:
        states = range(len(portrait.states))
        if not states or not portrait.variants:
            yield f"the portrait of {portrait.arena!r} has no states, or no variants"
        if len({len(state) for state in portrait.states}) > 1:
            yield f"the states of the portrait of {portrait.arena!r} do not have the same parts"
        if any(move.source not in states or move.target not in states for move in portrait.moves):
            yield f"a move in the portrait of {portrait.arena!r} leads to a state that is not there"


def _run_problems(result: Result) -> Iterator[str]:
    wants = {info.id: [goal.get("want") for goal in info.goals] for info in result.scenarios}
    for run in result.runs:
        where = f"the run of {run.scenario!r} on {run.variant!r}"
        if (run.trace is None) != (run.status in ("error", "not-modelled", "not-run")):
            yield f"{where} has the status {run.status}, which does not fit its trace"
        if run.trace is None:
            continue
        if [goal.want for goal in run.goals] != wants.get(run.scenario, []):
            yield f"{where} does not judge the goals of its scenario"
        if not all(
            0 <= first <= last <= BLOCK_NUMBER for first, last in run.trace.devices.values()
        ):
            yield f"{where} has a device whose blocks do not ascend"


def _frontier_problems(frontiers: Sequence[Frontier]) -> Iterator[str]:
    for frontier in frontiers:
        if not frontier.added or not frontier.rows:
            yield "a frontier has no sizes, or no machines"
        if frontier.added != sorted({size for size in frontier.added if size > 0}):
            yield "the sizes of a frontier do not ascend from above 0"
        if any(len(row.least_kib) != len(frontier.added) for row in frontier.rows):
            yield "a row of a frontier does not have one value for each size"
    grids = {(*item.added, None, *(row.base for row in item.rows)) for item in frontiers}
    if len(grids) > 1:
        yield "the frontiers do not have the same machines and sizes"


def _history_problems(history: History) -> Iterator[str]:
    names = [release.variant for release in history.releases]
    later = set(names[1:])
    for item in history.scenarios:
        if len(item.results) != len(names):
            yield f"the history of {item.scenario!r} does not have one result for each release"
        if not {turn.variant for goal in item.goals for turn in goal.turns} <= later:
            yield f"in the history of {item.scenario!r} a turn is not at a later release"
    for claim in history.claims:
        if [verdict.variant for verdict in claim.verdicts] != names:
            yield f"the history of claim {claim.id!r} does not have one verdict for each release"


def _name_problems(result: Result) -> Iterator[str]:
    """Yield the names that a result uses and does not describe, or describes twice."""
    variants = [variant.name for variant in result.variants]
    scenarios = [scenario.id for scenario in result.scenarios]
    runs = [(run.scenario, run.variant) for run in result.runs]
    judgements = [(judgement.scenario, judgement.variant) for judgement in result.judgements]
    verdicts = [verdict for claim in result.claims for verdict in claim.verdicts]
    for what, names in (
        ("variant", variants),
        ("scenario", scenarios),
        ("run", runs),
        ("judgement", judgements),
        ("claim", [claim.id for claim in result.claims]),
        ("frontier", [(item.variant, item.path, item.onliner) for item in result.frontiers]),
    ):
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            yield f"{what} {twice[0]!r} occurs twice"
    only_reviews = bool(result.reviews) and not (variants or scenarios)
    used_variants = {
        *(() if only_reviews else (result.baseline,)),
        *(variant for _, variant in (*runs, *judgements)),
        *(item.variant for item in result.removals),
        *(item.variant for item in result.intents),
        *(verdict.variant for verdict in verdicts),
        *(item.variant for item in result.frontiers),
        *(name for item in result.explorations for name in (item.baseline, item.candidate)),
        *(name for item in result.portraits for name in item.variants),
    }
    used_scenarios = {
        *(scenario for scenario, _ in (*runs, *judgements)),
        *(scenario for item in result.intents for scenario in item.scenarios),
        *(item.scenario for item in (result.history.scenarios if result.history else ())),
        *(case.scenario for verdict in verdicts for case in verdict.cases if case.scenario),
    }
    for name in sorted(used_variants - set(variants)):
        yield f"variant {name!r} is not described under `variants`"
    for name in sorted(used_scenarios - set(scenarios)):
        yield f"scenario {name!r} is not described under `scenarios`"
