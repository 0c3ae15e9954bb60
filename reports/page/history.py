"""The history on the page: the goals that each release gained and lost, by cause.

Goals that turned because of the same rules share one cause. Goals that one release lost and a later
one regained come first, before all others those that the release declared with an end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from zonediff.engine.policy import Intent
from zonediff.engine.trace import Reason
from zonediff.reports.page.index import Index, Link
from zonediff.result.claims import Verdict
from zonediff.result.history import (
    ClaimHistory,
    GoalHistory,
    History,
    Release,
    ScenarioHistory,
    Turn,
)


@dataclass(frozen=True, slots=True)
class AffectedScenario:
    """A scenario that a cause affects, with its goals that turned."""

    link: Link
    history: ScenarioHistory
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A step with its results, or a goal with whether it is met, release by release."""

    what: str
    cells: tuple[str, ...]


def steps(item: ScenarioHistory) -> tuple[ReleaseRow, ...]:
    """The result of each step on each release; empty where the kernel was dead."""
    return tuple(
        ReleaseRow(
            step, tuple(cells[number] if number < len(cells) else "" for cells in item.results)
        )
        for number, step in enumerate(item.steps)
    )


def goals(item: ScenarioHistory, releases: Sequence[Release]) -> tuple[ReleaseRow, ...]:
    """Whether each goal is met on each release.

    `met`, `NOT`, `n/a` where the goal does not apply, or `?` where it was not judged.
    """
    names = [release.variant for release in releases]
    return tuple(
        ReleaseRow(
            goal.want,
            tuple(
                "n/a" if name in goal.moot else _WORDS[holds]
                for name, holds in zip(names, met_by_release(item, goal, names), strict=True)
            ),
        )
        for goal in item.goals
    )


_WORDS: Final[dict[bool | None, str]] = {True: "met", False: "NOT", None: "?"}


def met_by_release(
    item: ScenarioHistory, goal: GoalHistory, names: Sequence[str]
) -> Iterator[bool | None]:
    """Whether a goal is met, release by release; None where it was not judged or does not apply."""
    turns = {turn.variant: turn.met for turn in goal.turns}
    is_met = goal.met
    for name in names:
        is_met = turns.get(name, is_met)
        yield None if name in item.unjudged or name in goal.moot else is_met


def gaps(item: ScenarioHistory) -> list[str]:
    """The releases that could not be judged: `could not be judged on v4.12, v4.13, because ...`."""
    causes: dict[str, list[str]] = {}
    for name, why in item.unjudged.items():
        causes.setdefault(why, []).append(name)
    return [
        f"could not be judged on {', '.join(names)}, because {why}" for why, names in causes.items()
    ]


@dataclass(frozen=True, slots=True)
class Cause:
    """Goals that turned on one release because of the same rules.

    met: whether the goals are met since. before, after: the reasons on the release before and on
    this one, None where no rule decided. back: the release that met lost goals again, None while
    they stay lost. intent: the intent that the release declares.
    """

    variant: str
    met: bool
    before: Reason | None
    after: Reason | None
    back: str | None
    intent: Intent | None
    affected: tuple[AffectedScenario, ...]

    @property
    def goals(self) -> int:
        """The number of goals that turned."""
        return sum(len(item.turns) for item in self.affected)

    @property
    def kept(self) -> bool:
        """Whether a declared loss ended with the release that the intent names."""
        return self.intent is not None and self.back == self.intent.until

    @property
    def fate(self) -> str:
        """The fate of the goals: `lost in v4.13, back in v4.14 as declared`."""
        if self.met:
            return f"met since {self.variant}"
        if self.back is None:
            return f"lost in {self.variant}"
        return f"lost in {self.variant}, back in {self.back}" + (
            " as declared" if self.kept else ""
        )


@dataclass(frozen=True, slots=True)
class Chapter:
    """A release and the causes of what it changed, losses first."""

    release: Release
    causes: tuple[Cause, ...]

    def number(self, *, met: bool) -> int:
        """The number of goals gained (met) or lost (not met)."""
        return sum(cause.goals for cause in self.causes if cause.met is met)


@dataclass(frozen=True, slots=True)
class Cell:
    """A scenario or claim on a release. turned: `gained`, `lost` or `both`, where it changed."""

    text: str
    turned: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A scenario along the time line."""

    link: Link
    history: ScenarioHistory
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class ClaimChange:
    """The changes of a release to a claim.

    rules: the reasons of the cases before and since, each pair once.
    """

    variant: str
    before: Verdict
    after: Verdict
    turns: tuple[Turn, ...]
    rules: tuple[tuple[Reason | None, Reason | None], ...]

    @property
    def says(self) -> str:
        """In words: `depends -> supported; now holds: it works in every order`."""
        changed = self.before != self.after
        verdict = f"{self.before} -> {self.after}" if changed else f"still {self.after}"
        parts = [verdict]
        for met, word in ((True, "now holds"), (False, "no longer holds")):
            cases = dict.fromkeys(turn.what for turn in self.turns if turn.met is met)
            parts += [f"{word}: {'; '.join(cases)}"] if cases else []
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim along the time line: its verdicts, and what releases changed about it."""

    link: Link
    claim: ClaimHistory
    cells: tuple[Cell, ...]
    turns: tuple[ClaimChange, ...]


@dataclass(frozen=True, slots=True)
class HistoryView:
    """A history, ready to be shown.

    lost: losses that a later release undid. rows: the scenarios with goals that turned.
    unchanged: the number of other scenarios.
    """

    releases: tuple[Release, ...]
    lost: tuple[Cause, ...]
    chapters: tuple[Chapter, ...]
    claims: tuple[ClaimRow, ...]
    rows: tuple[Row, ...]
    unchanged: int


def history_view(history: History, index: Index | None = None) -> HistoryView:
    """Group a history by cause; index: anchors of the report that shows the history, if any."""
    linked = {scenario.id for scenario in index.result.scenarios} if index else set()

    def link(name: str) -> Link:
        return index.scenario(name) if index and name in linked else Link(name, "")

    names = [release.variant for release in history.releases]
    causes = list(_causes(history, link))
    rows = [_row(item, names, link(item.scenario)) for item in history.scenarios]
    turned = tuple(row for row in rows if any(cell.turned for cell in row.cells))
    lost = [cause for cause in causes if cause.back is not None]
    return HistoryView(
        releases=tuple(history.releases),
        lost=tuple(sorted(lost, key=lambda cause: _weight(cause, names))),
        chapters=tuple(
            Chapter(
                release,
                tuple(
                    sorted(
                        (cause for cause in causes if cause.variant == release.variant),
                        key=lambda cause: (cause.met, -cause.goals),
                    )
                ),
            )
            for release in history.releases[1:]
        ),
        claims=tuple(
            _claim_row(claim, index.claim(claim.id) if index else Link(claim.id, ""))
            for claim in history.claims
            if _changes(claim)
        ),
        rows=turned,
        unchanged=len(rows) - len(turned),
    )


def _weight(cause: Cause, names: Sequence[str]) -> tuple[bool, int, int]:
    """The order of undone losses: declared ones first, then older, then larger ones."""
    return not cause.kept, names.index(cause.variant), -cause.goals


# --- causes ---------------------------------------------------------------------------------------

_Key = tuple[str, bool, str | None, str | None, str | None, str]


def _causes(history: History, link: Callable[[str], Link]) -> Iterator[Cause]:
    """Turns grouped by release, direction, rules, the release that undid them, and intent."""
    groups: dict[_Key, dict[str, list[Turn]]] = {}
    scenarios = {item.scenario: item for item in history.scenarios}
    for item in history.scenarios:
        for goal in item.goals:
            for turn, back in _with_ends(goal):
                key = (
                    turn.variant,
                    turn.met,
                    _rule(turn.before_reasons),
                    _rule(turn.after_reasons),
                    back,
                    turn.intent.reason if turn.intent else "",
                )
                groups.setdefault(key, {}).setdefault(item.scenario, []).append(turn)
    for (variant, met, _, _, back, _), by_scenario in groups.items():
        # The scenario with the most turned goals shows the cause best.
        affected = [
            AffectedScenario(link(name), scenarios[name], tuple(turns))
            for name, turns in by_scenario.items()
        ]
        affected.sort(key=lambda item: -len(item.turns))
        first = affected[0].turns[0]
        yield Cause(
            variant=variant,
            met=met,
            before=_first(first.before_reasons),
            after=_first(first.after_reasons),
            back=back,
            intent=first.intent,
            affected=tuple(affected),
        )


def _with_ends(goal: GoalHistory) -> Iterator[tuple[Turn, str | None]]:
    """Each turn of a goal; a loss comes with the release that undid it."""
    for turn, following in pairwise((*goal.turns, None)):
        if turn is not None:
            yield turn, following.variant if following and following.met else None


def _first(reasons: Sequence[Reason]) -> Reason | None:
    return reasons[0] if reasons else None


def _rule(reasons: Sequence[Reason]) -> str | None:
    return reasons[0].rule if reasons else None


# --- rows -----------------------------------------------------------------------------------------


def _row(item: ScenarioHistory, names: Sequence[str], link: Link) -> Row:
    turns = [{turn.variant: turn.met for turn in goal.turns} for goal in item.goals]
    met = zip(*(met_by_release(item, goal, names) for goal in item.goals), strict=True)
    cells = (
        Cell(
            _goals_met(item, name, now),
            _turned(by_release[name] for by_release in turns if name in by_release),
        )
        for name, now in zip(names, met, strict=True)
    )
    return Row(link, item, tuple(cells))


def _goals_met(item: ScenarioHistory, release: str, now: Sequence[bool | None]) -> str:
    """Goals met of those that apply, as `2/3`."""
    applies = [met for goal, met in zip(item.goals, now, strict=True) if release not in goal.moot]
    if not applies and item.goals:
        return "n/a"
    return "?" if None in applies else f"{sum(map(bool, applies))}/{len(applies)}"


def _turned(met: Iterable[bool]) -> str:
    return _TURNED[frozenset(met)]


_TURNED: Final = {
    frozenset[bool](): "",
    frozenset({True}): "gained",
    frozenset({False}): "lost",
    frozenset({True, False}): "both",
}


_NO_VERDICT: Final = ("moot", "undecided")


def _changes(claim: ClaimHistory) -> bool:
    """Whether a claim has several decided verdicts, or a case that turned."""
    decided = {verdict.verdict for verdict in claim.verdicts} - {*_NO_VERDICT}
    return len(decided) > 1 or bool(claim.turns)


def _claim_row(claim: ClaimHistory, link: Link) -> ClaimRow:
    cells = [Cell(claim.verdicts[0].verdict)]
    changes = []
    for old, new in pairwise(claim.verdicts):
        changed = old.verdict != new.verdict and not {old.verdict, new.verdict} & {*_NO_VERDICT}
        cells.append(Cell(new.verdict, "both" if changed else ""))
        turns = tuple(turn for turn in claim.turns if turn.variant == new.variant)
        if turns:
            pairs = {
                (_rule(turn.before_reasons), _rule(turn.after_reasons)): (
                    _first(turn.before_reasons),
                    _first(turn.after_reasons),
                )
                for turn in turns
            }
            rules = tuple(pair for pair in pairs.values() if any(pair))
            changes.append(ClaimChange(new.variant, old.verdict, new.verdict, turns, rules))
    return ClaimRow(link, claim, tuple(cells), tuple(changes))
