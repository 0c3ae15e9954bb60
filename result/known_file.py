"""Files of known outcomes: read, compared with a result, and written from one.

With such a file a CI job passes while a result has only known regressions and failures.
A known regression that gets worse, because another goal is no longer met, counts again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from zonediff.corpus.positions import decode, parse
from zonediff.corpus.problems import Mistake, ScenarioError
from zonediff.result.exit_code import is_known, is_regression, last_line, unmet_goals
from zonediff.result.known import KnownOutcome, Stale
from zonediff.result.result import Result

_HEAD: Final = """\
# Outcomes that are known: they do not change the exit code. Written by --write-known; add a `why`
# to an entry, and it stays when the file is written again.
"""
_KEYS: Final = {"scenario", "variant", "unmet", "error", "why", "removes"}


def load_known(path: Path) -> list[KnownOutcome]:
    """Read a file of known outcomes. Raises ScenarioError with the place of each mistake."""
    file = str(path)
    document = parse(decode(path.read_bytes(), file), file)
    value = document.value
    entries = value.get("known") if isinstance(value, dict) else None
    if document.problems or not isinstance(entries, list):
        wrong = Mistake((), "expected `known:` with a list of outcomes")
        raise ScenarioError(document.problems or [document.locate(wrong)])
    mistakes = [m for number, entry in enumerate(entries) for m in _mistakes(number, entry)]
    if mistakes:
        raise ScenarioError(document.locate_all(mistakes))
    return [_entry(entry) for entry in entries]


def _entry(body: Any) -> KnownOutcome:
    return KnownOutcome(**{"scenario": "", **body})


def _mistakes(number: int, entry: Any) -> Iterator[Mistake]:
    """The mistakes of an entry."""
    place = ("known", number)
    if not isinstance(entry, dict):
        yield Mistake(
            place, "expected scenario, variant and unmet or error, or variant and removes"
        )
        return
    for key, value in entry.items():
        if key not in _KEYS:
            yield Mistake((*place, key), f"unknown key (known: {', '.join(sorted(_KEYS))})", True)
        elif key == "unmet":
            if not isinstance(value, list) or not all(isinstance(goal, str) for goal in value):
                yield Mistake((*place, key), "expected a list of goals")
        elif not isinstance(value, str):
            yield Mistake((*place, key), "expected text")
    for key in ("variant",) if "removes" in entry else ("scenario", "variant"):
        if key not in entry:
            yield Mistake(place, f"{key} is missing")
    if "removes" in entry:
        for key in ("scenario", "unmet", "error"):
            if key in entry:
                yield Mistake((*place, key), "an entry with removes is of a whole variant", True)
    elif ("unmet" in entry) == ("error" in entry):
        yield Mistake(place, "give either unmet or error")


def outcomes(result: Result) -> list[KnownOutcome]:
    """The regressions and failures of a result, as entries of a file.

    Entries that are known already keep their `why`; those of scenarios and variants that were not
    run stay as they are.
    """
    whys = {(item.scenario, item.variant): item.why for item in result.known}
    runs = {(run.scenario, run.variant): run for run in result.runs}
    now = [
        KnownOutcome(item.scenario, item.variant, unmet=unmet_goals(item))
        for item in result.judgements
        if is_regression(item)
    ]
    now += [
        KnownOutcome(run.scenario, run.variant, error=last_line(run.error))
        for run in result.runs
        if run.status == "error"
    ]
    not_run = [item for item in result.known if (item.scenario, item.variant) not in runs]
    named = [
        KnownOutcome(i.scenario, i.variant, i.unmet, i.error, whys.get((i.scenario, i.variant), ""))
        for i in now
    ]
    return sorted([*named, *not_run], key=lambda item: (item.variant, item.scenario, item.error))


def known_text(entries: Sequence[KnownOutcome]) -> str:
    """The text of a file with these entries."""
    body = [
        {
            **({"scenario": item.scenario} if not item.removes else {}),
            "variant": item.variant,
            **_outcome(item),
            **({"why": item.why} if item.why else {}),
        }
        for item in entries
    ]
    return _HEAD + yaml.safe_dump({"known": body}, sort_keys=False, allow_unicode=True, width=100)


def _outcome(item: KnownOutcome) -> dict[str, Any]:
    if item.removes:
        return {"removes": item.removes}
    return {"error": item.error} if item.error else {"unmet": list(item.unmet)}


def stale(result: Result) -> list[Stale]:
    """The known outcomes that did not happen, of scenarios and variants that were run."""
    return [
        Stale(item, now) for item in result.known if (now := _instead(result, item)) is not None
    ]


def _instead(result: Result, item: KnownOutcome) -> str | None:
    """The present outcome instead of a known one; None if they agree, or the run is missing."""
    cell = item.scenario, item.variant
    run = next((run for run in result.runs if (run.scenario, run.variant) == cell), None)
    if run is None:
        return None
    if item.error:
        return None if last_line(run.error) == item.error else "fails otherwise or not at all"
    judgement = next((j for j in result.judgements if (j.scenario, j.variant) == cell), None)
    if judgement is None or not is_regression(judgement):
        return "no longer regresses"
    met_goals = [goal for goal in item.unmet if goal not in unmet_goals(judgement)]
    return f"met now: {', '.join(met_goals)}" if met_goals else None


def number_known(result: Result, variant: str) -> int:
    """The number of a candidate's regressions that are known."""
    return sum(
        item.variant == variant and is_regression(item) and is_known(item, result)
        for item in result.judgements
    )
