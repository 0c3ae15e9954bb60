"""`zonediff bisect`: which stage of a series changes what comes out of scenarios."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

import click
from tabulate import tabulate

from zonediff.cli import options
from zonediff.cli.progress import bar
from zonediff.compare.series.bisect import Bisection, bisect
from zonediff.reports.text.kinds import noun, short
from zonediff.reports.text.plain import to_ascii, wrap
from zonediff.result import exit_code as verdict
from zonediff.result.judgements import Judgement
from zonediff.variants.registry import Registry

WIDTH: Final = 80

_NARROWEST: Final = 24
_GAP: Final = 2
"""Blanks that tabulate puts between columns."""


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
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option("--all", "every", is_flag=True, help="Look at the whole corpus.")
@click.option(
    "--variant",
    required=True,
    metavar="NAME",
    help="The variant that models the series, such as michal-split.",
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

    Every stage of the variant is judged against the stage before it, the first one against the
    baseline. One scenario is told in detail, several as a table.
    """
    if bool(scenarios) == every:
        raise click.UsageError("name scenarios, or all of them with --all")
    registry = Registry(variant_files)
    looked_at = options.load_scenarios(scenarios, corpus)
    with options.pool(registry, jobs) as pool, bar("running", "runs") as progress:
        found = bisect(
            looked_at,
            variant,
            baseline=baseline,
            registry=registry,
            pool=pool,
            progress=progress,
        )
    lines = _one(found[0], baseline) if len(found) == 1 else _table(found, variant, baseline)
    click.echo("\n".join(lines))
    steps = [step for item in found for step in item.steps]
    if any(step.kind == "error" for step in steps):
        return verdict.FAILED
    return verdict.REGRESSED if any(map(verdict.is_regression, steps)) else verdict.PASSED


def _one(found: Bisection, baseline: str) -> Iterator[str]:
    """What each stage does to a scenario."""
    yield from wrap(f"{found.scenario}, from {baseline} on:", WIDTH)
    for step in found.steps:
        yield ""
        first = " (the first change)" if step is found.first else ""
        yield from wrap(f"{step.variant}: {_kinds(step)}{first}", WIDTH)
        yield from _detail(step)


def _detail(step: Judgement) -> Iterator[str]:
    for goal in step.goals:
        if goal.kind != "unchanged":
            met = "met until now" if goal.baseline else "met from now on"
            yield from wrap(f"{goal.want}: {met}; {goal.candidate_detail}", WIDTH, "  ", "    ")
    for removal in step.removals:
        yield from wrap(f"removes {removal.what}: {removal.detail}", WIDTH, "  ", "    ")
    difference = step.difference
    if difference is not None:
        yield from wrap(
            f"{difference.do}: {difference.baseline} -> {difference.candidate}", WIDTH, "  ", "    "
        )
        for reason in difference.candidate_reasons:
            yield from wrap(f"because {reason.text}", WIDTH, "    ", "      ")


def _table(found: Sequence[Bisection], variant: str, baseline: str) -> Iterator[str]:
    """The scenarios that any stage changes, and what each stage does to them."""
    stages = [step.variant for step in found[0].steps]
    changed = [item for item in found if item.first is not None]
    yield from wrap(f"{variant} from {baseline} on: each stage against the one before.", WIDTH)
    if changed:
        yield ""
        numbers = [f"({number})" for number in range(1, len(stages) + 1)]
        yield from (f"{number} {stage}" for number, stage in zip(numbers, stages, strict=True))
        yield ""
        rows = [*_rows(found)]
        taken = sum(
            max(map(len, column)) + _GAP
            for column in zip(numbers, *(cells for _, *cells in rows), strict=True)
        )
        widths = [max(_NARROWEST, WIDTH - taken), *(None for _ in stages)]
        yield from tabulate(
            rows, ["scenario", *numbers], maxcolwidths=widths, disable_numparse=True
        ).splitlines()
    yield ""
    first = Counter(item.first.variant for item in changed if item.first is not None)
    places = ", ".join(f"{first[stage]} first by {stage}" for stage in stages if first[stage])
    yield from wrap(
        f"{len(changed)} of {len(found)} scenarios change{': ' if places else ''}{places}.", WIDTH
    )


def _rows(found: Sequence[Bisection]) -> Iterator[list[str]]:
    """A row for each scenario that changes; members of a family that all do the same share one."""
    for family, group in groupby(found, key=lambda item: item.scenario.partition("[")[0]):
        members = [(item.scenario, [_cell(step) for step in item.steps]) for item in group]
        if len(members) > 1 and all(cells == members[0][1] for _, cells in members):
            members = [(f"{family} (all {len(members)})", members[0][1])]
        yield from ([to_ascii(name), *cells] for name, cells in members if any(cells))


def _cell(step: Judgement) -> str:
    return "" if step.kind == "unchanged" else short(step.kind)


def _kinds(step: Judgement) -> str:
    return ", ".join(noun(kind) for kind in step.kinds)
