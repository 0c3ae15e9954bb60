"""`zonediff show`: one run, step by step, with its reasons."""

from __future__ import annotations

from pathlib import Path

import click

from zonediff.cli import completion, options
from zonediff.compare.describe import scenario_info
from zonediff.compare.runs import Cell, SeedRange, attempt
from zonediff.reports.forms.story import story
from zonediff.result import exit_code


@click.command(
    epilog="""\b
Exit codes:
  0    the scenario was run
  2    bad input or usage
  3    the variant cannot run the scenario, or failed to
  130  interrupted
"""
)
@click.argument("scenario", shell_complete=completion.scenarios)
@click.option(
    "--variant",
    shell_complete=completion.variants,
    default="upstream",
    show_default=True,
    metavar="NAME",
    help="Run the scenario on this variant.",
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
    """Show one scenario on one variant, step by step, with reasons.

    SCENARIO is the id of a scenario of the corpus, or a file. Of a family, name one member, as in
    'knob/kvm[knob=online]'.
    """
    loaded = options.load_scenarios([scenario], corpus)
    if len(loaded) > 1:
        ids = "\n".join(f"  {item.id}" for item in loaded)
        raise click.UsageError(f"{scenario!r} names {len(loaded)} scenarios; choose one:\n{ids}")
    registry = options.registry(variant_files)
    registry.resolve(variant)
    run = attempt(Cell(loaded[0], variant, SeedRange(seed)), registry)
    if run.trace is None:
        does = "failed to" if run.status == "error" else "cannot"
        gap = "\n\n" if run.status == "error" else " "
        click.echo(
            f"{variant} {does} run {loaded[0].id}:{gap}{(run.error or '').rstrip()}", err=True
        )
        return exit_code.FAILED
    click.echo(story(scenario_info(loaded[0]), run.trace, run.goals), nl=False)
    return exit_code.PASSED
