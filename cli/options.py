"""Options that several subcommands share, and what they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from zonediff.corpus.scenario import Scenario

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

seed = click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="S",
    help="What chance in timed scenarios goes by: the same seed, the same result.",
)


def load_scenarios(names: Sequence[str], corpus: Path | None) -> list[Scenario]:
    """The scenarios that the arguments name, or the whole corpus without any.

    Raises ScenarioError.
    """
    from zonediff.corpus.loader import SHIPPED, load

    return load(names, corpus or SHIPPED)
