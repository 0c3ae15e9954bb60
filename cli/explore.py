"""`zonediff explore`: two variants over all sequences of steps on a small machine."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import click
from tqdm import tqdm

from zonediff.cli import options, outputs
from zonediff.cli.group import BadInput
from zonediff.cli.progress import bar
from zonediff.engine import words
from zonediff.engine.kernel import NotModelled
from zonediff.engine.policy import Policy
from zonediff.engine.words import several
from zonediff.explore import arena_file, exports, witness_scenario
from zonediff.explore.arena import PARTS, STANDARD, Arena, ArenaError, Part, unlike
from zonediff.explore.breadth_first import Progress
from zonediff.explore.build import build
from zonediff.explore.compare import compare
from zonediff.explore.explain import exploration, replay
from zonediff.explore.kinds import Witness
from zonediff.explore.system import Numberings, System
from zonediff.explore.views import LEVELS, Level
from zonediff.explore.walks import PACKAGES, STEPS, walk
from zonediff.reports.text.plain import wrap
from zonediff.result.explorations import DifferenceWitness, Exploration
from zonediff.result.files import write_text
from zonediff.variants.registry import Registry

WIDTH = 80

Writer = Callable[[System, System], Iterator[str]]

_file = click.Path(path_type=Path)


@click.command(
    epilog="""\b
Exit codes:
  0    equivalent, or all that succeeds on A succeeds alike on B
  1    they differ
  2    bad input or usage, or a variant failed
  4    the cluster that worked was lost
  130  interrupted
"""
)
@click.argument("a")
@click.argument("b")
@click.option(
    "--machine",
    default="one-dimm",
    show_default=True,
    metavar="NAME|FILE.yaml",
    help=f"Where to explore: {', '.join(STANDARD)}, or a file with machine, plug and alphabet.",
)
@click.option(
    "--alphabet",
    metavar="PART,...",
    help=f"Which steps may happen, instead of the machine's own: {', '.join(PARTS)}.",
)
@click.option(
    "--symmetry",
    metavar="NODE,NODE...",
    help="Nodes whose DIMMs are alike: explore one of the states that differ in these nodes' names "
    "alone. Refused where it would not be sound.",
)
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="sysfs",
    show_default=True,
    help="What is looked at after each step; each level adds to the one before.",
)
@click.option(
    "--depth",
    type=click.IntRange(min=1),
    metavar="N",
    help="Explore sequences of up to N steps. Default: of any length.",
)
@click.option(
    "--max-states",
    type=click.IntRange(min=1),
    default=1_000_000,
    show_default=True,
    metavar="N",
    help="Stop at so many states of a variant.",
)
@click.option(
    "--random",
    "walks",
    type=click.IntRange(min=1),
    metavar="N",
    help="Do N random walks instead, on machines too large to explore whole.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random walks.")
@click.option(
    "--save", type=_file, metavar="DIR", help="Write each witness as a scenario into this folder."
)
@click.option(
    "--aut", type=_file, metavar="FILE", help="Write both systems: FILE-A.aut, FILE-B.aut."
)
@click.option(
    "--promela",
    type=_file,
    metavar="FILE.pml",
    help="Write both as one model for Spin, with its tables in FILE.h.",
)
@click.option("--dot", type=_file, metavar="FILE", help="Write both systems as DOT, likewise.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.store
@options.jobs
@options.scheduler
@options.variant_files
def command(
    a: str,
    b: str,
    machine: str,
    alphabet: str | None,
    symmetry: str | None,
    level: Level,
    depth: int | None,
    max_states: int,
    walks: int | None,
    seed: int,
    save: Path | None,
    aut: Path | None,
    promela: Path | None,
    dot: Path | None,
    as_json: bool,
    store: Path | None,
    jobs: int,
    scheduler: str | None,
    variant_files: tuple[Path, ...],
) -> int:
    """Try all sequences of steps: do two variants behave the same?

    If not, one shortest sequence is shown for each kind of difference. A and B are variants;
    `zonediff list variants` lists them.

    How long it took goes to standard error.
    """
    if walks is None and (jobs > 1 or scheduler is not None or store is not None):
        raise click.UsageError(
            "--jobs, --scheduler and --store are for --random; exploring whole systems takes one "
            "process"
        )
    outputs.check({"--store": store}, variant_files)
    registry = Registry(variant_files)
    policies = registry.model(a).policy, registry.model(b).policy
    if walks is not None and symmetry is not None:
        raise click.UsageError("random walks use no symmetry")
    arena = _symmetric(_arena(machine, alphabet), symmetry)
    writers = _writers(aut, promela, dot)
    for path in writers:
        outputs.check({"--aut, --promela or --dot": path})
    if save is not None and not save.is_dir():
        raise click.BadParameter(f"there is no folder {save}", param_hint="--save")
    if walks is not None:
        if writers:
            raise click.UsageError("random walks make no system that could be written")
        try:
            with (
                options.opened(store) as keeper,
                options.pool(registry, jobs, scheduler, PACKAGES) as pool,
                bar("exploring", "walks") as progress,
            ):
                met = walk(
                    *(policies, arena),
                    walks=walks,
                    seed=seed,
                    level=level,
                    pool=pool,
                    store=keeper,
                    progress=progress,
                )
        except (ArenaError, NotModelled) as error:
            raise BadInput(f"{arena.name}: {error}") from None
        except ModuleNotFoundError as error:
            if error.name != "hypothesis":
                raise
            raise BadInput(
                "random walks need Hypothesis: python -m pip install 'zonediff[random]'"
            ) from None
        witnesses = [replay(witness, arena, policies) for witness in met]
        shown = _walks_json if as_json else _walks_text
        click.echo(shown(witnesses, arena, a, b, walks, seed), nl=False)
        if save is not None:
            _save(save, arena, policies, met)
        return 1 if met else 0
    numberings = Numberings()

    def explore(policy: Policy, progress: Progress) -> System:
        return build(
            policy,
            arena,
            level=level,
            depth=depth,
            max_states=max_states,
            numberings=numberings,
            progress=progress,
        )

    try:
        with _bar() as progress:
            systems = explore(policies[0], progress), explore(policies[1], progress)
    except (ArenaError, NotModelled) as error:
        raise BadInput(f"{arena.name}: {error}") from None
    comparison = compare(*systems)
    found = exploration(arena, level, policies, systems, comparison)
    for system in systems:
        click.echo(_speed(system), err=True)
    if as_json:
        click.echo(_json(found), nl=False)
    else:
        stopped = [s.name for s in systems if not s.complete and (depth is None or s.depth < depth)]
        click.echo(_text(found, stopped, max_states), nl=False)
    for path, lines in writers.items():
        write_text(path, "\n".join(lines(*systems)) + "\n")
    if save is not None:
        _save(save, arena, policies, comparison.witnesses)
    return 1 if found.verdict == "differs" else 0


def _arena(machine: str, alphabet: str | None) -> Arena:
    """The standard machine of this name, or the one of a file."""
    if machine in STANDARD:
        arena = STANDARD[machine]
    elif Path(machine).suffix in (".yaml", ".yml"):
        arena = arena_file.load(Path(machine))
    else:
        known = ", ".join(STANDARD)
        raise click.BadParameter(
            f"{machine!r} is none of {known}, and no .yaml file", param_hint="--machine"
        )
    if alphabet is None:
        return arena
    parts: list[Part] = []
    for word in alphabet.split(","):
        if word.strip() not in get_args(Part):
            raise click.BadParameter(
                f"{word.strip()!r} is none of {', '.join(PARTS)}", param_hint="--alphabet"
            )
        parts += [part for part in PARTS if part == word.strip()]
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
    if mistake := unlike(arena):
        raise click.BadParameter(f"{arena.name}: {mistake}", param_hint="--symmetry")
    return arena


def _writers(aut: Path | None, promela: Path | None, dot: Path | None) -> dict[Path, Writer]:
    """What gives the lines of each file to write: `x.aut` becomes `x-A.aut` and `x-B.aut`."""
    found: dict[Path, Writer] = {}
    for path, write in ((aut, exports.aldebaran), (dot, exports.dot)):
        if path is not None:
            found[path.with_stem(f"{path.stem}-A")] = _of(write, 0)
            found[path.with_stem(f"{path.stem}-B")] = _of(write, 1)
    if promela is not None:
        tables = promela.with_suffix(".h")
        found[promela] = lambda one, two: exports.promela(one, two, tables.name)
        found[tables] = exports.promela_tables
    return found


def _of(write: Callable[[System], Iterator[str]], number: int) -> Writer:
    return lambda *systems: write(systems[number])


@contextmanager
def _bar() -> Iterator[Progress]:
    """A progress bar for a system of unknown size."""
    with tqdm(desc="exploring", unit=" states", leave=False, disable=None) as bar:

        def progress(count: int, more: int) -> None:
            bar.n = count
            bar.set_postfix_str(several(more, "transition"))

        yield progress


def _save(
    folder: Path, arena: Arena, policies: tuple[Policy, Policy], witnesses: Sequence[Witness]
) -> None:
    for number, witness in enumerate(witnesses, 1):
        name = witness_scenario.file_name(number, policies[0].name, policies[1].name, arena)
        write_text(folder / name, witness_scenario.scenario_text(witness, arena, *policies))
        click.echo(f"wrote {folder / name}", err=True)


def _speed(system: System) -> str:
    rate = system.states / system.seconds
    return (
        f"{system.name}: {_size(system.states, system.transitions)} in {system.seconds:.2f} s, "
        f"{rate:.0f} states a second"
    )


def _size(states: int, transitions: int) -> str:
    return f"{several(states, 'state')}, {several(transitions, 'transition')}"


def _json(found: Exploration) -> str:
    return json.dumps(dataclasses.asdict(found), indent=2) + "\n"


def _text(found: Exploration, stopped: Sequence[str], max_states: int) -> str:
    one, two = found.baseline, found.candidate
    sizes = [
        f"{name}: {_size(states, transitions)}{explored}"
        for name, states, transitions, explored in zip(
            (one, two), found.states, found.transitions, _reduced(found), strict=True
        )
    ]
    most = several(max_states, "state")
    sizes += [f"{name}: not all of it was explored, as it has more than {most}" for name in stopped]
    lines = [
        *wrap(f"{one} and {two} on {found.arena}, looking at {found.level}", WIDTH, rest="    "),
        "",
        *(line for size in sizes for line in wrap(size, WIDTH, rest="    ")),
        "",
        *wrap(_verdict(found), WIDTH),
    ]
    for number, witness in enumerate(found.witnesses, 1):
        lines += ["", *_witness(number, witness, one, two)]
    return "\n".join(lines) + "\n"


def _reduced(found: Exploration) -> list[str]:
    """What symmetry spared each of the two."""
    if not found.explored:
        return ["", ""]
    return [
        f" ({several(states, 'state')} explored, reduced by symmetry)" for states in found.explored
    ]


def _walks_json(
    found: Sequence[DifferenceWitness], arena: Arena, one: str, two: str, walks: int, seed: int
) -> str:
    body = {
        "arena": arena.name,
        "baseline": one,
        "candidate": two,
        "walks": walks,
        "seed": seed,
        "witnesses": [dataclasses.asdict(witness) for witness in found],
    }
    return json.dumps(body, indent=2) + "\n"


def _walks_text(
    found: Sequence[DifferenceWitness], arena: Arena, one: str, two: str, walks: int, seed: int
) -> str:
    met = f"met {several(len(found), 'kind')} of difference" if found else "met no difference"
    head = (
        f"{one} and {two} on {arena.name}: {several(walks, 'random walk')} of up to {STEPS} steps "
        f"(seed {seed}) {met}. They prove nothing beyond that."
    )
    lines = wrap(head, WIDTH)
    for number, witness in enumerate(found, 1):
        lines += ["", *_witness(number, witness, one, two)]
    return "\n".join(lines) + "\n"


def _verdict(found: Exploration) -> str:
    one, two = found.baseline, found.candidate
    bound = (
        "sequences of any length"
        if found.depth is None
        else f"sequences of up to {several(found.depth, 'step')}; longer ones were not explored"
    )
    if found.verdict == "equivalent":
        return f"Equivalent: nothing tells {one} and {two} apart, for {bound}."
    kinds = f"{several(len(found.witnesses), 'kind')} of difference"
    refinement = "and neither does all that the other does"
    if found.refines:
        refinement = f"all that succeeds on {one} succeeds alike on {two}"
    elif found.refined:
        refinement = f"all that succeeds on {two} succeeds alike on {one}"
    word = "Refines" if found.verdict == "refines" else "Differs"
    return f"{word}: {kinds}, {refinement}, for {bound}."


def _witness(number: int, witness: DifferenceWitness, one: str, two: str) -> Iterator[str]:
    yield from wrap(f"{number}. {witness.says}", WIDTH, rest="   ")
    if not witness.steps:
        yield "   right after boot"
    width = max((len(step.do) for step in witness.steps), default=0)
    for step in witness.steps:
        results = words.result(step.baseline)
        if step.baseline != step.candidate:
            results += f" | {words.result(step.candidate)}"
        yield f"   {step.do:{width}}  {results}"
    for name, reasons in ((one, witness.baseline_reasons), (two, witness.candidate_reasons)):
        for reason in reasons[-1:]:  # the last one decided
            yield from wrap(f"{name}: {reason}", WIDTH, first="   ", rest="      ")
