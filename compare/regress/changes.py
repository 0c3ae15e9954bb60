"""What changed between the results of two revisions, cell by cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from zonediff.compare.difference import first_difference
from zonediff.compare.interface import removed
from zonediff.compare.result import KINDS, GoalOutcome, Kind, Result, Run, VariantRemovals
from zonediff.compare.verdict import FAILED, PASSED, REGRESSED


@dataclass(frozen=True, slots=True)
class Change:
    """A scenario on a variant that comes out otherwise; `says` tells in what, weightiest first."""

    scenario: str
    variant: str
    kind: Kind
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Novelty:
    """A scenario or variant that only one of the revisions has."""

    what: Literal["scenario", "variant"]
    name: str
    added: bool


@dataclass(frozen=True, slots=True)
class Regression:
    """What changed from one revision to another.

    base, head: the revisions in words. cells: (scenario, variant) of all that both have.
    removals: what user space can use no more, by variant.
    """

    base: str
    head: str
    cells: tuple[tuple[str, str], ...]
    changes: tuple[Change, ...]
    novelties: tuple[Novelty, ...]
    removals: tuple[VariantRemovals, ...]

    @property
    def exit_code(self) -> int:
        """As that of a run: a failure weighs more than a regression."""
        kinds = {change.kind for change in self.changes}
        if "error" in kinds:
            return FAILED
        return REGRESSED if "regression" in kinds or self.removals else PASSED


def compare(base: Result, head: Result, names: tuple[str, str]) -> Regression:
    """Compare what is in both results; names: the revisions in words."""
    before = {(run.scenario, run.variant): run for run in base.runs}
    cells = [(run.scenario, run.variant) for run in head.runs]
    changes = []
    for run in head.runs:
        old = before.get((run.scenario, run.variant))
        change = _change(old, run) if old is not None else None
        if change is not None:
            changes.append(change)
    interfaces = {info.name: info.interface for info in base.variants}
    removals = [
        VariantRemovals(info.name, lost)
        for info in head.variants
        if info.name in interfaces and (lost := removed(interfaces[info.name], info.interface))
    ]
    return Regression(
        *names,
        cells=tuple(cell for cell in cells if cell in before),
        changes=tuple(sorted(changes, key=lambda change: KINDS.index(change.kind))),
        novelties=(
            *_novelties("scenario", (i.id for i in base.scenarios), (i.id for i in head.scenarios)),
            *_novelties(
                "variant", (i.name for i in base.variants), (i.name for i in head.variants)
            ),
        ),
        removals=tuple(removals),
    )


def _novelties(
    what: Literal["scenario", "variant"], before: Iterable[str], after: Iterable[str]
) -> Iterator[Novelty]:
    old, new = dict.fromkeys(before), dict.fromkeys(after)
    yield from (Novelty(what, name, True) for name in new if name not in old)
    yield from (Novelty(what, name, False) for name in old if name not in new)


def _change(base: Run, head: Run) -> Change | None:
    """What became of one scenario on one variant; None when it comes out as before."""
    if head.trace is None or base.trace is None:
        return _without_trace(base, head)
    old, new = _goals(base.goals), _goals(head.goals)
    kinds = set()
    says = []
    for key, goal in new.items():
        was = old.get(key)
        if was is None:
            says.append(f"new goal, {'met' if goal.met else 'not met'}: {goal.want}")
        elif was.met != goal.met:
            kinds.add("fix" if goal.met else "regression")
            says.append(f"{'met now' if goal.met else 'no longer met'}: {goal.want}; {goal.detail}")
    says += [f"goal gone: {goal.want}" for key, goal in old.items() if key not in new]
    difference = first_difference(base.trace, head.trace)
    if difference is not None:
        says.append(f"{difference.do}: {difference.baseline} -> {difference.candidate}")
    if not says:
        return None
    if base.hash != head.hash:
        says.append("the scenario was changed")
    kind: Kind = next((kind for kind in KINDS if kind in kinds), "behaviour-change")
    return Change(head.scenario, head.variant, kind, tuple(says))


def _without_trace(base: Run, head: Run) -> Change | None:
    """A change where one run or both have no trace: the subject failed, or could not run it."""
    if base.status == head.status:
        return None
    if head.trace is not None:
        return Change(head.scenario, head.variant, "fix", (f"runs now; it was: {base.status}",))
    last = (head.error or "").strip().splitlines() or ["no reason is given"]
    return Change(head.scenario, head.variant, "error", (f"does not run any more: {last[-1]}",))


def _goals(goals: Iterable[GoalOutcome]) -> dict[tuple[str, int], GoalOutcome]:
    """Goals by what is wanted; several that want the same are counted."""
    seen: Counter[str] = Counter()
    found = {}
    for goal in goals:
        found[goal.want, seen[goal.want]] = goal
        seen[goal.want] += 1
    return found
