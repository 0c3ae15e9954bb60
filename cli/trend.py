"""`zonediff trend`: how results developed."""

from __future__ import annotations

from pathlib import Path

import click

from zonediff.reports.forms.trend import Dated, trend
from zonediff.result import files as result_files


@click.command(
    epilog="""\b
Exit codes:
  0    the trend is printed
  2    bad input or usage
  130  interrupted
"""
)
@click.argument(
    "results", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RESULT..."
)
def command(results: tuple[Path, ...]) -> None:
    """Show how the results of several runs developed.

    RESULT is a file that `zonediff run -o` wrote; give the oldest first. Prints, for each variant,
    a row for each result, and which scenarios began to regress or stopped regressing.
    """
    dated = [Dated(path.name, result_files.load(path)) for path in results]
    click.echo(trend(dated), nl=False)
