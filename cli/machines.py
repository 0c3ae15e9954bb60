"""The option that names a small machine to explore."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from zonediff.cli import completion
from zonediff.explore import arena_file
from zonediff.explore.arena import STANDARD, Arena

Command = TypeVar("Command", bound=Callable[..., Any])


def machine_option(command: Command) -> Command:
    """Click decorator: `--machine`, to be given to named_arena()."""
    return click.option(
        "--machine",
        shell_complete=completion.machines,
        default="one-dimm",
        show_default=True,
        metavar="NAME|FILE.yaml",
        help=f"Explore this machine: {', '.join(STANDARD)}; or one of a file.",
    )(command)


def named_arena(machine: str) -> Arena:
    """Return the standard machine of this name, or the one of a file. Raises BadParameter."""
    if machine in STANDARD:
        return STANDARD[machine]
    if Path(machine).suffix in (".yaml", ".yml"):
        return arena_file.load(Path(machine))
    known = ", ".join(STANDARD)
    raise click.BadParameter(
        f"{machine!r} is none of {known}, and no .yaml file", param_hint="--machine"
    )
