"""`zonediff history`: goals and claims from one kernel release to the next."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from zonediff.cli import options
from zonediff.cli.progress import bar
from zonediff.compare.history import history
from zonediff.corpus.claim_files import load_claims
from zonediff.reports.forms.history import overview_text, scenarios_text


@click.command(
    epilog="""\b
Exit codes:
  0    the history is printed
  2    bad input or usage
  130  interrupted
"""
)
@options.scenarios
@options.variant_files
@options.corpus
@options.jobs
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    scenarios: tuple[str, ...],
    variant_files: tuple[Path, ...],
    corpus: Path | None,
    jobs: int,
    as_json: bool,
) -> None:
    """Show what each kernel release gave users, and what it took away.

    SCENARIO is an id, a folder or a glob pattern of the corpus, or a file or folder on disk. It is
    shown step by step, release by release. Without any, the whole corpus is run and shown by cause:
    what was lost and given back, what each release changed and by which rule, and which claims of
    the discussion hold.

    Releases are the variants that have a date. In a variant file, `released = "2017-02-19"` dates
    a class.
    """
    loaded = options.load_scenarios(scenarios, corpus)
    claims = [] if scenarios or corpus else load_claims()
    registry = options.registry(variant_files)
    with options.pool(registry, jobs) as pool, bar("running releases", "runs") as progress:
        releases = history(loaded, claims, registry, pool=pool, progress=progress)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(releases), indent=2))
        return
    form = scenarios_text if scenarios else overview_text
    click.echo(form(releases), nl=False)
