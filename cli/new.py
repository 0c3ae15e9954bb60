"""`zonediff new`: write a variant or scenario to start from, which works as it is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

import click

from zonediff.cli import outputs
from zonediff.corpus.scaffold import scenario_text
from zonediff.result.writing import write_text
from zonediff.variants.registry import valid_name
from zonediff.variants.scaffold import variant_text

_PLAIN: Final = re.compile(r"[\w./+@%,=-]+", re.ASCII)
_KINDS = {"variant": ".py", "scenario": ".yaml"}


@click.command()
@click.argument("kind", type=click.Choice(list(_KINDS)))
@click.argument("name")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write this file. Default: NAME.py or NAME.yaml in this folder.",
)
def command(kind: str, name: str, output: Path | None) -> None:
    """Write the smallest variant or scenario that works.

    The file explains itself and passes `zonediff check`; edit it from there. An existing file is
    not changed.
    """
    if not valid_name(name):
        raise click.BadParameter(f"{name!r}: letters, digits and ._/+-", param_hint="NAME")
    file = output or Path(re.sub(r"[^A-Za-z0-9_-]", "_", name) + _KINDS[kind])
    if file.suffix != _KINDS[kind]:
        raise click.BadParameter(f"{file}: expected a file *{_KINDS[kind]}", param_hint="-o")
    outputs.check([("-o", file)])
    if file.exists():
        raise click.UsageError(f"{file} exists already: choose another name, or a file with -o")
    # The text of the file holds its name, which must neither end a comment nor need quotes there.
    shown = file.as_posix() if _PLAIN.fullmatch(str(file)) else f"FILE{_KINDS[kind]}"
    write_text(file, variant_text(name, shown) if kind == "variant" else scenario_text(shown))
    option = "--variant-file " if kind == "variant" else ""
    click.echo(f"wrote {file}; next: zonediff check {option}{shlex.quote(str(file))}")
