"""`zonediff series`: the patches of a series, and the variant that models them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from zonediff.cli import completion, options
from zonediff.compare.series.source import from_mails, from_range
from zonediff.reports.page.patches import series_text
from zonediff.reports.text.plain import WIDTH


@click.command(
    epilog="""\b
Exit codes:
  0    the variant models all that the series changes and the models know
  1    it does not, or patches and stages do not fit together
  2    bad input or usage
  130  interrupted
"""
)
@click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="PATH",
    help="Read the series from this git repository. Default: the current folder's.",
)
@click.option("--range", "revisions", metavar="A..B", help="Read the commits after A, up to B.")
@click.option(
    "--mbox",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read the series from mails: an mbox, or files of git format-patch.",
)
@click.option(
    "--variant",
    shell_complete=completion.variants,
    metavar="NAME",
    help="Line the series up with the stages of this variant.",
)
@options.variant_files
@options.baseline
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    repo: Path,
    revisions: str | None,
    mbox: Path | None,
    variant: str | None,
    variant_files: tuple[Path, ...],
    baseline: str,
    as_json: bool,
) -> int:
    """List a patch series and line it up with a variant.

    Prints each patch with its diffstat and the kernel functions that it changes; * marks functions
    that the models restate. With --variant, each patch is lined up with the stage that models it,
    by its subject or by these functions; warnings show what either leaves out.
    """
    if (revisions is None) == (mbox is None):
        raise click.UsageError("name one series, with --range A..B or with --mbox FILE")
    registry = options.registry(variant_files)
    if mbox is not None:
        series = from_mails(mbox, variant, baseline, registry)
    else:
        series = from_range(repo, revisions or "", variant, baseline, registry)
    warnings = series.warnings()
    if as_json:
        click.echo(json.dumps({**dataclasses.asdict(series), "warnings": warnings}, indent=2))
    else:
        click.echo("\n".join(series_text(series, WIDTH)))
    return 1 if warnings else 0
