"""`zonediff claim`: judge one claim of the discussion and show what decides it."""

from __future__ import annotations

from pathlib import Path

import click

from zonediff.cli import completion, options
from zonediff.compare.claims.ledger import judge_claims
from zonediff.compare.run import run
from zonediff.compare.validate import evidence
from zonediff.corpus.claim_files import load_claims
from zonediff.corpus.loader import load
from zonediff.corpus.problems import unknown
from zonediff.corpus.recording import SHIPPED, files_of
from zonediff.reports.forms.claim import claim_json, claim_text
from zonediff.result import exit_code
from zonediff.result.result import Evidence
from zonediff.variants.model import Model
from zonediff.variants.subject import Subject


@click.command(
    epilog="""\b
Exit codes:
  0    the claim was judged, whatever the verdict
  2    bad input or usage
  3    a variant failed to run
  130  interrupted
"""
)
@click.argument("claim", shell_complete=completion.claims)
@click.option(
    "--variants",
    shell_complete=completion.variant_list,
    metavar="NAME,...",
    help="Judge it on these variants. Default: the thread's and those of variant files.",
)
@options.variant_files
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    claim: str, variants: str | None, variant_files: tuple[Path, ...], as_json: bool
) -> int:
    """Judge one claim of the discussion, and show what decides it.

    CLAIM is an id from `zonediff list claims`, such as C12. Its scenarios are run on each variant.
    Prints the verdicts, the cases that decided them, the kernel rules behind those, and how far
    recordings of real kernels confirm the models.
    """
    registry = options.registry(variant_files)
    names = options.variant_names(variants, registry)
    corpus = load()
    claims = {item.id: item for item in load_claims(corpus)}
    claim = claim.upper()
    if claim not in claims:
        raise click.BadParameter(unknown("claim", claim, claims), param_hint="CLAIM")
    ids = set(claims[claim].scenarios)
    scenarios = [scenario for scenario in corpus if scenario.id in ids]
    result = run(scenarios, names, baseline=names[0], registry=registry)
    if not result.complete:
        raise KeyboardInterrupt
    (outcome,) = judge_claims([claims[claim]], result, registry)
    recorded = {name: _recorded(registry.resolve(name)) for name in names}
    form = claim_json if as_json else claim_text
    click.echo(form(outcome, recorded), nl=False)
    failed = [item for item in result.runs if item.status == "error"]
    return exit_code.FAILED if failed else exit_code.PASSED


def _recorded(subject: Subject) -> list[Evidence]:
    """The evidence for a model from recordings; a live kernel needs none."""
    return evidence(subject.policy, files_of([SHIPPED])) if isinstance(subject, Model) else []
