"""`zonediff explore`: explore two variants over all sequences of steps on a small machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zonediff.cli import completion, options, outputs
from zonediff.cli.explore_files import exports_of
from zonediff.cli.explore_live import explore_live_kernels
from zonediff.cli.explore_request import Request, arena_of
from zonediff.cli.explore_walks import explore_walks
from zonediff.cli.explore_whole import explore_whole
from zonediff.cli.machines import machine_option, with_symmetry
from zonediff.explore.arena import ALPHABET_PARTS
from zonediff.explore.views import LEVELS
from zonediff.variants.registry import LIVE

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
    request = Request(a, b, **given)
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
        return explore_live_kernels(request, registry)
    policies = registry.model(a).policy, registry.model(b).policy
    if request.walks is not None and request.symmetry is not None:
        raise click.UsageError("random walks use no symmetry")
    arena = with_symmetry(arena_of(request), request.symmetry)
    if request.walks is None:
        return explore_whole(request, arena, policies, files, registry)
    if files or request.output:
        raise click.UsageError("random walks make no system that could be written")
    return explore_walks(request, request.walks, arena, policies, registry)
