"""`zonediff bisect`: find the stage of a series that changes outcomes."""

from __future__ import annotations

from pathlib import Path

import click

from zonediff.cli import completion, options
from zonediff.cli.progress import bar
from zonediff.compare.series.bisect import bisect
from zonediff.reports.forms.bisection import bisection_text
from zonediff.result import exit_code


@click.command(
    epilog="""\b
Exit codes:
  0    no stage makes anything regress
  1    one does
  2    bad input or usage
  3    a variant failed to run
  130  interrupted
"""
)
@options.scenarios
@click.option("--all", "every", is_flag=True, help="Run the whole corpus.")
@click.option(
    "--variant",
    shell_complete=completion.variants,
    required=True,
    metavar="NAME",
    help="Bisect the stages of this variant, such as michal-split.",
)
@options.variant_files
@options.baseline
@options.corpus
@options.jobs
def command(
    scenarios: tuple[str, ...],
    every: bool,
    variant: str,
    variant_files: tuple[Path, ...],
    baseline: str,
    corpus: Path | None,
    jobs: int,
) -> int:
    """Find the stage of a series that changes an outcome.

    Each stage of the variant is judged against the stage before it, the first one against the
    baseline. One scenario is shown in detail, more as a table.
    """
    if bool(scenarios) == every:
        raise click.UsageError("name scenarios, or all of them with --all")
    registry = options.registry(variant_files)
    loaded = options.load_scenarios(scenarios, corpus)
    with options.pool(registry, jobs) as pool, bar("running", "runs") as progress:
        bisections = bisect(
            loaded,
            variant,
            baseline=baseline,
            registry=registry,
            pool=pool,
            progress=progress,
        )
    click.echo(bisection_text(bisections, variant, baseline), nl=False)
    steps = [step for item in bisections for step in item.steps]
    if any(step.kind == "error" for step in steps):
        return exit_code.FAILED
    return exit_code.REGRESSED if any(map(exit_code.is_regression, steps)) else exit_code.PASSED
