"""Known outcomes in a comparison of two results: those that happened, and those that are stale."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from zonediff.result.changes import Change
from zonediff.result.exit_code import last_line
from zonediff.result.judgements import VariantRemovals
from zonediff.result.known import KnownOutcome, Stale
from zonediff.result.result import Result


def is_known_change(change: Change, known: Iterable[KnownOutcome]) -> bool:
    """Whether a regression, with all its goals, or a failure with this error is known."""
    entries = [i for i in known if (i.scenario, i.variant) == (change.scenario, change.variant)]
    if change.kind == "error":
        return any(item.error == change.error for item in entries if item.error)
    unmet = {*change.unmet}
    return change.kind == "regression" and any(
        unmet <= {*item.unmet} for item in entries if not item.error
    )


def stale_entries(head: Result, removals: Collection[VariantRemovals]) -> tuple[Stale, ...]:
    """The known outcomes that are not so in the newer result.

    A goal that the newer result does not meet is not stale, even if the older one did not meet it
    either: then the entry was needed before.
    """
    stale = ((item, _instead(head, removals, item)) for item in head.known)
    return tuple(Stale(item, now) for item, now in stale if now is not None)


def _instead(head: Result, removals: Collection[VariantRemovals], item: KnownOutcome) -> str | None:
    """The present outcome instead of a known one; None if they agree, or nothing was run."""
    if item.removes:
        return _of_removal(head, removals, item)
    cell = item.scenario, item.variant
    run = next((run for run in head.runs if (run.scenario, run.variant) == cell), None)
    if run is None:
        return None
    if item.error:
        return None if last_line(run.error) == item.error else "fails otherwise or not at all"
    if run.trace is None:
        return None
    unmet = {goal.want for goal in run.goals if not goal.met}
    met = [goal for goal in item.unmet if goal not in unmet]
    return f"met now: {', '.join(met)}" if met else None


def _of_removal(
    head: Result, removals: Collection[VariantRemovals], item: KnownOutcome
) -> str | None:
    if any(
        lost.variant == item.variant and item.removes in {of.what for of in lost.removals}
        for lost in removals
    ):
        return None
    info = next((info for info in head.variants if info.name == item.variant), None)
    if info is None:
        return None
    offers = info.interface
    there = {*offers.files, *offers.parameters, *offers.options}
    return "it is not removed" if item.removes in there else None
