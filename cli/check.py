"""`zonediff check`: find scenarios and variants that do not load or show nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from zonediff.cli import options
from zonediff.compare.lint.check import check
from zonediff.corpus.scenario import Scenario
from zonediff.variants.registry import Registry

_MISTAKES = 1


@click.command(
    epilog="""\b
Exit codes:
  0    no mistakes
  1    a scenario or variant loads, but has a mistake
  2    a file does not load, or bad usage
  130  interrupted
"""
)
@options.scenarios
@options.variant_files
@options.corpus
def command(
    scenarios: tuple[str, ...], variant_files: tuple[Path, ...], corpus: Path | None
) -> int:
    """Check scenarios and variant files.

    Every file must load; errors come with file, line and column. Then the scenarios are run on
    every variant. A scenario must differ between variants. Some variant must reach each step and do
    something in it. Some variant must fail each goal, except goals with `control: true`.

    A variant of a file is run on every scenario. It must differ from the variant that it builds
    on. The first name in valid_zones must be the zone where a plain online goes.

    SCENARIO is an id, a folder or a glob pattern of the corpus, or a file or folder on disk.
    Without any, only the variant files are checked; without those too, the whole corpus.
    """
    registry = Registry(variant_files)
    corpus_scenarios = options.load_scenarios((), corpus) if variant_files or not scenarios else []
    if scenarios:
        checked = options.load_scenarios(scenarios, corpus)
    else:
        checked = [] if variant_files else corpus_scenarios
    report = check(checked, corpus_scenarios, variant_files, registry)
    for scenario in checked if scenarios else ():
        for note in _numbering(scenario):
            click.echo(note)
    for gap in report.gaps:
        click.echo(f"Note: {gap}.")
    for problem in report.problems:
        click.echo(problem)
    click.echo(report.summary)
    return _MISTAKES if report.problems else 0


def _numbering(scenario: Scenario) -> Iterator[str]:
    """Yield the kernel's numbers of the nodes, where they are not the machine's."""
    numbers = scenario.machine.node_numbers
    if numbers != tuple(range(len(numbers))):
        pairs = ", ".join(f"node {node} is {number}" for node, number in enumerate(numbers))
        yield f"Note: {scenario.id}: in the kernel's numbers, which goals use, {pairs}."
