"""`zonediff series`: the patches of a series, and the variant that models them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from zonediff.cli import options
from zonediff.compare.series.lineup import LineUp, PatchLine, line_up, listed
from zonediff.compare.series.mails import read_file
from zonediff.compare.series.patch import Patch
from zonediff.compare.series.repository import read_range
from zonediff.reports.plain import to_ascii, wrap
from zonediff.variants.registry import Registry

WIDTH: Final = 80

_INDENT: Final = "   "
_SHORT_ID: Final = 12
"""Digits of a commit that are shown."""


@click.command(
    epilog="""\b
Exit codes:
  0  the variant models all that the series changes and the models know
  1  it does not, or patches and stages do not fit together
  2  bad input or usage
"""
)
@click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="PATH",
    help="The git repository with the series. Default: the current folder's.",
)
@click.option("--range", "revisions", metavar="A..B", help="The series: commits after A, up to B.")
@click.option(
    "--mbox",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The series as mails: an mbox, or what git format-patch wrote.",
)
@click.option("--variant", metavar="NAME", help="Line the series up with this variant's stages.")
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

    Each patch comes with its diffstat and the kernel functions that it changes; those that the
    models restate are marked with *. With a variant, each patch is lined up with the stage that
    models it, by its subject or by these functions, and what either leaves out is told.
    """
    if (revisions is None) == (mbox is None):
        raise click.UsageError("name one series, with --range A..B or with --mbox FILE")
    patches = read_file(mbox) if mbox is not None else read_range(repo, revisions or "")
    if variant is None:
        series = listed(patches)
    else:
        series = line_up(patches, variant, baseline, Registry(variant_files))
    warnings = series.warnings()
    if as_json:
        click.echo(json.dumps({**dataclasses.asdict(series), "warnings": warnings}, indent=2))
    else:
        click.echo("\n".join(_text(series, warnings)))
    return 1 if warnings else 0


def _text(series: LineUp, warnings: list[str]) -> Iterator[str]:
    for number, line in enumerate(series.patches, 1):
        yield from _patch(number, len(series.patches), line)
        yield ""
    for stage in series.stages:
        yield from wrap(f"{stage.variant} restates {', '.join(stage.overrides)}.", WIDTH, rest="  ")
        if stage.untouched:
            names = ", ".join(stage.untouched)
            yield from wrap(f"No patch changes {names}.", WIDTH, "  ")
    if series.stages:
        yield ""
    for warning in warnings:
        yield from wrap(f"warning: {warning}", WIDTH, rest="  ")
    restated = {name for line in series.patches for name in line.restated}
    yield from wrap(
        f"{_count(len(series.patches), 'patch', 'es')}; the models restate "
        f"{_count(len(restated), 'function')} of those that change"
        + (f"; {_count(len(warnings), 'warning')}." if series.variant else "."),
        WIDTH,
    )


def _patch(number: int, total: int, line: PatchLine) -> Iterator[str]:
    patch = line.patch
    yield from wrap(f"{number}/{total} {patch.subject}", WIDTH, rest=_INDENT)
    about = ", ".join(filter(None, (patch.author, patch.date, _short(patch))))
    yield from wrap(about, WIDTH, _INDENT)
    for file in patch.files:
        lines = "binary" if file.binary else f"+{file.added} -{file.removed}"
        yield f"{_INDENT}{to_ascii(file.path)} | {lines}"
    for note in patch.notes:
        yield from wrap(f"note: {note}", WIDTH, _INDENT)
    marked = [f"{name}*" if name in line.restated else name for name in patch.functions]
    yield from wrap(f"changes {', '.join(marked) or 'no C function'}", WIDTH, _INDENT)
    if line.stage is not None:
        by = f" ({', '.join(line.by)})" if line.by else ""
        yield from wrap(f"stage {line.stage}{by}", WIDTH, _INDENT)


def _short(patch: Patch) -> str:
    """A commit in short; message-ids have no short form."""
    return patch.id if "@" in patch.id else patch.id[:_SHORT_ID]


def _count(number: int, noun: str, plural: str = "s") -> str:
    return f"{number} {noun}{'' if number == 1 else plural}"
