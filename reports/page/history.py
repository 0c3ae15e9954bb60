"""The history view: what each release gave users, and what it took from them, by cause.

Turns of goals that the same rules brought about are one cause. A goal that one release loses and
a later one gives back was lost for a time; such losses come first, those that a release declares
and says the end of before all others.
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
class Seen:
    """A scenario in which a cause is seen, with its goals that turned."""

    link: Link
    history: ScenarioHistory
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A step or goal along the time line. cells: what it gave, or whether it is met."""

    what: str
    cells: tuple[str, ...]


def steps(item: ScenarioHistory) -> tuple[Line, ...]:
    """What each step gave on each release; nothing where the kernel was dead."""
    return tuple(
        Line(step, tuple(gave[number] if number < len(gave) else "" for gave in item.results))
        for number, step in enumerate(item.steps)
    )


def goals(item: ScenarioHistory, releases: Sequence[Release]) -> tuple[Line, ...]:
    """Whether each goal is met on each release: `met` or `NOT`."""
    names = [release.variant for release in releases]
    return tuple(
        Line(goal.want, tuple("met" if met else "NOT" for met in along(goal, names)))
        for goal in item.goals
    )


def along(goal: GoalHistory, names: Sequence[str]) -> Iterator[bool]:
    """Whether a goal is met, for release after release."""
    turns = {turn.variant: turn.met for turn in goal.turns}
    met = goal.met
    for name in names:
        met = turns.get(name, met)
        yield met


@dataclass(frozen=True, slots=True)
class Cause:
    """Turns of one release that came about in the same way.

    met: whether goals are met since. before, after: the rules that decided on the release before
    and on this one, None where no rule did. back: of a loss, the release that gave it back; None
    for one that lasts. intent: what the release declares about it.
    """

    variant: str
    met: bool
    before: Reason | None
    after: Reason | None
    back: str | None
    intent: Intent | None
    seen: tuple[Seen, ...]

    @property
    def goals(self) -> int:
        """How many goals turned."""
        return sum(len(item.turns) for item in self.seen)

    @property
    def kept(self) -> bool:
        """Whether a loss that was declared to have an end had it there."""
        return self.intent is not None and self.back == self.intent.until

    @property
    def fate(self) -> str:
        """What became of it, in words: `lost in v4.13, back in v4.14 as declared`."""
        if self.met:
            return f"met since {self.variant}"
        if self.back is None:
            return f"lost in {self.variant}"
        return f"lost in {self.variant}, back in {self.back}" + (
            " as declared" if self.kept else ""
        )


@dataclass(frozen=True, slots=True)
class Chapter:
    """A release, and what it changed: losses first, then what is met since."""

    release: Release
    causes: tuple[Cause, ...]

    def number(self, *, met: bool) -> int:
        """How many goals it gave, or took."""
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
    """What a release changed about a claim.

    rules: by which the cases came out so before and since, each pair once.
    """

    variant: str
    before: Verdict
    after: Verdict
    turns: tuple[Turn, ...]
    rules: tuple[tuple[Reason | None, Reason | None], ...]

    @property
    def says(self) -> str:
        """In words: `depends -> supported; now so: it works in every order`."""
        changed = self.before != self.after
        verdict = f"{self.before} -> {self.after}" if changed else f"still {self.after}"
        told = []
        for met, word in ((True, "now so"), (False, "no longer so")):
            cases = dict.fromkeys(turn.what for turn in self.turns if turn.met is met)
            told += [f"{word}: {'; '.join(cases)}"] if cases else []
        return "; ".join([verdict, *told])


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim along the time line: its verdicts, and the releases that changed something."""

    link: Link
    claim: ClaimHistory
    cells: tuple[Cell, ...]
    turns: tuple[ClaimChange, ...]


@dataclass(frozen=True, slots=True)
class HistoryView:
    """All that a history shows. rows: the scenarios in which something turned; alike: the others.

    lost: the losses that a later release gave back.
    """

    releases: tuple[Release, ...]
    lost: tuple[Cause, ...]
    chapters: tuple[Chapter, ...]
    claims: tuple[ClaimRow, ...]
    rows: tuple[Row, ...]
    alike: int


def history_view(history: History, index: Index | None = None) -> HistoryView:
    """Think a history through; index: what is where in the report that shows it, if one does."""
    there = {scenario.id for scenario in index.result.scenarios} if index else set()

    def link(name: str) -> Link:
        return index.scenario(name) if index and name in there else Link(name, "")

    names = [release.variant for release in history.releases]
    found = list(_causes(history, link))
    rows = [_row(item, names, link(item.scenario)) for item in history.scenarios]
    turned = tuple(row for row in rows if any(cell.turned for cell in row.cells))
    lost = [cause for cause in found if cause.back is not None]
    return HistoryView(
        releases=tuple(history.releases),
        lost=tuple(sorted(lost, key=lambda cause: _weight(cause, names))),
        chapters=tuple(
            Chapter(
                release,
                tuple(
                    sorted(
                        (cause for cause in found if cause.variant == release.variant),
                        key=lambda cause: (cause.met, -cause.goals),
                    )
                ),
            )
            for release in history.releases[1:]
        ),
        claims=tuple(
            _claim_row(claim, index.claim(claim.id) if index else Link(claim.id, ""))
            for claim in history.claims
            if _speaks(claim)
        ),
        rows=turned,
        alike=len(rows) - len(turned),
    )


def _weight(cause: Cause, names: Sequence[str]) -> tuple[bool, int, int]:
    """What comes first of the losses for a time: the declared, then the older, then the larger."""
    return not cause.kept, names.index(cause.variant), -cause.goals


# --- causes ---------------------------------------------------------------------------------------

_Key = tuple[str, bool, str | None, str | None, str | None, str]


def _causes(history: History, link: Callable[[str], Link]) -> Iterator[Cause]:
    """Turns by release, direction, rules, what became of them, and what was declared."""
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
        # Where most goals turned it is seen best.
        seen = [
            Seen(link(name), scenarios[name], tuple(turns)) for name, turns in by_scenario.items()
        ]
        seen.sort(key=lambda item: -len(item.turns))
        first = seen[0].turns[0]
        yield Cause(
            variant=variant,
            met=met,
            before=_only(first.before_reasons),
            after=_only(first.after_reasons),
            back=back,
            intent=first.intent,
            seen=tuple(seen),
        )


def _with_ends(goal: GoalHistory) -> Iterator[tuple[Turn, str | None]]:
    """Each turn of a goal, a loss with the release that gave it back."""
    for turn, following in pairwise((*goal.turns, None)):
        if turn is not None:
            yield turn, following.variant if following and following.met else None


def _only(reasons: Sequence[Reason]) -> Reason | None:
    return reasons[0] if reasons else None


def _rule(reasons: Sequence[Reason]) -> str | None:
    return reasons[0].rule if reasons else None


# --- rows -----------------------------------------------------------------------------------------


def _row(item: ScenarioHistory, names: Sequence[str], link: Link) -> Row:
    turns = [{turn.variant: turn.met for turn in goal.turns} for goal in item.goals]
    met = zip(*(along(goal, names) for goal in item.goals), strict=True)
    cells = (
        Cell(f"{sum(now)}/{len(now)}", _turned(by[name] for by in turns if name in by))
        for name, now in zip(names, met, strict=True)
    )
    return Row(link, item, tuple(cells))


def _turned(met: Iterable[bool]) -> str:
    return _TURNED[frozenset(met)]


_TURNED: Final = {
    frozenset[bool](): "",
    frozenset({True}): "gained",
    frozenset({False}): "lost",
    frozenset({True, False}): "both",
}


_SILENT: Final = ("moot", "undecided")


def _speaks(claim: ClaimHistory) -> bool:
    """Whether anything about a claim differs between releases that it speaks of."""
    said = {verdict.verdict for verdict in claim.verdicts} - {*_SILENT}
    return len(said) > 1 or bool(claim.turns)


def _claim_row(claim: ClaimHistory, link: Link) -> ClaimRow:
    cells = [Cell(claim.verdicts[0].verdict)]
    changes = []
    for old, new in pairwise(claim.verdicts):
        changed = old.verdict != new.verdict and not {old.verdict, new.verdict} & {*_SILENT}
        cells.append(Cell(new.verdict, "both" if changed else ""))
        turns = tuple(turn for turn in claim.turns if turn.variant == new.variant)
        if turns:
            pairs = {
                (_rule(turn.before_reasons), _rule(turn.after_reasons)): (
                    _only(turn.before_reasons),
                    _only(turn.after_reasons),
                )
                for turn in turns
            }
            rules = tuple(pair for pair in pairs.values() if any(pair))
            changes.append(ClaimChange(new.variant, old.verdict, new.verdict, turns, rules))
    return ClaimRow(link, claim, tuple(cells), tuple(changes))
