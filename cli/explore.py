"""`zonediff explore`: explore two variants over all sequences of steps on a small machine."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import click
from click.core import ParameterSource
from tqdm import tqdm

from zonediff.cli import completion, options, outputs
from zonediff.cli.group import BadInput
from zonediff.cli.machines import machine_option, named_arena
from zonediff.cli.progress import bar, touring
from zonediff.cli.streams import terminal
from zonediff.engine.kernel import NotModelled
from zonediff.engine.policy import Policy
from zonediff.engine.words import count_of
from zonediff.explore import exports, witness_scenario
from zonediff.explore.arena import ALPHABET_PARTS, AlphabetPart, Arena, ArenaError
from zonediff.explore.arena_checks import asymmetry
from zonediff.explore.breadth_first import Progress
from zonediff.explore.build import build
from zonediff.explore.compare import compare
from zonediff.explore.explain import exploration, replay
from zonediff.explore.kinds import Witness
from zonediff.explore.system import Numberings, System
from zonediff.explore.views import LEVELS, Level
from zonediff.explore.walk_batch import STEPS
from zonediff.explore.walk_tables import PACKAGES
from zonediff.explore.walks import walk
from zonediff.live.host import find_host
from zonediff.live.image import Image, read_image
from zonediff.reports.forms.exploration import (
    Walks,
    exploration_json,
    exploration_text,
    size,
    walks_json,
    walks_text,
)
from zonediff.result.explorations import Exploration
from zonediff.result.files import dumps
from zonediff.result.writing import write_files
from zonediff.variants.model import Model
from zonediff.variants.registry import LIVE, Registry, public_names
from zonediff.variants.subject import NotOnThisMachine

if TYPE_CHECKING:
    from zonediff.compare.explore_live import LiveExploration

Writer = Callable[[System, System], Iterator[str]]
"""Yields the lines of a file about both systems."""

_Output = tuple[str, Path, Writer]
"""An option, a file that it asks for, and the function that writes it."""

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
    writers = _writers(request.aut, request.promela, request.dot)
    outputs.check(
        [
            ("--store", request.store),
            ("-o", request.output),
            *((option, path) for option, path, _ in writers),
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
    arena = _symmetric(_arena(request.machine, request.alphabet), request.symmetry)
    if request.walks is None:
        return _explore(request, arena, policies, writers, registry)
    if writers or request.output:
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
    writers: Sequence[_Output],
    registry: Registry,
) -> int:
    """Explore both systems whole, compare them, print and write the outcome."""
    left, right = _systems(request, arena, policies)
    comparison = compare(left, right)
    outcome = exploration(arena, request.level, policies, (left, right), comparison)
    for system in (left, right):
        click.echo(_speed(system), err=True)
    if request.as_json:
        click.echo(exploration_json(outcome), nl=False)
    else:
        depth = request.depth
        stopped = [
            system.name
            for system in (left, right)
            if not system.complete and (depth is None or system.depth < depth)
        ]
        click.echo(exploration_text(outcome, stopped, request.max_states), nl=False)
    exported = {path: "\n".join(lines(left, right)) + "\n" for _, path, lines in writers}
    texts = _scenarios(comparison.witnesses, arena, policies) if request.save else []
    exported |= _result(request, outcome, registry)
    _write(exported, request.save, arena, (left.name, right.name), texts)
    return 1 if outcome.verdict == "differs" else 0


_MODELS_ONLY: Final = {"--symmetry": "symmetry", "--random": "walks", "--promela": "promela"}
"""Options that only explorations of two models have."""


def _explore_live(request: _Request, registry: Registry) -> int:
    """Tour one or two real kernels, print and write the outcome.

    Raises BadInput, click.UsageError.
    """
    _check_live(request)
    arena = _arena(request.machine, request.alphabet)
    subjects = [
        read_image(Path(name.removeprefix(LIVE))) if name.startswith(LIVE) else registry.model(name)
        for name in (request.a, request.b)
    ]
    names = _live_names(subjects)
    host = find_host()
    # Imported here because qemu.qmp may be missing where live kernels are not run.
    from zonediff.compare.explore_live import Bounds, explore_live

    bounds = Bounds(request.depth, request.max_states)
    with _arena_errors(arena), touring() as progress:
        try:
            live = asyncio.run(
                explore_live(
                    arena, names, (subjects[0], subjects[1]), host, bounds=bounds, progress=progress
                )
            )
        except NotOnThisMachine as error:
            raise BadInput(f"{arena.name}: {error}") from None
    if request.as_json:
        click.echo(exploration_json(live.exploration), nl=False)
    else:
        click.echo(exploration_text(live.exploration, (), request.max_states), nl=False)
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
    writers = _writers(request.aut, None, request.dot)
    exported = {path: "\n".join(lines(left, right)) + "\n" for _, path, lines in writers}
    exported |= _result(request, live.exploration, registry)
    scenarios = [
        learned_scenario(witness.says, parting, names, arena)
        for witness, parting in zip(live.exploration.witnesses, live.partings, strict=True)
    ]
    _write(exported, request.save, arena, names, scenarios)


def _result(request: _Request, outcome: Exploration, registry: Registry) -> dict[Path, str]:
    """The result file that is asked for, with its text."""
    if request.output is None:
        return {}
    # Imported here, as most explorations need none of what a result holds.
    from zonediff.compare.assemble import exploration_result

    subjects = [registry.resolve(name) for name in (request.a, request.b)]
    inputs = [("variant file", file.path) for file in registry.files]
    return {request.output: dumps(exploration_result(outcome, subjects, registry, inputs))}


def _systems(request: _Request, arena: Arena, policies: _Policies) -> tuple[System, System]:
    """Both systems, with states numbered alike. Raises BadInput where one cannot be explored."""
    numberings = Numberings()

    def system(policy: Policy, progress: Progress) -> System:
        return build(
            policy,
            arena,
            level=request.level,
            depth=request.depth,
            max_states=request.max_states,
            numberings=numberings,
            progress=progress,
        )

    with _arena_errors(arena), _bar() as progress:
        return system(policies[0], progress), system(policies[1], progress)


def _walk(
    request: _Request, number: int, arena: Arena, policies: _Policies, registry: Registry
) -> int:
    """Do so many random walks, print the differences that they met and write them."""
    try:
        with (
            _arena_errors(arena),
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
    texts = _scenarios(differences, arena, policies) if request.save else []
    _write({}, request.save, arena, (policies[0].name, policies[1].name), texts)
    return 1 if differences else 0


@contextmanager
def _arena_errors(arena: Arena) -> Iterator[None]:
    """Report a machine that cannot be explored as bad input, with the machine's name."""
    try:
        yield
    except (ArenaError, NotModelled) as error:
        raise BadInput(f"{arena.name}: {error}") from None


def _arena(machine: str, alphabet: str | None) -> Arena:
    """The standard machine of this name, or the one of a file."""
    arena = named_arena(machine)
    if alphabet is None:
        return arena
    parts: list[AlphabetPart] = []
    for word in alphabet.split(","):
        if word.strip() not in get_args(AlphabetPart):
            raise click.BadParameter(
                f"{word.strip()!r} is none of {', '.join(ALPHABET_PARTS)}", param_hint="--alphabet"
            )
        parts += [part for part in ALPHABET_PARTS if part == word.strip()]
    return dataclasses.replace(arena, alphabet=tuple(parts))


def _symmetric(arena: Arena, symmetry: str | None) -> Arena:
    """The arena with these nodes interchangeable, instead of its own."""
    if symmetry is None:
        return arena
    words = [word.strip() for word in symmetry.split(",")]
    wrong = next((word for word in words if not (word.isascii() and word.isdecimal())), None)
    if wrong is not None:
        raise click.BadParameter(f"{wrong!r} is no node's number", param_hint="--symmetry")
    arena = dataclasses.replace(arena, symmetry=tuple(map(int, words)))
    if mistake := asymmetry(arena):
        raise click.BadParameter(f"{arena.name}: {mistake}", param_hint="--symmetry")
    return arena


def _writers(aut: Path | None, promela: Path | None, dot: Path | None) -> list[_Output]:
    """The files to write, each with its writer: `x.aut` becomes `x-A.aut` and `x-B.aut`."""
    writers: list[_Output] = []
    for option, path, write in (("--aut", aut, exports.aldebaran), ("--dot", dot, exports.dot)):
        if path is not None:
            writers.append((option, path.with_stem(f"{path.stem}-A"), _of(write, 0)))
            writers.append((option, path.with_stem(f"{path.stem}-B"), _of(write, 1)))
    if promela is not None:
        tables = promela.with_suffix(".h")
        if tables == promela:
            raise click.BadParameter(
                f"{promela}: expected a name such as {promela.with_suffix('.pml')}; its tables are "
                f"written to {tables}",
                param_hint="--promela",
            )

        def model(left: System, right: System) -> Iterator[str]:
            return exports.promela(left, right, tables.name)

        writers.append(("--promela", promela, model))
        writers.append(("--promela", tables, exports.promela_tables))
    return writers


def _of(write: Callable[[System], Iterator[str]], number: int) -> Writer:
    return lambda *systems: write(systems[number])


@contextmanager
def _bar() -> Iterator[Progress]:
    """A progress bar for a system of unknown size."""
    with tqdm(desc="exploring", unit=" states", leave=False, disable=None, file=terminal()) as bar:

        def progress(count: int, more: int) -> None:
            bar.n = count
            bar.set_postfix_str(count_of(more, "transition"))

        yield progress


def _write(
    exported: dict[Path, str],
    folder: Path | None,
    arena: Arena,
    names: tuple[str, str],
    texts: Sequence[str],
) -> None:
    """Write the exported systems, and the scenarios of witnesses to a folder, all or none.

    Raises BadInput rather than overwrite a scenario that says something else.
    """
    scenarios: dict[Path, str] = {}
    if folder is not None:
        for number, text in enumerate(texts, 1):
            scenarios[folder / witness_scenario.file_name(number, *names, arena)] = text
    for path, text in scenarios.items():
        if path in exported or (path.exists() and path.read_bytes() != text.encode()):
            raise BadInput(
                f"{path} exists and is not what would be written: move it, or --save to another "
                "folder; nothing is written"
            )
    write_files({**exported, **scenarios})
    for path in scenarios:
        click.echo(f"wrote {path}", err=True)


def _scenarios(witnesses: Sequence[Witness], arena: Arena, policies: _Policies) -> list[str]:
    """The witnesses of two models as scenarios."""
    return [witness_scenario.scenario_text(witness, arena, *policies) for witness in witnesses]


def _speed(system: System) -> str:
    rate = system.states / system.seconds
    return (
        f"{system.name}: {size(system.states, system.transitions)} in {system.seconds:.2f} s, "
        f"{rate:.0f} states a second"
    )
