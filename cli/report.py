"""`zonediff report`: another rendering of a result that was saved."""

from __future__ import annotations

from pathlib import Path

import click

from zonediff.cli import outputs
from zonediff.compare import store
from zonediff.reports import formats


@click.command()
@click.argument("result", type=click.Path(path_type=Path), metavar="RESULT")
@click.option(
    "--format",
    "name",
    type=click.Choice(list(formats.FORMATS)),
    required=True,
    help="; ".join(f"{item.name}: {item.summary}" for item in formats.FORMATS.values()) + ".",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to this file instead of standard output.",
)
def command(result: Path, name: str, output: Path | None) -> None:
    """Render a saved result in another format.

    RESULT is a file that `zonediff run -o` wrote.
    """
    outputs.check({"-o": output}, [result])
    text = formats.render(store.load(result), name)
    if output is None:
        click.echo(text.encode(), nl=False)
    else:
        store.write_text(output, text)
