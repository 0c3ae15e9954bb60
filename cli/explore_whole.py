"""`zonediff explore` on two models: every sequence of steps."""

from __future__ import annotations

from collections.abc import Sequence

import click

from zonediff.cli.explore_files import Export, exported, write_exploration
from zonediff.cli.explore_request import (
    Policies,
    Request,
    print_exploration,
    result_text,
    scenarios_of,
)
from zonediff.cli.machines import arena_errors
from zonediff.cli.progress import building
from zonediff.compare.explore_models import explore_models
from zonediff.explore.arena import Arena
from zonediff.reports.forms.exploration import speed_text
from zonediff.variants.registry import Registry


def explore_whole(
    request: Request,
    arena: Arena,
    policies: Policies,
    files: Sequence[Export],
    registry: Registry,
) -> int:
    """Explore both models whole, print and write the outcome."""
    with arena_errors(arena), building() as progress:
        models = explore_models(
            policies,
            arena,
            level=request.level,
            depth=request.depth,
            max_states=request.max_states,
            progress=progress,
        )
    left, right = models.systems
    for system in models.systems:
        click.echo(
            speed_text(system.name, system.states, system.transitions, system.seconds), err=True
        )
    print_exploration(request, models.exploration, models.stopped)
    texts = exported(files, left, right) | result_text(request, models.exploration, registry)
    scenarios = scenarios_of(models.witnesses, arena, policies) if request.save else []
    write_exploration(texts, request.save, arena, (left.name, right.name), scenarios)
    return 1 if models.exploration.verdict == "differs" else 0
