"""`zonediff claim`: the whole argument over one claim of the discussion."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import click

from zonediff.cli import options
from zonediff.compare.claims.ledger import judge_claims
from zonediff.compare.run import run
from zonediff.compare.validate import evidence
from zonediff.corpus.claim_files import load_claims
from zonediff.corpus.loader import load
from zonediff.corpus.problems import unknown
from zonediff.corpus.recording import SHIPPED, files_of
from zonediff.reports.text.plain import one_line, wrap
from zonediff.result import exit_code as verdict
from zonediff.result.claims import CaseOutcome, ClaimOutcome, ClaimVerdict
from zonediff.result.result import Evidence
from zonediff.variants.model import Model
from zonediff.variants.registry import Registry
from zonediff.variants.subject import Subject

WIDTH: Final = 80

_PARTS: Final = {
    "given": "given that",
    "supported_if": "supported if",
    "refuted_if": "refuted if one of",
    "besides": "besides",
}
_MOST_REASONS: Final = 3


@click.command(
    epilog="""\b
Exit codes:
  0    it was judged, whatever the verdict
  2    bad input or usage
  3    a variant failed to run
  130  interrupted
"""
)
@click.argument("claim")
@click.option(
    "--variants",
    metavar="NAME,...",
    help="Judge it for these variants. Default: those of the thread and of the variant files.",
)
@options.variant_files
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    claim: str, variants: str | None, variant_files: tuple[Path, ...], as_json: bool
) -> int:
    """Tell the whole argument over one claim.

    CLAIM is the id of a claim of the discussion, as `zonediff list claims` has it: C12. The
    scenarios that decide it are run on each variant; told are the verdict, what decided it, the
    kernel rules behind that, and how far real kernels confirm the models.
    """
    registry = Registry(variant_files)
    names = options.variant_names(variants, registry)
    corpus = load()
    claims = {item.id: item for item in load_claims(corpus)}
    claim = claim.upper()
    if claim not in claims:
        raise click.BadParameter(unknown("claim", claim, claims), param_hint="CLAIM")
    wanted = set(claims[claim].scenarios)
    scenarios = [scenario for scenario in corpus if scenario.id in wanted]
    result = run(scenarios, names, baseline=names[0], registry=registry)
    if not result.complete:
        raise KeyboardInterrupt
    (outcome,) = judge_claims([claims[claim]], result, registry)
    recorded = {name: _recorded(registry.resolve(name)) for name in names}
    if as_json:
        click.echo(json.dumps(_json(outcome, recorded), indent=2))
    else:
        click.echo("\n".join(_text(outcome, recorded)))
    failed = [item for item in result.runs if item.status == "error"]
    return verdict.FAILED if failed else verdict.PASSED


def _recorded(subject: Subject) -> list[Evidence]:
    """What recordings say about a model; a live kernel needs none."""
    return evidence(subject.policy, files_of([SHIPPED])) if isinstance(subject, Model) else []


def _json(outcome: ClaimOutcome, recorded: dict[str, list[Evidence]]) -> dict[str, Any]:
    form = asdict(outcome)
    form["evidence"] = {name: [asdict(item) for item in items] for name, items in recorded.items()}
    return form


def _text(outcome: ClaimOutcome, recorded: dict[str, list[Evidence]]) -> Iterator[str]:
    said = f"{outcome.who}, {outcome.date}, <{outcome.message}>:"
    yield from wrap(said, WIDTH, f"{outcome.id}  ")
    yield from wrap(outcome.says, WIDTH, "     ")
    if outcome.undecidable:
        yield ""
        yield from wrap(f"Not decided here: {one_line(outcome.undecidable)}", WIDTH, "     ")
    for same, names in _alike(outcome.verdicts):
        yield ""
        yield from wrap(f"{same.verdict.upper()} on {', '.join(names)}", WIDTH, rest="    ")
        yield from wrap(same.condition, WIDTH, "    ")
        for part, cases in groupby(same.cases, key=lambda case: case.part):
            yield f"  {_PARTS[part]}"
            for _, group in groupby(cases, key=lambda case: (case.says, case.holds)):
                yield from _case(list(group))
    yield ""
    yield from _evidence(recorded)


def _alike(verdicts: Sequence[ClaimVerdict]) -> Iterator[tuple[ClaimVerdict, list[str]]]:
    """Verdicts that differ in nothing but the variant, with those variants."""
    groups: list[tuple[ClaimVerdict, list[str]]] = []
    for item in verdicts:
        bare = replace(item, variant="")
        known = next((names for same, names in groups if same == bare), None)
        if known is None:
            groups.append((bare, [item.variant]))
        else:
            known.append(item.variant)
    return iter(groups)


def _case(group: Sequence[CaseOutcome]) -> Iterator[str]:
    """Cases that say the same with the same answer."""
    first = group[0]
    yield from wrap(first.says, WIDTH, f"    {'yes' if first.holds else 'NO ':<4} ")
    margin = " " * 9
    if first.unreliable is not None:
        yield from wrap(f"not to be relied on: {first.unreliable}", WIDTH, margin)
    for case in group:
        about = case.scenario or "search"
        yield from wrap(f"{about}: {case.detail}", WIDTH, margin, margin + "  ")
        for number, step in enumerate(case.steps, 1):
            yield from wrap(step, WIDTH, f"{margin}  {number}. ")
    reasons = list(dict.fromkeys(str(reason) for case in group for reason in case.reasons))
    for text in reasons[-_MOST_REASONS:]:
        yield from wrap(text, WIDTH, margin + "because ", margin + "  ")


def _evidence(recorded: dict[str, list[Evidence]]) -> Iterator[str]:
    yield "Recordings of real kernels that the models are held to:"
    for name, items in recorded.items():
        told = [
            f"{item.recording}, {item.agreeing_steps} of {item.steps} steps in "
            f"{item.agreeing_traces} of {item.traces} traces agree"
            for item in items
        ]
        yield from wrap(f"{name}: {'; '.join(told) or 'none'}", WIDTH, "  ", "    ")
