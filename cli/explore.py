"""`zonediff explore`: explore two variants over all sequences of steps on a small machine."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from zonediff.cli import completion, options, outputs
from zonediff.cli.explore_files import Export, exported, exports_of, write_exploration
from zonediff.cli.group import BadInput
from zonediff.cli.machines import (
    arena_errors,
    machine_option,
    named_arena,
    with_alphabet,
    with_symmetry,
)
from zonediff.cli.progress import bar, building, touring
from zonediff.compare.explore_models import explore_models
from zonediff.engine.policy import Policy
from zonediff.explore.arena import ALPHABET_PARTS, Arena
from zonediff.explore.explain import replay
from zonediff.explore.kinds import Witness
from zonediff.explore.system import Numberings
from zonediff.explore.views import LEVELS, Level
from zonediff.explore.walk_batch import STEPS
from zonediff.explore.walk_tables import PACKAGES
from zonediff.explore.walks import walk
from zonediff.explore.witness_scenario import scenario_text
from zonediff.live.host import find_host
from zonediff.live.image import Image, read_image
from zonediff.reports.forms.exploration import (
    Walks,
    exploration_json,
    exploration_text,
    speed_text,
    walks_json,
    walks_text,
)
from zonediff.result.explorations import Exploration
from zonediff.result.files import dumps
from zonediff.variants.model import Model
from zonediff.variants.registry import LIVE, Registry, public_names
from zonediff.variants.subject import NotOnThisMachine

if TYPE_CHECKING:
    from zonediff.compare.explore_live import LiveExploration

_Policies = tuple[Policy, Policy]

_file = click.Path(path_type=Path)


@click.command(
    epilog="""\b
Exit codes:
  0    equivalent, or every success on A is the same success on B
  1    they differ
  2    bad input or usage, or a variant failed
  4    the cluster was lost
  130  interrupted
"""
)
@click.argument("a", shell_complete=completion.variants)
@click.argument("b", shell_complete=completion.variants)
@machine_option
@click.option(
    "--alphabet",
    metavar="PART,...",
    help=f"Allow these steps: {', '.join(ALPHABET_PARTS)}. Default: the machine's own.",
)
@click.option(
    "--symmetry",
    metavar="NODE,NODE...",
    help="Explore one of the states that differ only in these nodes' numbers.",
)
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="sysfs",
    show_default=True,
    help="Compare this much after each step; each level adds to the one before.",
)
@click.option(
    "--depth",
    type=click.IntRange(min=1),
    metavar="N",
    help="Explore sequences of up to N steps. Default: any length.",
)
@click.option(
    "--max-states",
    type=click.IntRange(min=1),
    default=1_000_000,
    show_default=True,
    metavar="N",
    help="Stop at N states of a variant.",
)
@click.option(
    "--random",
    "walks",
    type=click.IntRange(min=1),
    metavar="N",
    help="Do N random walks instead, on a large machine.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="S", help="Seed the random walks."
)
@click.option(
    "--save", type=_file, metavar="DIR", help="Write each witness as a scenario to this folder."
)
@click.option(
    "--aut", type=_file, metavar="FILE", help="Write both systems to FILE-A.aut and FILE-B.aut."
)
@click.option(
    "--promela",
    type=_file,
    metavar="FILE.pml",
    help="Write both systems as one model for Spin.",
)
@click.option("--dot", type=_file, metavar="FILE", help="Write both systems as DOT, to two files.")
@click.option(
    "-o",
    "--output",
    type=_file,
    metavar="FILE.json",
    help="Write a result with this exploration, for `zonediff report`.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.store
@options.jobs
@options.scheduler
@options.variant_files
def command(a: str, b: str, variant_files: tuple[Path, ...], **given: Any) -> int:
    """Explore all sequences of steps on two variants.

    A and B are names of variants, or kernel images as live:IMAGE (docs/live.md). Prints whether
    they behave the same and, if not, one shortest sequence of steps for each kind of difference.
    The time goes to standard error.

    --symmetry takes nodes whose DIMMs are alike. It is refused where it would not be sound.
    """
    request = _Request(a, b, **given)
    if request.walks is None and (request.jobs > 1 or request.scheduler or request.store):
        raise click.UsageError(
            "--jobs, --scheduler and --store are for --random; exploring whole systems takes one "
            "process"
        )
    files = exports_of(request.aut, request.promela, request.dot)
    outputs.check(
        [
            ("--store", request.store),
            ("-o", request.output),
            *((option, path) for option, path, _ in files),
        ],
        [*variant_files, Path(request.machine), *options.image_inputs(a, b)],
    )
    outputs.check_folder("--save", request.save)
    registry = options.registry(variant_files)
    if a.startswith(LIVE) or b.startswith(LIVE):
        return _explore_live(request, registry)
    policies = registry.model(a).policy, registry.model(b).policy
    if request.walks is not None and request.symmetry is not None:
        raise click.UsageError("random walks use no symmetry")
    arena = with_symmetry(_arena(request), request.symmetry)
    if request.walks is None:
        return _explore(request, arena, policies, files, registry)
    if files or request.output:
        raise click.UsageError("random walks make no system that could be written")
    return _walk(request, request.walks, arena, policies, registry)


@dataclasses.dataclass(frozen=True, slots=True)
class _Request:
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


def _explore(
    request: _Request,
    arena: Arena,
    policies: _Policies,
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
    _print(request, models.exploration, models.stopped)
    texts = exported(files, left, right) | _result(request, models.exploration, registry)
    scenarios = _scenarios(models.witnesses, arena, policies) if request.save else []
    write_exploration(texts, request.save, arena, (left.name, right.name), scenarios)
    return 1 if models.exploration.verdict == "differs" else 0


def _print(request: _Request, outcome: Exploration, stopped: Sequence[str] = ()) -> None:
    if request.as_json:
        click.echo(exploration_json(outcome), nl=False)
    else:
        click.echo(exploration_text(outcome, stopped, request.max_states), nl=False)


_MODELS_ONLY: Final = {"--symmetry": "symmetry", "--random": "walks", "--promela": "promela"}
"""Options that only explorations of two models have."""


def _arena(request: _Request) -> Arena:
    """The machine to explore, with the alphabet that is asked for."""
    return with_alphabet(named_arena(request.machine), request.alphabet)


def _explore_live(request: _Request, registry: Registry) -> int:
    """Tour one or two real kernels, print and write the outcome.

    Raises BadInput, click.UsageError.
    """
    _check_live(request)
    arena = _arena(request)
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
    _print(request, live.exploration)
    _write_live(request, arena, names, live, registry)
    return 1 if live.exploration.verdict == "differs" else 0


def _check_live(request: _Request) -> None:
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
    request: _Request,
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
    texts |= _result(request, live.exploration, registry)
    scenarios = [
        learned_scenario(witness.says, parting, names, arena)
        for witness, parting in zip(live.exploration.witnesses, live.partings, strict=True)
    ]
    write_exploration(texts, request.save, arena, names, scenarios)


def _result(request: _Request, outcome: Exploration, registry: Registry) -> dict[Path, str]:
    """The result file that is asked for, with its text."""
    if request.output is None:
        return {}
    # Imported here, as most explorations need none of what a result holds.
    from zonediff.compare.assemble import exploration_result

    subjects = [registry.resolve(name) for name in (request.a, request.b)]
    inputs = [("variant file", file.path) for file in registry.files]
    return {request.output: dumps(exploration_result(outcome, subjects, registry, inputs))}


def _walk(
    request: _Request, number: int, arena: Arena, policies: _Policies, registry: Registry
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
    scenarios = _scenarios(differences, arena, policies) if request.save else []
    write_exploration({}, request.save, arena, (policies[0].name, policies[1].name), scenarios)
    return 1 if differences else 0


def _scenarios(witnesses: Sequence[Witness], arena: Arena, policies: _Policies) -> list[str]:
    return [scenario_text(witness, arena, *policies) for witness in witnesses]
