"""`zonediff sweep`: run a grid of machines and additions of memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zonediff.cli import options, outputs
from zonediff.cli.progress import bar
from zonediff.compare.sweep.frontier import frontiers
from zonediff.compare.sweep.plan import find, load
from zonediff.reports.forms.sweep import saved_text
from zonediff.reports.page.frontier import frontier_table
from zonediff.result.files import save

_file = click.Path(path_type=Path)


class _Sweep(click.Command):
    """Both `sweep SWEEP` and `sweep export`; write ./export for a sweep in a file of that name."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> click.Context:
        """The context of the command that the arguments name."""
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
  4    the cluster was lost; finished work is in the store
  130  interrupted; finished work is in the store
""",
)
@click.argument("sweep", metavar="SWEEP")
@options.store
@click.option(
    "--adaptive",
    is_flag=True,
    help="Find by bisection where each row changes, instead of running all points.",
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
    """Run machines with added memory, and print which survive.

    SWEEP is a YAML file with a grid of machines and additions, or the name of a shipped one
    (frontier, glance). Prints a table; `zonediff report` draws the picture from the result.

    With --store, each row of the grid is kept soon after it is done. If the sweep is interrupted,
    the same command continues it; started twice at once, both share the work. `zonediff sweep
    export` writes the content of a store as a table.

    --adaptive tests on some rows whether more memory only ever makes things worse, and runs all
    points where it does not.
    """
    file = find(sweep)
    outputs.check([("--store", store), ("-o", output)], [*variant_files, file])
    registry = options.registry(variant_files)
    plan = load(file, registry)
    with (
        options.opened(store) as keeper,
        options.pool(registry, jobs, scheduler) as pool,
        bar("sweeping", "points") as progress,
    ):
        curves = frontiers(
            plan, registry, store=keeper, adaptive=adaptive, pool=pool, progress=progress
        )
    if output is not None:
        from zonediff.compare.assemble import sweep_result

        inputs = [("variant file", path) for path in variant_files]
        save(sweep_result(plan, curves, registry, inputs), output)
    click.echo(frontier_table(curves), nl=False)
    if adaptive:
        click.echo(saved_text(curves))
    if output is not None:
        click.echo(f"\nwrote {output}")
    return 0
