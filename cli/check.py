"""`zonediff check`: find scenarios and variants that do not load or show nothing."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path

import click

from zonediff.cli import options
from zonediff.compare.lint.scenarios import lint_scenarios, unjudged
from zonediff.compare.lint.variants import lint_variant
from zonediff.compare.runs import Cell, attempt
from zonediff.corpus.scenario import Scenario
from zonediff.engine.policy import Policy
from zonediff.engine.words import count_of
from zonediff.result.judgements import Run
from zonediff.variants.registry import OURS, Registry

_FOUND = 1


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

    A variant of a file is run on every scenario. It must differ from the variant that it builds on.

    SCENARIO is an id, a folder or a glob pattern of the corpus, or a file or folder on disk.
    Without any, only the variant files are checked; without those too, the whole corpus.
    """
    registry = Registry(variant_files)
    table = options.load_scenarios((), corpus) if variant_files or not scenarios else []
    wanted = options.load_scenarios(scenarios, corpus) if scenarios else table
    done: dict[tuple[str, str, str], Run] = {}

    def once(scenario: Scenario, variant: str) -> Run:
        key = scenario.id, scenario.hash, variant
        if key not in done:
            done[key] = attempt(Cell(scenario, variant), registry)
        return done[key]

    problems = []
    gaps: list[str] = []
    checked = []
    if scenarios or not variant_files:
        names = registry.names()
        runs = {(scenario.id, name): once(scenario, name) for scenario in wanted for name in names}
        problems += lint_scenarios(wanted, runs)
        gaps = unjudged(wanted, runs)
        files = len({scenario.path for scenario in wanted})
        checked.append(f"{_count(files, 'scenario file')} on {_count(len(names), 'variant')}")
    tried = [*{scenario.id: scenario for scenario in (*table, *wanted)}.values()]
    own = _of_files(variant_files, registry)
    for file, policy in own:
        problems += lint_variant(policy, str(file), tried, once, registry)
    if own:
        checked.append(
            f"{_count(len(own), 'variant')} of files in {_count(len(tried), 'scenario')}"
        )
    for gap in gaps:
        click.echo(f"Note: {gap}.")
    for problem in problems:
        click.echo(problem)
    click.echo(f"{' and '.join(checked)}: {_count(len(problems), 'mistake')}.")
    return _FOUND if problems else 0


def _of_files(files: Sequence[Path], registry: Registry) -> list[tuple[Path, type[Policy]]]:
    """The variants that files define, each with its file."""
    classes = [type(registry.model(name).policy) for name in registry.names() if name not in OURS]
    given = {file.resolve(): file for file in files}
    places = [(Path(inspect.getfile(policy)).resolve(), policy) for policy in classes]
    return [(given[place], policy) for place, policy in places if place in given]


def _count(number: int, noun: str) -> str:
    return count_of(number, noun) if number else f"no {noun}s"
