"""`zonediff sweep`: a grid of machines and additions of memory, and what each survives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from zonediff.cli import options, outputs
from zonediff.cli.progress import bar
from zonediff.compare.describe import variant_info
from zonediff.compare.interface import removals
from zonediff.compare.provenance import sources
from zonediff.compare.sweep.frontier import frontiers
from zonediff.compare.sweep.plan import Sweep, find, load
from zonediff.compare.validate import evidence
from zonediff.corpus.recording import SHIPPED, files_of
from zonediff.engine.words import several
from zonediff.reports.page.frontier import frontier_table
from zonediff.result.files import save
from zonediff.result.frontiers import Frontier
from zonediff.result.result import Result
from zonediff.variants.registry import Registry
from zonediff.work.contract import version

_file = click.Path(path_type=Path)


class _Sweep(click.Command):
    """`sweep SWEEP`, and `sweep export`: a sweep in a file of that name is ./export."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> click.Context:
        """The context of the one that is meant."""
        if args[:1] == ["export"]:
            from zonediff.cli.sweep_export import command as export

            return export.make_context(f"{info_name} export", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command(
    cls=_Sweep,
    epilog="""\b
Exit codes:
  0    every point is done
  2    bad input or usage, or a variant failed
  4    the cluster that worked was lost; what was done is in the store
  130  interrupted; what was done until then is in the store
""",
)
@click.argument("sweep", metavar="SWEEP")
@options.store
@click.option(
    "--adaptive",
    is_flag=True,
    help="Run only the points that the picture needs: find where each row changes by bisection, "
    "where tests find that more memory only ever makes things worse.",
)
@options.jobs
@options.scheduler
@options.variant_files
@click.option("-o", "--output", type=_file, metavar="FILE", help="Write the result as JSON.")
def command(
    sweep: str,
    store: Path | None,
    adaptive: bool,
    jobs: int,
    scheduler: str | None,
    variant_files: tuple[Path, ...],
    output: Path | None,
) -> int:
    """Try a grid of machines and added memory: what survives?

    SWEEP is a YAML file with a grid of machines and additions, or the name of one that comes with
    zonediff (frontier, glance). A table is printed; `zonediff report` draws the picture from the
    result.

    With --store every row of the grid is kept soon after it is done. Whatever ends the sweep, the
    same command goes on where it stopped; given again meanwhile, it helps. `zonediff sweep export`
    gives what is in a store to other programs.
    """
    file = find(sweep)
    outputs.check({"--store": store, "-o": output}, [*variant_files, file])
    registry = Registry(variant_files)
    plan = load(file, registry)
    with (
        options.opened(store) as keeper,
        options.pool(registry, jobs, scheduler) as pool,
        bar("sweeping", "points") as progress,
    ):
        found = frontiers(
            plan, registry, store=keeper, adaptive=adaptive, pool=pool, progress=progress
        )
    if output is not None:
        save(_result(plan, found, registry, variant_files), output)
    click.echo(frontier_table(found), nl=False)
    if adaptive:
        click.echo(_saved(found))
    if output is not None:
        click.echo(f"\nwrote {output}")
    return 0


def _saved(found: Sequence[Frontier]) -> str:
    """How much less was run than for the whole grid, in machines booted."""
    rows = [(item, row) for item in found for row in item.rows]
    saved = sum(len(row.inferred) for _, row in rows)
    # Where memory comes in pieces, one machine has all sizes.
    whole = sum(len(item.added) if item.path == "acpi" else 1 for item, _ in rows)
    return (
        f"{whole - saved} of {several(whole, 'machine')} stand behind this picture; "
        f"inferred from those around: {several(saved, 'point')}."
    )


def _result(
    plan: Sweep, found: list[Frontier], registry: Registry, variant_files: Sequence[Path]
) -> Result:
    """A result without scenarios."""
    recordings = files_of([SHIPPED])
    subjects = [registry.model(name) for name in plan.variants]
    baseline, *others = [
        variant_info(subject, evidence(subject.policy, recordings)) for subject in subjects
    ]
    return Result(
        baseline=baseline.name,
        variants=[baseline, *others],
        scenarios=[],
        runs=[],
        judgements=[],
        removals=removals((baseline, info) for info in others),
        frontiers=found,
        sources=sources([("variant file", path) for path in variant_files]),
        version=version(),
    )
