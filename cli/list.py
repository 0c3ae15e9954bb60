"""`zonediff list`: what there is to run, and to run it on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from zonediff.cli import options
from zonediff.reports.text.plain import wrap
from zonediff.variants.registry import Registry

WIDTH: Final = 80

_WIDEST: Final = 32
"""Columns that names may take; a scenario's id can be longer."""


@click.command()
@click.argument("what", type=click.Choice(["variants", "scenarios", "claims"]))
@options.variant_files
@options.corpus
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object for each.")
def command(what: str, variant_files: tuple[Path, ...], corpus: Path | None, as_json: bool) -> None:
    """List the variants, scenarios or claims that there are.

    Variants come with their name, what they are in one line, and where their code is; scenarios
    with their id and title; claims with their id, what is claimed, by whom and in which mail.
    """
    rows = {
        "variants": lambda: _variants(variant_files),
        "scenarios": lambda: _scenarios(corpus),
        "claims": _claims,
    }[what]()
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    cells = [(name, about) for name, *about in (row.values() for row in rows)]
    width = min(_WIDEST, max(len(name) for name, _ in cells))
    for name, about in cells:
        click.echo("\n".join(_entry(name, about, width)))


def _entry(name: str, about: Sequence[str], width: int) -> Iterator[str]:
    """A name and beside it what it is; below it where the name is too long for that."""
    lines = [part for text in about for part in wrap(text, WIDTH - width - 2)]
    if len(name) > width or not lines:
        yield name
        name = ""
    for number, line in enumerate(lines):
        yield f"{name if number == 0 else '':<{width}}  {line}"


def _variants(files: tuple[Path, ...]) -> list[dict[str, str]]:
    registry = Registry(files)
    subjects = [registry.resolve(name) for name in registry.names()]
    return [
        {"name": subject.name, "summary": subject.summary, "where": subject.where}
        for subject in subjects
    ]


def _scenarios(corpus: Path | None) -> list[dict[str, str]]:
    return [
        {"id": scenario.id, "title": scenario.title}
        for scenario in options.load_scenarios((), corpus)
    ]


def _claims() -> list[dict[str, str]]:
    from zonediff.corpus.claim_files import load_claims

    return [
        {
            "id": claim.id,
            "says": claim.says,
            "who": f"{claim.who}, {claim.where.date}, <{claim.where.message}>",
        }
        for claim in load_claims()
    ]
