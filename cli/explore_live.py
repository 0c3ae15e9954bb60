"""`zonediff explore` with one or two real kernels."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from click.core import ParameterSource

from zonediff.cli.explore_files import exported, exports_of, write_exploration
from zonediff.cli.explore_request import Request, arena_of, print_exploration, result_text
from zonediff.cli.group import BadInput
from zonediff.cli.machines import arena_errors
from zonediff.cli.progress import touring
from zonediff.explore.arena import Arena
from zonediff.explore.system import Numberings
from zonediff.live.host import find_host
from zonediff.live.image import Image, read_image
from zonediff.variants.model import Model
from zonediff.variants.registry import LIVE, Registry, public_names
from zonediff.variants.subject import NotOnThisMachine

if TYPE_CHECKING:
    from zonediff.compare.explore_live import LiveExploration

_MODELS_ONLY: Final = {"--symmetry": "symmetry", "--random": "walks", "--promela": "promela"}
"""Options that only explorations of two models have."""


def explore_live_kernels(request: Request, registry: Registry) -> int:
    """Tour one or two real kernels, print and write the outcome.

    Raises BadInput, click.UsageError.
    """
    _check_live(request)
    arena = arena_of(request)
    subjects = [
        read_image(Path(name.removeprefix(LIVE))) if name.startswith(LIVE) else registry.model(name)
        for name in (request.a, request.b)
    ]
    names = _live_names(subjects)
    host = find_host()
    # Imported here because qemu.qmp may be missing where live kernels are not run.
    from zonediff.compare.explore_live import Bounds, explore_live

    bounds = Bounds(request.depth, request.max_states)
    with arena_errors(arena), touring() as progress:
        try:
            live = asyncio.run(
                explore_live(
                    arena, names, (subjects[0], subjects[1]), host, bounds=bounds, progress=progress
                )
            )
        except NotOnThisMachine as error:
            raise BadInput(f"{arena.name}: {error}") from None
    print_exploration(request, live.exploration)
    _write_live(request, arena, names, live, registry)
    return 1 if live.exploration.verdict == "differs" else 0


def _check_live(request: Request) -> None:
    """Check that no option is given that real kernels do not have. Raises click.UsageError."""
    for option, field in _MODELS_ONLY.items():
        if getattr(request, field) is not None:
            raise click.UsageError(f"{option} is for two models, not for real kernels")
    source = click.get_current_context().get_parameter_source("level")
    if source is ParameterSource.COMMANDLINE and request.level != "spans":
        raise click.UsageError("real kernels are compared at --level spans only")


def _live_names(subjects: Sequence[Image | Model]) -> tuple[str, str]:
    """The names of both sides for reports: of an image its file's name, without the folder."""
    left, right = public_names(
        [
            f"{LIVE}{subject.path.name}" if isinstance(subject, Image) else subject.name
            for subject in subjects
        ]
    )
    return left, right


def _write_live(
    request: Request,
    arena: Arena,
    names: tuple[str, str],
    live: LiveExploration,
    registry: Registry,
) -> None:
    """Write what was learned of both kernels, and the witnesses as scenarios."""
    from zonediff.compare.learned import learned_scenario, learned_system

    numberings = Numberings()
    left, right = (
        learned_system(name, arena, side, numberings)
        for name, side in zip(names, live.maps, strict=True)
    )
    texts = exported(exports_of(request.aut, None, request.dot), left, right)
    texts |= result_text(request, live.exploration, registry)
    scenarios = [
        learned_scenario(witness.says, parting, names, arena)
        for witness, parting in zip(live.exploration.witnesses, live.partings, strict=True)
    ]
    write_exploration(texts, request.save, arena, names, scenarios)
