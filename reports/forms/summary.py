"""The result in short: a verdict on each candidate, and the scenarios that need a look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tabulate import tabulate

from zonediff.engine.words import several
from zonediff.reports.page.chance_goals import chance_goals
from zonediff.reports.page.frontier import frontier_table
from zonediff.reports.page.verdicts import Verdict, verdicts
from zonediff.reports.text.kinds import SYMBOLS, Class, classes, noun, short
from zonediff.reports.text.plain import to_ascii, wrap
from zonediff.result.result import Result

WIDTH: Final = 80

_PADDING: Final = 4
"""Blanks that tabulate puts around the heading of a column of numbers."""

_NARROWEST: Final = 12

_NEED_A_LOOK: Final[tuple[Class, ...]] = ("error", "regression")
_SAYS: Final = {
    "missing": "but no scenario shows a difference",
    "overdue": "but that was to end",
}


def render(result: Result) -> str:
    """The result in ASCII text of at most 80 columns."""
    if not result.scenarios:
        return "\n".join(["0 scenarios were run.", *_frontiers(result)]) + "\n"
    shown = verdicts(result)
    lines = list(_head(result))
    for item in shown:
        lines += wrap(f"{item.link.name} {in_words(result, item)}.", WIDTH, "  ", "      ")
    if shown:
        lines += ["", *_counts(shown)]
    return "\n".join((*lines, *_findings(result), *_chances(result), *_intents(result))) + "\n"


def _frontiers(result: Result) -> Iterator[str]:
    """What a sweep found, which runs no scenarios."""
    if result.frontiers:
        yield ""
        yield from frontier_table(result.frontiers).splitlines()


def _head(result: Result) -> Iterator[str]:
    number = len(result.scenarios)
    scenarios = f"{number} scenario{'' if number == 1 else 's'}"
    if len(result.variants) == 1:
        yield from wrap(f"{scenarios} on {result.baseline} alone: nothing to compare.", WIDTH)
    else:
        yield from wrap(f"{scenarios}, judged against {result.baseline}:", WIDTH)
    if not result.complete:
        wanted = number * len(result.variants)
        yield f"INTERRUPTED after {len(result.runs)} of {wanted} runs."


def in_words(result: Result, verdict: Verdict) -> str:
    """What a candidate does to users: `breaks 2 scenarios; takes away auto_online_blocks`."""
    name = verdict.link.name
    errors, broken = verdict.number("error"), verdict.number("regression")
    lost = [item.what for of in result.removals if of.variant == name for item in of.removals]
    says = []
    if errors:
        says.append(f"could not be judged in {several(errors, 'scenario')}")
    if broken:
        says.append(f"breaks {several(broken, 'scenario')}")
    elif not lost and verdict.number("unchanged") == len(result.scenarios):
        says.append(f"behaves like {result.baseline} everywhere")
    elif not errors:
        says.append("breaks nothing unintended" if verdict.number("intended") else "breaks nothing")
    if left := verdict.number("not-run"):
        says.append(f"was not run in {several(left, 'scenario')}")
    if lost:
        says.append(f"takes away {', '.join(lost)}")
    return "; ".join(says)


def _counts(shown: Sequence[Verdict]) -> list[str]:
    """How many of each class there are; a class that never occurs has no column."""
    kinds = [kind for kind in SYMBOLS if any(item.number(kind) for item in shown)]
    headers = ["same" if kind == "unchanged" else short(kind) for kind in kinds]
    rows = [[to_ascii(item.link.name), *map(item.number, kinds)] for item in shown]
    left = WIDTH - sum(len(text) + _PADDING for text in headers)
    widths = [max(_NARROWEST, left)]
    return tabulate(rows, ["", *headers], maxcolwidths=widths, disable_numparse=[0]).splitlines()


def _findings(result: Result) -> Iterator[str]:
    """Scenarios with an error or a regression, those on the same variants together."""
    for kind in _NEED_A_LOOK:
        found: dict[str, list[str]] = {}
        for item in result.judgements:
            if kind in classes(item):
                found.setdefault(item.scenario, []).append(item.variant)
        groups: dict[tuple[str, ...], list[str]] = {}
        for scenario, names in found.items():
            groups.setdefault(tuple(names), []).append(scenario)
        for on, scenarios in groups.items():
            number = len(scenarios)
            yield ""
            yield from wrap(f"{number} {noun(kind, number)} on {', '.join(on)}:", WIDTH)
            yield from (f"  {to_ascii(scenario)}" for scenario in scenarios)


def _chances(result: Result) -> Iterator[str]:
    """How often goals were met that chance decides on some variant."""
    for number, chance in enumerate(chance_goals(result)):
        if number == 0:
            seeds = f"{result.seeds} seeds from {result.seed}"
            yield ""
            yield from wrap(f"Decided by chance ({seeds}; 95 % confidence):", WIDTH)
        yield from wrap(f"{chance.scenario}: {chance.want}", WIDTH, "  ", "    ")
        for share in chance.shares:
            names = ", ".join(share.variants)
            yield from wrap(f"{share}  {names}", WIDTH, "    ", " " * 8)


def _intents(result: Result) -> Iterator[str]:
    """Declared intents that did not come true, or whose time is over."""
    wrong = [outcome for outcome in result.intents if outcome.status in _SAYS]
    if wrong:
        yield ""
    for outcome in wrong:
        intent = outcome.intent
        until = f" with {intent.until}" if outcome.status == "overdue" else ""
        yield from wrap(
            f"{outcome.variant} intends, for {intent.scenarios}: {intent.reason}; "
            f"{_SAYS[outcome.status]}{until}.",
            WIDTH,
            rest="  ",
        )
