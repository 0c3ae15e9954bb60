"""`zonediff sweep export`: write the content of a sweep's store for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from zonediff.cli import options, outputs
from zonediff.compare.sweep.export import FORMS, records
from zonediff.compare.sweep.frontier import kept
from zonediff.engine.words import count_of
from zonediff.result.writing import write_files
from zonediff.work.store import read_store

_file = click.Path(path_type=Path)


@click.command(
    epilog="""\b
Exit codes:
  0    the table is written
  2    bad input or usage
  130  interrupted
"""
)
@click.argument("store", type=_file, metavar="FILE.sqlite")
@options.variant_files
@click.option(
    "-o",
    "--output",
    type=_file,
    required=True,
    metavar="FILE.csv|FILE.parquet",
    help="Write the table to this file, in the form of its suffix.",
)
def command(store: Path, variant_files: tuple[Path, ...], output: Path) -> None:
    """Write the points in the store of a sweep as a table.

    Writes a line for each point that is done. Points of other versions of zonediff or of a variant
    are left out.
    """
    outputs.check([("-o", output)], [store, *variant_files])
    form = FORMS.get(output.suffix)
    if form is None:
        raise click.BadParameter(
            f"{output}: expected a name that ends in {' or '.join(FORMS)}", param_hint="-o"
        )
    with read_store(store) as opened:
        sweep, outcomes, stale = kept(opened, options.registry(variant_files))
    write_files({output: form(records(outcomes))})
    points = len(outcomes) * len(sweep.added)
    click.echo(f"wrote {output}: {count_of(points, 'point')}")
    if missing := len(list(sweep.rows())) - len(outcomes):
        click.echo(f"not done yet: {count_of(missing * len(sweep.added), 'point')}", err=True)
    if stale:
        click.echo(f"left out, as other code made them: {count_of(stale, 'row')}", err=True)
