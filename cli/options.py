"""Options that subcommands share, and the objects that they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zonediff.cli import completion

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
    help="Load variants from this Python file. Repeatable.",
)

scenarios = click.argument(
    "scenarios", nargs=-1, metavar="[SCENARIO]...", shell_complete=completion.scenarios
)

baseline = click.option(
    "--baseline",
    shell_complete=completion.variants,
    default="upstream",
    show_default=True,
    metavar="NAME",
    help="Judge the others against this variant.",
)

corpus = click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Load scenarios from this folder instead of the shipped corpus.",
)

known = click.option(
    "--known",
    type=click.Path(path_type=Path),
    metavar="FILE.yaml",
    help="Take the outcomes in this file as known: they do not change the exit code.",
)

jobs = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Use N processes.",
)

scheduler = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Use the Dask cluster at tcp://HOST:PORT, or start one here ('local').",
)

store = click.option(
    "--store",
    type=click.Path(path_type=Path),
    metavar="FILE.sqlite",
    help="Keep finished work in this file, and continue from it.",
)

seed = click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="S",
    help="Seed the random choices of timed scenarios.",
)


def registry(files: Sequence[Path]) -> Registry:
    """The registry with these variant files; prints likely slips in them on standard error.

    Raises VariantError.
    """
    from zonediff.variants.registry import Registry

    opened_registry = Registry(files)
    for hint in opened_registry.hints():
        click.echo(f"Warning: {hint}", err=True)
    return opened_registry


@contextmanager
def pool(
    registry: Registry,
    jobs: int | None,
    scheduler: str | None = None,
    packages: tuple[str, ...] = (),
) -> Iterator[WorkerPool]:
    """The pool that does the work, see open_pool().

    Prints the address of a cluster's dashboard on standard error. Raises ClusterError.
    """
    from zonediff.work.open_pool import open_pool

    with open_pool(registry, jobs, scheduler, packages) as opened_pool:
        if opened_pool.dashboard is not None:
            click.echo(f"Dask dashboard: {opened_pool.dashboard}", err=True)
        yield opened_pool


@contextmanager
def opened(path: Path | None) -> Iterator[Store | None]:
    """The store of --store, if there is one.

    Says on standard error when it waits for the work of another command. Raises StoreError and
    OSError; raises ClusterLost and KeyboardInterrupt again, with what is kept of the work.
    """
    from zonediff.work.pool import ClusterLost

    try:
        with _opened(path) as store:
            yield store
    except ClusterLost as lost:
        raise ClusterLost(f"{lost}; {kept(path)}") from None
    except KeyboardInterrupt:
        raise KeyboardInterrupt(kept(path)) from None


def kept(path: Path | None) -> str:
    """The work that is kept when a command ends early, with this store or none, in words."""
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

    with open_store(path, waits) as store:
        yield store


def variant_names(text: str | None, registry: Registry) -> list[str]:
    """The names in a list with commas, each once; for None, the default variants.

    Raises click.BadParameter for a list without names.
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


def scenario_inputs(names: Sequence[str], corpus: Path | None) -> list[Path]:
    """The files that load_scenarios() reads, and the folder of the corpus."""
    from zonediff.corpus.loader import SHIPPED, files

    root = corpus or SHIPPED
    return [*files(names, root), root]


def image_inputs(*names: str | None) -> list[Path]:
    """The kernel images among names of variants, which may be lists with commas."""
    from zonediff.variants.registry import LIVE

    words = [word.strip() for name in names if name for word in name.split(",")]
    return [Path(word.removeprefix(LIVE)) for word in words if word.startswith(LIVE)]
