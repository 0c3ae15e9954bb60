"""The options that name a small machine to explore and its steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from zonediff.cli import completion
from zonediff.cli.group import BadInput
from zonediff.engine.kernel import NotModelled
from zonediff.explore import arena_file
from zonediff.explore.arena import ALPHABET_PARTS, STANDARD, AlphabetPart, Arena, ArenaError
from zonediff.explore.arena_checks import asymmetry

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


def with_alphabet(arena: Arena, alphabet: str | None) -> Arena:
    """The arena with the parts of an alphabet that a list with commas names; None keeps its own.

    Raises click.BadParameter.
    """
    if alphabet is None:
        return arena
    parts: list[AlphabetPart] = []
    for word in alphabet.split(","):
        if word.strip() not in get_args(AlphabetPart):
            raise click.BadParameter(
                f"{word.strip()!r} is none of {', '.join(ALPHABET_PARTS)}", param_hint="--alphabet"
            )
        parts += [part for part in ALPHABET_PARTS if part == word.strip()]
    return dataclasses.replace(arena, alphabet=tuple(parts))


def with_symmetry(arena: Arena, symmetry: str | None) -> Arena:
    """The arena with these nodes interchangeable; None keeps its own. Raises click.BadParameter."""
    if symmetry is None:
        return arena
    words = [word.strip() for word in symmetry.split(",")]
    wrong = next((word for word in words if not (word.isascii() and word.isdecimal())), None)
    if wrong is not None:
        raise click.BadParameter(f"{wrong!r} is no node's number", param_hint="--symmetry")
    arena = dataclasses.replace(arena, symmetry=tuple(map(int, words)))
    if mistake := asymmetry(arena):
        raise click.BadParameter(f"{arena.name}: {mistake}", param_hint="--symmetry")
    return arena


@contextmanager
def arena_errors(arena: Arena) -> Iterator[None]:
    """Report a machine that cannot be explored as bad input, with the machine's name."""
    try:
        yield
    except (ArenaError, NotModelled) as error:
        raise BadInput(f"{arena.name}: {error}") from None
