"""Options that several subcommands share, and what they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from zonediff.corpus.scenario import Scenario
    from zonediff.variants.registry import Registry
    from zonediff.work.pool import WorkerPool
    from zonediff.work.store import Store

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

store = click.option(
    "--store",
    type=click.Path(path_type=Path),
    metavar="FILE.sqlite",
    help="Keep what is done in this file, and go on from there if it is interrupted. Several "
    "commands may share it, at the same time too.",
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
def pool(
    registry: Registry,
    jobs: int | None,
    scheduler: str | None = None,
    packages: tuple[str, ...] = (),
) -> Iterator[WorkerPool]:
    """Who does the work, see workers(); the page that shows a cluster's is told on standard error.

    Raises ClusterError.
    """
    from zonediff.work.open_pool import open_pool

    with open_pool(registry, jobs, scheduler, packages) as found:
        if found.dashboard is not None:
            click.echo(f"Dask dashboard: {found.dashboard}", err=True)
        yield found


@contextmanager
def opened(path: Path | None) -> Iterator[Store | None]:
    """The store of --store, if there is one; it is told when others' work on it is waited for.

    Raises StoreError, OSError; ClusterLost and KeyboardInterrupt with what is left of the work.
    """
    from zonediff.work.pool import ClusterLost

    try:
        with _opened(path) as found:
            yield found
    except ClusterLost as lost:
        raise ClusterLost(f"{lost}; {kept(path)}") from None
    except KeyboardInterrupt:
        raise KeyboardInterrupt(kept(path)) from None


def kept(path: Path | None) -> str:
    """What is left of work that ends early, with this store or none."""
    return "nothing is kept without --store" if path is None else f"{path} has what was done"


@contextmanager
def _opened(path: Path | None) -> Iterator[Store | None]:
    if path is None:
        yield None
        return
    from zonediff.cli.progress import note
    from zonediff.work.store import open_store

    @cache
    def waits() -> None:
        note(f"Waiting for what others are doing for {path}")

    with open_store(path, waits) as found:
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
