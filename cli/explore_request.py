"""The request of `zonediff explore`, and the outputs that all its ways of exploring share."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import click

from zonediff.cli.machines import named_arena, with_alphabet
from zonediff.engine.policy import Policy
from zonediff.explore.arena import Arena
from zonediff.explore.kinds import Witness
from zonediff.explore.views import Level
from zonediff.explore.witness_scenario import scenario_text
from zonediff.reports.forms.exploration import exploration_json, exploration_text
from zonediff.result.explorations import Exploration
from zonediff.result.files import dumps
from zonediff.variants.registry import Registry

Policies = tuple[Policy, Policy]


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """The options of the command line."""

    a: str
    b: str
    machine: str
    alphabet: str | None
    symmetry: str | None
    level: Level
    depth: int | None
    max_states: int
    walks: int | None
    seed: int
    save: Path | None
    aut: Path | None
    promela: Path | None
    dot: Path | None
    output: Path | None
    as_json: bool
    store: Path | None
    jobs: int
    scheduler: str | None


def arena_of(request: Request) -> Arena:
    """The machine to explore, with the alphabet that is asked for."""
    return with_alphabet(named_arena(request.machine), request.alphabet)


def print_exploration(request: Request, outcome: Exploration, stopped: Sequence[str] = ()) -> None:
    """Print the outcome as text or JSON. stopped: the variants not explored to the end."""
    if request.as_json:
        click.echo(exploration_json(outcome), nl=False)
    else:
        click.echo(exploration_text(outcome, stopped, request.max_states), nl=False)


def result_text(request: Request, outcome: Exploration, registry: Registry) -> dict[Path, str]:
    """The result file that is asked for, with its text."""
    if request.output is None:
        return {}
    # Imported here, as most explorations need none of what a result holds.
    from zonediff.compare.assemble import exploration_result

    subjects = [registry.resolve(name) for name in (request.a, request.b)]
    inputs = [("variant file", file.path) for file in registry.files]
    return {request.output: dumps(exploration_result(outcome, subjects, registry, inputs))}


def scenarios_of(witnesses: Sequence[Witness], arena: Arena, policies: Policies) -> list[str]:
    """Return the text of a scenario file for each witness."""
    return [scenario_text(witness, arena, *policies) for witness in witnesses]
