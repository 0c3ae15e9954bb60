"""The text of `zonediff history`: goals and claims from one kernel release to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tabulate import MIN_PADDING, tabulate

from zonediff.engine.trace import Reason
from zonediff.engine.words import count_of, letter, shorten
from zonediff.reports.page.history import (
    Cause,
    ClaimRow,
    HistoryView,
    gaps,
    goals,
    history_view,
    steps,
)
from zonediff.reports.text.plain import COLUMN_GAP, WIDTH, to_ascii, wrap
from zonediff.result.claims import Verdict
from zonediff.result.history import History, Release, ScenarioHistory, Turn

_FEW: Final = 4
"""The most scenarios of a cause that are named."""

_WORDS: Final[dict[Verdict, str]] = {
    "supported": "yes",
    "depends": "partly",
    "refuted": "no",
    "moot": "-",
    "undecided": "?",
}

_NOT_APPLICABLE: Final = "n/a: the goal does not apply, because its premise does not hold."


def scenarios_text(history: History) -> str:
    """Each scenario, step by step and release by release."""
    scenarios = ("\n".join(_scenario(item, history.releases)) for item in history.scenarios)
    return "\n\n".join(scenarios).rstrip() + "\n"


def overview_text(history: History) -> str:
    """All scenarios and claims, by cause: what each release changed, and by which rule."""
    return "\n".join(_overview(history_view(history))).rstrip() + "\n"


# --- one scenario ---------------------------------------------------------------------------------


def _scenario(item: ScenarioHistory, releases: Sequence[Release]) -> Iterator[str]:
    yield item.scenario
    yield from _steps(item, releases, "  ")
    for gap in gaps(item):
        yield ""
        yield from wrap(f"{gap[0].upper()}{gap[1:]}.", WIDTH, "  ")
    if any(goal.moot for goal in item.goals):
        yield ""
        yield from wrap(_NOT_APPLICABLE, WIDTH, "  ")
    turns = [turn for goal in item.goals for turn in goal.turns]
    if not turns:
        yield ""
        yield "  No goal turned."
    for turn in turns:
        yield ""
        yield from _turn(turn)


def _steps(item: ScenarioHistory, releases: Sequence[Release], margin: str) -> Iterator[str]:
    """The steps and goals, and below them a row of results for each release."""
    for number, step in enumerate(item.steps, 1):
        yield from wrap(step, WIDTH, f"{margin}{number}. ", f"{margin}   ")
    wanted = goals(item, releases)
    letters = [letter(index).lower() for index in range(len(wanted))]
    for name, goal in zip(letters, wanted, strict=True):
        yield from wrap(f"wanted: {goal.what}", WIDTH, f"{margin}{name}. ", f"{margin}   ")
    lines = (*steps(item), *wanted)
    rows = [
        [release.variant, *(line.cells[number] for line in lines)]
        for number, release in enumerate(releases)
    ]
    headers = ["release", *map(str, range(1, len(item.steps) + 1)), *letters]
    yield ""
    yield from _table(rows, headers, margin)


def _turn(turn: Turn) -> Iterator[str]:
    word = "Met since" if turn.met else "Lost in"
    yield from wrap(f"{word} {turn.variant}: {turn.what}", WIDTH, "  ")
    for when, text, reasons in (
        ("before", turn.before, turn.before_reasons),
        ("since", turn.after, turn.after_reasons),
    ):
        yield from wrap(text, WIDTH, f"    {when + ':':8}", " " * 12)
        for reason in reasons:
            yield from wrap(str(reason), WIDTH, "            ", " " * 14)
    if turn.intent is not None:
        end = f", until {turn.intent.until}" if turn.intent.until else ""
        yield from wrap(f"declared{end}: {turn.intent.reason}", WIDTH, "    ")


# --- all of them ----------------------------------------------------------------------------------


def _overview(view: HistoryView) -> Iterator[str]:
    yield "The releases"
    for release in view.releases:
        yield from wrap(
            release.summary, WIDTH, f"  {release.variant:16}{release.released}  ", " " * 30
        )
    if view.lost:
        yield ""
        yield "Lost for a time"
        for number, cause in enumerate(view.lost):
            yield ""
            yield from _cause(cause)
            if not number:
                yield ""
                yield from _lead(cause, view)
    for chapter in view.chapters:
        yield ""
        gained, lost = chapter.number(met=True), chapter.number(met=False)
        yield from wrap(
            f"{chapter.release.variant}, {chapter.release.released}: {count_of(gained, 'goal')} "
            f"gained, {lost} lost",
            WIDTH,
        )
        for cause in chapter.causes:
            yield from _cause(cause)
    if view.claims:
        yield ""
        yield "Claims: do they hold?"
        yield from _claims(view)
    if view.rows:
        yield ""
        yield from wrap(
            f"Goals changed in {count_of(len(view.rows), 'scenario')} and stayed the same in "
            f"{view.unchanged}. `zonediff history SCENARIO` shows one step by step.",
            WIDTH,
        )


def _lead(cause: Cause, view: HistoryView) -> Iterator[str]:
    """The scenario that shows a cause best, step by step."""
    best = cause.affected[0].history
    yield from wrap(best.scenario, WIDTH, "  ")
    yield from _steps(best, view.releases, "    ")


def _cause(cause: Cause) -> Iterator[str]:
    yield from wrap(f"{cause.fate}: {count_of(cause.goals, 'goal')}", WIDTH, "  - ")
    if cause.before or cause.after:
        yield from wrap(f"{_rule(cause.before)} -> {_rule(cause.after)}", WIDTH, "    ", "      ")
    if cause.intent is not None:
        end = f" until {cause.intent.until}" if cause.intent.until else ""
        yield from wrap(f"declared{end}: {cause.intent.reason}", WIDTH, "    ", "      ")
    names = [item.history.scenario for item in cause.affected]
    yield from wrap(f"in {shorten(names, _FEW)}", WIDTH, "    ", "      ")


def _rule(reason: Reason | None) -> str:
    return reason.rule if reason else "(no rule decided)"


def _claims(view: HistoryView) -> Iterator[str]:
    headers = ["", *(release.variant for release in view.releases)]
    rows = [_verdicts(row) for row in view.claims]
    yield from _table(rows, headers)

    for row in view.claims:
        if row.turns:
            yield ""
            claim = f"{row.claim.who}: {row.claim.says}"
            yield from wrap(claim, WIDTH, f"  {row.claim.id}  ", " " * 7)
        for change in row.turns:
            yield from wrap(change.says, WIDTH, f"       {change.variant}: ", " " * 9)
            for before, after in change.rules:
                yield from wrap(f"{_rule(before)} -> {_rule(after)}", WIDTH, " " * 9, " " * 11)


def _verdicts(row: ClaimRow) -> list[str]:
    return [row.claim.id, *(_WORDS[item.verdict] for item in row.claim.verdicts)]


def _table(
    rows: Sequence[Sequence[str]], headers: Sequence[str], margin: str = "  "
) -> Iterator[str]:
    """A table; columns that do not fit follow in another table below, with the first column."""
    cells = [[to_ascii(cell) for cell in row] for row in rows]
    # Names are broken after their hyphens, so that seven releases fit side by side.
    broken = [headers[0], *(header.replace("-", "-\n") for header in headers[1:])]
    widths = [
        max(max(map(len, header.split("\n"))) + MIN_PADDING, *map(len, column))
        for header, column in zip(broken, zip(*cells, strict=True), strict=True)
    ]
    start = 1
    while start < len(broken):
        stop, taken = start + 1, len(margin) + widths[0] + COLUMN_GAP + widths[start]
        while stop < len(broken) and taken + COLUMN_GAP + widths[stop] <= WIDTH:
            taken += COLUMN_GAP + widths[stop]
            stop += 1
        if start > 1:
            yield ""
        part = [[row[0], *row[start:stop]] for row in cells]
        heads = [broken[0], *broken[start:stop]]
        text = tabulate(part, heads, tablefmt="simple", disable_numparse=True)
        yield from (f"{margin}{line}".rstrip() for line in text.splitlines())
        start = stop
