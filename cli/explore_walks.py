"""`zonediff explore --random`: random walks on large machines."""

from __future__ import annotations

import click

from zonediff.cli import options
from zonediff.cli.explore_files import write_exploration
from zonediff.cli.explore_request import Policies, Request, scenarios_of
from zonediff.cli.group import BadInput
from zonediff.cli.machines import arena_errors
from zonediff.cli.progress import bar
from zonediff.explore.arena import Arena
from zonediff.explore.explain import replay
from zonediff.explore.walk_batch import STEPS
from zonediff.explore.walk_tables import PACKAGES
from zonediff.explore.walks import walk
from zonediff.reports.forms.exploration import Walks, walks_json, walks_text
from zonediff.variants.registry import Registry


def explore_walks(
    request: Request, number: int, arena: Arena, policies: Policies, registry: Registry
) -> int:
    """Do so many random walks, print the differences that they met and write them."""
    try:
        with (
            arena_errors(arena),
            options.opened(request.store) as store,
            options.pool(registry, request.jobs, request.scheduler, PACKAGES) as pool,
            bar("exploring", "walks") as progress,
        ):
            differences = walk(
                *(policies, arena),
                walks=number,
                seed=request.seed,
                level=request.level,
                pool=pool,
                store=store,
                progress=progress,
            )
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        raise BadInput(
            "random walks need Hypothesis: python -m pip install 'zonediff[random]'"
        ) from None
    witnesses = [replay(witness, arena, policies) for witness in differences]
    walks = Walks(arena.name, request.a, request.b, number, STEPS, request.seed, witnesses)
    click.echo(walks_json(walks) if request.as_json else walks_text(walks), nl=False)
    scenarios = scenarios_of(differences, arena, policies) if request.save else []
    write_exploration({}, request.save, arena, (policies[0].name, policies[1].name), scenarios)
    return 1 if differences else 0
