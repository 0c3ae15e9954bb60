"""`zonediff list`: what there is to run, and to run it on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import click
from tabulate import tabulate

from zonediff.cli import options
from zonediff.variants.registry import Registry

WIDTH: Final = 80

_NARROWEST: Final = 24


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
    cells = [[name, "\n".join(about)] for name, *about in (row.values() for row in rows)]
    width = max(len(name) for name, _ in cells)
    about = max(_NARROWEST, WIDTH - width - len("  "))
    click.echo(tabulate(cells, tablefmt="plain", maxcolwidths=[None, about], disable_numparse=True))


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
