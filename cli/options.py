"""Options that several subcommands share, and what they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from zonediff.compare.workers import Crew
    from zonediff.corpus.scenario import Scenario
    from zonediff.variants.registry import Registry

variant_files = click.option(
    "--variant-file",
    "variant_files",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PATH.py",
    help="Also know the variants that this Python file defines. Can be given several times.",
)

baseline = click.option(
    "--baseline",
    default="upstream",
    show_default=True,
    metavar="NAME",
    help="The variant that the others are judged against; it is always run.",
)

corpus = click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Look scenarios up in this folder instead of the corpus that comes with zonediff.",
)

jobs = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Run in so many processes.",
)

scheduler = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Run on the Dask cluster of this scheduler, tcp://host:8786; 'local' starts one on this "
    "machine with --jobs workers.",
)

seed = click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="S",
    help="What chance in timed scenarios goes by: the same seed, the same result.",
)


@contextmanager
def crew(registry: Registry, jobs: int | None, scheduler: str | None = None) -> Iterator[Crew]:
    """Who does the work; the page that shows a cluster's is told on standard error.

    Raises ClusterError.
    """
    from zonediff.compare.workers import workers

    with workers(registry, jobs, scheduler) as found:
        if found.dashboard is not None:
            click.echo(f"Dask dashboard: {found.dashboard}", err=True)
        yield found


def variant_names(text: str | None, registry: Registry) -> list[str]:
    """The names in a list with commas, each once, or those that a run has by itself for None.

    Raises click.BadParameter when there is none in it.
    """
    if text is None:
        return registry.default_names()
    names = list(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))
    if not names:
        raise click.BadParameter("name at least one variant", param_hint="--variants")
    return names


def load_scenarios(names: Sequence[str], corpus: Path | None) -> list[Scenario]:
    """The scenarios that the arguments name, or the whole corpus without any.

    Raises ScenarioError.
    """
    from zonediff.corpus.loader import SHIPPED, load

    return load(names, corpus or SHIPPED)
