"""The files of `zonediff explore`: exported systems, and witnesses as scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from zonediff.cli.group import BadInput
from zonediff.explore import exports
from zonediff.explore.arena import Arena
from zonediff.explore.system import System
from zonediff.explore.witness_scenario import file_name
from zonediff.result.writing import write_files

Writer = Callable[[System, System], Iterator[str]]
"""Yields the lines of a file about both systems."""


class Export(NamedTuple):
    """A file to write: the option that asks for it, its path, and the function that writes it."""

    option: str
    path: Path
    writer: Writer


def exports_of(aut: Path | None, promela: Path | None, dot: Path | None) -> list[Export]:
    """The files that the options ask for: `x.aut` becomes `x-A.aut` and `x-B.aut`.

    Raises click.BadParameter for a name of --promela that its tables would have, too.
    """
    files: list[Export] = []
    for option, path, write in (("--aut", aut, exports.aldebaran), ("--dot", dot, exports.dot)):
        if path is not None:
            files.append(Export(option, path.with_stem(f"{path.stem}-A"), _of_side(write, 0)))
            files.append(Export(option, path.with_stem(f"{path.stem}-B"), _of_side(write, 1)))
    if promela is not None:
        tables = promela.with_suffix(".h")
        if tables == promela:
            raise click.BadParameter(
                f"{promela}: expected a name such as {promela.with_suffix('.pml')}; its tables are "
                f"written to {tables}",
                param_hint="--promela",
            )

        def model(left: System, right: System) -> Iterator[str]:
            return exports.promela(left, right, tables.name)

        files.append(Export("--promela", promela, model))
        files.append(Export("--promela", tables, exports.promela_tables))
    return files


def _of_side(write: Callable[[System], Iterator[str]], side: int) -> Writer:
    return lambda *systems: write(systems[side])


def exported(files: Sequence[Export], left: System, right: System) -> dict[Path, str]:
    """The text of each file about these systems."""
    return {path: "\n".join(writer(left, right)) + "\n" for _, path, writer in files}


def write_exploration(
    texts: dict[Path, str],
    folder: Path | None,
    arena: Arena,
    names: tuple[str, str],
    scenarios: Sequence[str],
) -> None:
    """Write these texts, and the scenarios of witnesses to a folder, all or none.

    names: of both sides, for the names of the files. Raises BadInput rather than overwrite a
    scenario with another content.
    """
    saved: dict[Path, str] = {}
    if folder is not None:
        for number, text in enumerate(scenarios, 1):
            saved[folder / file_name(number, *names, arena)] = text
    for path, text in saved.items():
        if path in texts or (path.exists() and path.read_bytes() != text.encode()):
            raise BadInput(
                f"{path} exists and is not what would be written: move it, or --save to another "
                "folder; nothing is written"
            )
    write_files({**texts, **saved})
    for path in saved:
        click.echo(f"wrote {path}", err=True)
