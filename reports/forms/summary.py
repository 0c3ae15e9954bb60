"""The summary for a terminal: a verdict on each candidate, and the scenarios to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tabulate import tabulate

from zonediff.engine.words import count_of
from zonediff.reports.forms.review_text import summary_lines
from zonediff.reports.forms.severities import harms_of
from zonediff.reports.page.chance_goals import chance_goals
from zonediff.reports.page.frontier import frontier_table
from zonediff.reports.page.verdicts import Verdict, verdicts
from zonediff.reports.text.kinds import SYMBOLS, Class, classes, noun, short
from zonediff.reports.text.plain import WIDTH, to_ascii, wrap
from zonediff.result.exit_code import is_known
from zonediff.result.judgements import removal_names
from zonediff.result.known_file import number_known, stale
from zonediff.result.result import Result

_PADDING: Final = 4
"""Spaces that tabulate puts around the head of a column of numbers."""

_NARROWEST: Final = 12

_LISTED: Final[tuple[Class, ...]] = ("error", "regression", "not-judged")
_SAYS: Final = {
    "missing": "but no scenario shows a difference",
    "overdue": "but that should have ended",
}


def render(result: Result) -> str:
    """The summary as ASCII text of at most 80 columns."""
    reviewed = "".join(f"{line}\n" for line in summary_lines(result))
    if reviewed and not result.scenarios:
        return reviewed
    return f"{reviewed}\n{_scenarios(result)}" if reviewed else _scenarios(result)


def _scenarios(result: Result) -> str:
    if not result.scenarios:
        return "\n".join(["0 scenarios were run.", *_frontiers(result)]) + "\n"
    shown = verdicts(result)
    lines = list(_head(result))
    for item in shown:
        lines += wrap(f"{item.link.name} {verdict_in_words(result, item)}.", WIDTH, "  ", "      ")
    if shown:
        lines += ["", *_counts(shown)]
    return (
        "\n".join(
            (*lines, *_findings(result), *_chances(result), *_intents(result), *_known(result))
        )
        + "\n"
    )


def _frontiers(result: Result) -> Iterator[str]:
    """The table of frontiers; a sweep runs no scenarios."""
    if result.frontiers:
        yield ""
        yield from frontier_table(result.frontiers).splitlines()


def _head(result: Result) -> Iterator[str]:
    number = len(result.scenarios)
    scenarios = count_of(number, "scenario")
    if len(result.variants) == 1:
        yield from wrap(f"{scenarios} on {result.baseline} only: nothing to compare.", WIDTH)
    else:
        yield from wrap(f"{scenarios}, judged against {result.baseline}:", WIDTH)
    if not result.complete:
        wanted = number * len(result.variants)
        yield f"INTERRUPTED after {len(result.runs)} of {count_of(wanted, 'run')}."


def verdict_in_words(result: Result, verdict: Verdict, *, brief: bool = False) -> str:
    """The effect of a candidate: `breaks 2 scenarios; removes auto_online_blocks`.

    brief: give the number of removed interfaces instead of their names.
    """
    name = verdict.link.name
    errors, broken = verdict.number("error"), verdict.number("regression")
    removed = removal_names(
        item for lost in result.removals if lost.variant == name for item in lost.removals
    )
    unknown, not_run = verdict.number("not-judged"), verdict.number("not-run")
    says = []
    if errors:
        says.append(f"failed in {count_of(errors, 'scenario')}")
    if broken:
        harms = harms_of(result, name)
        known = number_known(result, name)
        says.append(
            f"breaks {count_of(broken, 'scenario')}"
            f"{f', {known} of them known' if known else ''}{f': {harms}' if harms else ''}"
        )
    if unknown:
        says.append(f"could not be judged in {count_of(unknown, 'scenario')}")
    if not_run:
        says.append(f"was not run in {count_of(not_run, 'scenario')}")
    if not removed and verdict.number("unchanged") == len(result.scenarios):
        says.append(f"behaves like {result.baseline} everywhere")
    elif not broken and errors + unknown + not_run < len(result.scenarios):
        nothing = "breaks nothing unintended" if verdict.number("intended") else "breaks nothing"
        says.append(f"{nothing} in the others" if says else nothing)
    if removed:
        named = count_of(len(removed), "interface") if brief else ", ".join(removed)
        says.append(f"removes {named}")
    return "; ".join(says)


def _counts(shown: Sequence[Verdict]) -> list[str]:
    """A table of the number in each class; a class that never occurs has no column."""
    kinds = [kind for kind in SYMBOLS if any(item.number(kind) for item in shown)]
    headers = ["same" if kind == "unchanged" else short(kind) for kind in kinds]
    rows = [[to_ascii(item.link.name), *map(item.number, kinds)] for item in shown]
    left = WIDTH - sum(len(text) + _PADDING for text in headers)
    widths = [max(_NARROWEST, left)]
    return tabulate(rows, ["", *headers], maxcolwidths=widths, disable_numparse=[0]).splitlines()


def _findings(result: Result) -> Iterator[str]:
    """The scenarios with an error or a regression, by variants."""
    for kind in _LISTED:
        variants: dict[str, list[str]] = {}
        for item in result.judgements:
            if kind in classes(item) and not (kind == "regression" and is_known(item, result)):
                variants.setdefault(item.scenario, []).append(item.variant)
        groups: dict[tuple[str, ...], list[str]] = {}
        for scenario, names in variants.items():
            groups.setdefault(tuple(names), []).append(scenario)
        for on, scenarios in groups.items():
            number = len(scenarios)
            yield ""
            yield from wrap(f"{number} {noun(kind, number)} on {', '.join(on)}:", WIDTH)
            yield from (f"  {to_ascii(scenario)}" for scenario in scenarios)
            if kind == "error":
                hint = f"zonediff show {scenarios[0]} --variant {on[0]} prints the error"
                yield from wrap(hint, WIDTH, "  ", "    ")


def _known(result: Result) -> Iterator[str]:
    """The known outcomes that are no longer true."""
    old = stale(result)
    if old:
        yield ""
        number = count_of(len(old), "known outcome")
        yield from wrap(f"{number} to take out of the file, or to write again:", WIDTH)
    for item in old:
        yield from wrap(str(item), WIDTH, "  ", "    ")


def _chances(result: Result) -> Iterator[str]:
    """The goals that chance decides, with their probabilities."""
    for number, chance in enumerate(chance_goals(result)):
        if number == 0:
            seeds = f"{count_of(result.seeds, 'seed')} from {result.seed}"
            yield ""
            yield from wrap(f"Goals decided by chance ({seeds}, 95 % confidence intervals):", WIDTH)
        yield from wrap(f"{chance.scenario}: {chance.want}", WIDTH, "  ", "    ")
        for share in chance.shares:
            names = ", ".join(share.variants)
            yield from wrap(f"{share}  {names}", WIDTH, "    ", " " * 8)


def _intents(result: Result) -> Iterator[str]:
    """Declared intents that did not happen, or that should have ended."""
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
