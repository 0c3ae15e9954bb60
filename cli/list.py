"""`zonediff list`: the variants, scenarios and claims that there are."""

from __future__ import annotations

import json
from pathlib import Path

import click

from zonediff.cli import options
from zonediff.reports.forms.listing import listing


@click.command()
@click.argument("what", type=click.Choice(["variants", "scenarios", "claims"]))
@options.variant_files
@options.corpus
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(what: str, variant_files: tuple[Path, ...], corpus: Path | None, as_json: bool) -> None:
    """List variants, scenarios or claims.

    Prints the name, summary and source file of each variant; the id and title of each scenario;
    the id, text, author and mail of each claim.
    """
    rows = {
        "variants": lambda: _variants(variant_files),
        "scenarios": lambda: _scenarios(corpus),
        "claims": _claims,
    }[what]()
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    click.echo(listing((name, about) for name, *about in (row.values() for row in rows)), nl=False)


def _variants(files: tuple[Path, ...]) -> list[dict[str, str]]:
    registry = options.registry(files)
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
