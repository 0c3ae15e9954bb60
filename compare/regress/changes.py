"""Compare two results, run by run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import zip_longest
from typing import Literal

from zonediff.compare.difference import first_difference
from zonediff.compare.interface import removals
from zonediff.compare.regress.known import is_known_change, stale_entries
from zonediff.compare.regress.reviews import compare_reviews
from zonediff.compare.regress.scales import Scales
from zonediff.engine.trace import Reason
from zonediff.result.causes import deciding_rule, own_reasons
from zonediff.result.changes import Change, Novelty, Regression
from zonediff.result.counts import GoalCount, order
from zonediff.result.exit_code import last_line
from zonediff.result.judgements import KINDS, Difference, GoalOutcome, Kind, Run, by_harm
from zonediff.result.result import Result


def compare(base: Result, head: Result, names: tuple[str, str]) -> Regression:
    """Compare the runs that both results have. names: of the two results, for reports.

    The known outcomes of the newer result do not count.
    """
    before = {(run.scenario, run.variant): run for run in base.runs}
    cells = [(run.scenario, run.variant) for run in head.runs]
    infos = {info.name: info for info in base.variants}
    both = [(infos[info.name], info) for info in head.variants if info.name in infos]
    pairs = [
        (before[cell], run) for cell, run in zip(cells, head.runs, strict=True) if cell in before
    ]
    changes = [change for old, run in pairs if (change := _change(old, run)) is not None]
    lost = tuple(removals(both))
    return Regression(
        *names,
        cells=tuple(cell for cell in cells if cell in before),
        changes=tuple(sorted(_weighed(changes, base, head), key=_order)),
        novelties=(
            *_novelties("scenario", (i.id for i in base.scenarios), (i.id for i in head.scenarios)),
            *_novelties(
                "variant", (i.name for i in base.variants), (i.name for i in head.variants)
            ),
        ),
        removals=lost,
        edited=tuple(_edited(base, head)),
        remarks=tuple(_remarks(base, head, names)),
        reviews=compare_reviews(base.reviews, head.reviews),
        known=tuple(head.known),
        stale=stale_entries(head, lost),
    )


def _order(change: Change) -> tuple[int, bool, int]:
    """The order of changes: the worst kind first, known ones last, then by harm."""
    return KINDS.index(change.kind), change.known, by_harm(change)


def _weighed(changes: Iterable[Change], base: Result, head: Result) -> Iterator[Change]:
    """The changes, regressions with their harm, and those that are known marked."""
    weigh = Scales(base, head)
    for change in changes:
        weighed = weigh.weighed(change) if change.kind == "regression" else change
        yield replace(weighed, known=is_known_change(change, head.known))


def _edited(base: Result, head: Result) -> Iterator[str]:
    """Scenarios whose text differs between the two results."""
    hashes = {run.scenario: run.hash for run in base.runs}
    now = {run.scenario: run.hash for run in head.runs}
    yield from (name for name, text in now.items() if hashes.get(name, text) != text)


def _remarks(base: Result, head: Result, names: tuple[str, str]) -> Iterator[str]:
    """Properties of the two results that limit the comparison, in words."""
    both = list(zip(names, (base, head), strict=True))
    yield from (f"{name} is of a run that was interrupted" for name, of in both if not of.complete)
    for name, result, other in ((names[0], base, head), (names[1], head, base)):
        ran = {(run.scenario, run.variant) for run in other.runs}
        scenarios = {info.id for info in other.scenarios}
        variants = {info.name for info in other.variants}
        alone = sum(
            (run.scenario, run.variant) not in ran
            and run.scenario in scenarios
            and run.variant in variants
            for run in result.runs
        )
        if alone:
            yield f"{alone} outcome{'s are' if alone > 1 else ' is'} in {name} alone"
    comparisons = {
        "judged against": [result.baseline for result in (base, head) if result.variants],
        "made by zonediff": [result.version for result in (base, head)],
        "run with seeds": [f"{r.seed} to {r.seed + r.seeds - 1}" for r in (base, head)],
    }
    for what, values in comparisons.items():
        if len(set(values)) > 1:
            fates = (f"{name} is {what} {way}" for name, way in zip(names, values, strict=True))
            yield ", ".join(fates)


def _novelties(
    what: Literal["scenario", "variant"], before: Iterable[str], after: Iterable[str]
) -> Iterator[Novelty]:
    old, new = dict.fromkeys(before), dict.fromkeys(after)
    yield from (Novelty(what, name, True) for name in new if name not in old)
    yield from (Novelty(what, name, False) for name in old if name not in new)


def _change(base: Run, head: Run) -> Change | None:
    """The change of one scenario on one variant; None when there is none."""
    if head.trace is None or base.trace is None:
        return _without_trace(base, head)
    old, new = _goals(base), _goals(head)
    fates = {key: _fate(*old[key], *new[key]) for key in new if key in old}
    worse, better = ([says for way, says in fates.values() if way == sign] for sign in (-1, 1))
    unmet = tuple(want for (want, _), (way, _) in fates.items() if way < 0)
    says = [
        *worse,
        *better,
        *(
            f"new goal, {'met' if goal.met else 'not met'}: {goal.want}"
            for key, (goal, _) in new.items()
            if key not in old
        ),
        *(f"goal gone: {goal.want}" for key, (goal, _) in old.items() if key not in new),
    ]
    difference = first_difference(base.trace, head.trace)
    reasons: tuple[Reason, ...] = ()
    if difference is not None:
        says.append(f"{difference.do}: {difference.baseline} -> {difference.candidate}")
        reasons = tuple(_reasons(difference))
    if not says:
        return None
    if base.hash != head.hash:
        says.append("the scenario was changed")
    kind: Kind = "regression" if worse else "fix" if better else "behaviour-change"
    return Change(head.scenario, head.variant, kind, tuple(says), reasons, unmet)


def _reasons(difference: Difference) -> Iterator[Reason]:
    """The deciding rule if it is the newer result's, then that result's other own reasons."""
    _, own = own_reasons(difference.baseline_reasons, difference.candidate_reasons)
    rule = deciding_rule(difference)
    first = [rule.reason] if rule is not None and rule.side == "candidate" else []
    yield from (*first, *(reason for reason in own if reason not in first))


def _fate(
    was: GoalOutcome, before: GoalCount | None, goal: GoalOutcome, count: GoalCount | None
) -> tuple[int, str]:
    """Whether a goal does worse (-1), the same (0) or better (1), and this in words.

    With many seeds on both sides, only significant differences count.
    """
    if before is None or count is None:
        change = goal.change_from(was)
        return change, f"{'now met' if change > 0 else 'no longer met'}: {goal.want}; {goal.detail}"
    change = order(before, count)
    shares = f"{before.met} of {before.runs} -> {count.met} of {count.runs}"
    return change, f"met more {'often' if change > 0 else 'rarely'}: {goal.want}; {shares}"


def _without_trace(base: Run, head: Run) -> Change | None:
    """The change where a run has no trace: the subject failed, or could not run the scenario."""
    if base.status == head.status:
        return None
    if head.trace is not None:
        was = base.status.replace("-", " ")
        kind: Kind = "fix" if base.status == "error" else "behaviour-change"
        return Change(head.scenario, head.variant, kind, (f"runs now; before: {was}",))
    last = (head.error or "").strip().splitlines() or ["no reason is given"]
    if head.status != "error":
        says = f"could not be judged: {last[-1]}"
        return Change(head.scenario, head.variant, "not-judged", (says,))
    says = f"no longer runs: {last[-1]}"
    return Change(head.scenario, head.variant, "error", (says,), error=last_line(head.error))


def _goals(run: Run) -> dict[tuple[str, int], tuple[GoalOutcome, GoalCount | None]]:
    """Goals by their text, and a number where a text repeats, with the counts of seeds."""
    repeats: Counter[str] = Counter()
    goals = {}
    for goal, count in zip_longest(run.goals, run.counts[: len(run.goals)]):
        goals[goal.want, repeats[goal.want]] = (goal, count)
        repeats[goal.want] += 1
    return goals
