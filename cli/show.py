"""`zonediff show`: one run, told step by step with the reasons."""

from __future__ import annotations

from pathlib import Path

import click

from zonediff.cli import options
from zonediff.compare.describe import scenario_info
from zonediff.compare.runs import Cell, Draws, attempt
from zonediff.reports.forms.story import story
from zonediff.result import exit_code as verdict
from zonediff.variants.registry import Registry


@click.command(
    epilog="""\b
Exit codes:
  0    the story is told
  2    bad input or usage
  3    the variant cannot run the scenario, or failed to
  130  interrupted
"""
)
@click.argument("scenario")
@click.option(
    "--variant",
    default="upstream",
    show_default=True,
    metavar="NAME",
    help="The variant to run it on.",
)
@options.variant_files
@options.corpus
@options.seed
def command(
    scenario: str,
    variant: str,
    variant_files: tuple[Path, ...],
    corpus: Path | None,
    seed: int,
) -> int:
    """Tell the story of one scenario on one variant.

    SCENARIO is the id of a scenario of the corpus or a file; it has to be a single one, so of a
    family name a member, as in 'knob/kvm[knob=online]'.
    """
    found = options.load_scenarios([scenario], corpus)
    if len(found) > 1:
        ids = "\n".join(f"  {item.id}" for item in found)
        raise click.UsageError(f"{scenario!r} names {len(found)} scenarios; choose one:\n{ids}")
    registry = Registry(variant_files)
    registry.resolve(variant)
    run = attempt(Cell(found[0], variant, Draws(seed)), registry)
    if run.trace is None:
        does = "cannot" if run.status == "not-run" else "failed to"
        click.echo(f"{variant} {does} run {found[0].id}:\n\n{(run.error or '').rstrip()}", err=True)
        return verdict.FAILED
    click.echo(story(scenario_info(found[0]), run.trace, run.goals), nl=False)
    return verdict.PASSED
