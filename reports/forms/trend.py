"""The development of results: a row for each, the oldest first, and the changes between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from tabulate import tabulate

from zonediff.engine.words import count_of
from zonediff.reports.page.reviews import review_views
from zonediff.reports.text.plain import WIDTH, to_ascii, wrap
from zonediff.reports.text.scenario_names import families
from zonediff.result.exit_code import is_regression
from zonediff.result.result import Result
from zonediff.result.reviews import REVIEW_VERDICTS, ReviewVerdict

_HEADS: Final = ("result", "scenarios", "regressions", "deaths", "errors", "removals")

_HEAD_OF: Final[dict[ReviewVerdict, str]] = {
    "regression": "regressions",
    "abi-removal": "removals",
    "fix": "fixes",
    "behaviour-change": "changes",
    "sometimes": "sometimes",
}
_REVIEW_HEADS: Final = ("result", "failed", *(_HEAD_OF[v] for v in REVIEW_VERDICTS))


class Dated(NamedTuple):
    """A result and its name, that of its file."""

    name: str
    result: Result


def trend(results: Sequence[Dated]) -> str:
    """The text for a terminal: numbers for each candidate, then the scenarios that came or went."""
    return "\n".join(_lines(results)) + "\n"


def _lines(results: Sequence[Dated]) -> Iterator[str]:
    names = dict.fromkeys(
        info.name
        for _, result in results
        for info in result.variants
        if info.name != result.baseline
    )
    for number, variant in enumerate(names):
        if number:
            yield ""
        yield from wrap(f"{variant}:", WIDTH)
        having = [item for item in results if variant in {i.name for i in item.result.variants}]
        rows = [[to_ascii(name), *_numbers(result, variant)] for name, result in having]
        table = tabulate(rows, _HEADS, maxcolwidths=[28], disable_numparse=[0])
        yield from (f"  {line}".rstrip() for line in table.splitlines())
        for before, after in pairwise(having):
            yield from _changes(variant, before, after)
    yield from _reviews(results, first=not names)


def _reviews(results: Sequence[Dated], *, first: bool) -> Iterator[str]:
    """For each machine a row for each review on it. failed: stages without a kernel."""
    rows: dict[str, list[list[str | int]]] = {}
    for name, result in results:
        for view in review_views(result):
            numbers = dict(view.counts)
            row: list[str | int] = [to_ascii(name), len(view.review.failed)]
            row += [numbers.get(verdict, 0) for verdict in REVIEW_VERDICTS]
            rows.setdefault(view.review.machine, []).append(row)
    for machine, lines in rows.items():
        if not first:
            yield ""
        first = False
        yield from wrap(f"reviews on {machine}:", WIDTH)
        table = tabulate(lines, _REVIEW_HEADS, maxcolwidths=[28], disable_numparse=[0])
        yield from (f"  {line}".rstrip() for line in table.splitlines())


def _numbers(result: Result, variant: str) -> Iterator[int]:
    judgements = [item for item in result.judgements if item.variant == variant]
    yield len(judgements)
    regressions = [item for item in judgements if is_regression(item)]
    yield len(regressions)
    yield sum(item.severity == "death" for item in regressions)
    yield sum(item.kind == "error" for item in judgements)
    yield sum(len(lost.removals) for lost in result.removals if lost.variant == variant)


def _changes(variant: str, before: Dated, after: Dated) -> Iterator[str]:
    """The scenarios that regress in one of two results and were run in both."""
    old, new = (_regressions(item.result, variant) for item in (before, after))
    both = _scenarios(before.result, variant) & _scenarios(after.result, variant)
    for what, names in (("more regress", new - old), ("fewer regress", old - new)):
        listed = families(sorted(names & both))
        if listed:
            says = f"{after.name}: {len(names & both)} {what}: {', '.join(listed)}"
            yield from wrap(says, WIDTH, "  ", "    ")
    if left := len(_scenarios(before.result, variant) ^ _scenarios(after.result, variant)):
        yield from wrap(
            f"{after.name}: {count_of(left, 'scenario')} in one of the two", WIDTH, "  "
        )


def _regressions(result: Result, variant: str) -> set[str]:
    return {
        item.scenario
        for item in result.judgements
        if item.variant == variant and is_regression(item)
    }


def _scenarios(result: Result, variant: str) -> set[str]:
    return {item.scenario for item in result.judgements if item.variant == variant}
