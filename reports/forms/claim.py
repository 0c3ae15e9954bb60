"""The text and JSON of `zonediff claim`: one claim of the discussion, with its evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from typing import Final

from zonediff.reports.text.plain import WIDTH, one_line, wrap
from zonediff.result.claims import CaseOutcome, ClaimOutcome, ClaimVerdict
from zonediff.result.result import Evidence

_PARTS: Final = {
    "given": "given that",
    "supported_if": "supported if",
    "refuted_if": "refuted if one of",
    "besides": "besides",
}
_MOST_REASONS: Final = 3

_Recorded = Mapping[str, Sequence[Evidence]]
"""For each variant, the evidence from recordings of real kernels."""


def claim_json(outcome: ClaimOutcome, recorded: _Recorded) -> str:
    """A claim with its verdicts and the evidence for each variant, as a JSON object."""
    form = asdict(outcome)
    form["evidence"] = {name: [asdict(item) for item in items] for name, items in recorded.items()}
    return json.dumps(form, indent=2) + "\n"


def claim_text(outcome: ClaimOutcome, recorded: _Recorded) -> str:
    """A claim, its verdicts with the cases that decided them, and the evidence."""
    return "\n".join(_lines(outcome, recorded)) + "\n"


def _lines(outcome: ClaimOutcome, recorded: _Recorded) -> Iterator[str]:
    source = f"{outcome.who}, {outcome.date}, <{outcome.message}>:"
    yield from wrap(source, WIDTH, f"{outcome.id}  ")
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
        yield from wrap(f"does not count: {first.unreliable}", WIDTH, margin)
    for case in group:
        about = case.scenario or "search"
        yield from wrap(f"{about}: {case.detail}", WIDTH, margin, margin + "  ")
        for number, step in enumerate(case.steps, 1):
            yield from wrap(step, WIDTH, f"{margin}  {number}. ")
    reasons = list(dict.fromkeys(str(reason) for case in group for reason in case.reasons))
    for text in reasons[-_MOST_REASONS:]:
        yield from wrap(text, WIDTH, margin + "because ", margin + "  ")


def _evidence(recorded: _Recorded) -> Iterator[str]:
    yield "Recordings of real kernels that check the models:"
    for name, items in recorded.items():
        files = [
            f"{item.recording}, {item.agreeing_steps} of {item.steps} steps in "
            f"{item.agreeing_traces} of {item.traces} traces agree"
            for item in items
        ]
        yield from wrap(f"{name}: {'; '.join(files) or 'none'}", WIDTH, "  ", "    ")
