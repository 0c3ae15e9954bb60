"""Shows a difference again on fresh boots; only what they show is reported."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from zonediff.live.shrink import shrink
from zonediff.result.reviews import ReviewStep
from zonediff.review.actions import Action
from zonediff.review.grouping import different, kinds_of
from zonediff.review.parting import Parting, parting_of
from zonediff.review.repeating import repeated
from zonediff.review.sides import MakeSides, Shown

_MOST_RERUNS: Final = 30
"""So often a sequence is done again to shorten it."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A difference on fresh boots. parting: as one of them showed it. shown: how many did."""

    parting: Parting
    steps: tuple[ReviewStep, ...]
    shown: int
    boots: int


@dataclass(frozen=True, slots=True)
class Rerun:
    """Steps done again from boot on: how the sides part at the last one, and all results."""

    parting: Parting | None
    steps: tuple[ReviewStep, ...]


async def rerun(make_sides: MakeSides, boot: int, actions: Sequence[Action], fresh: bool) -> Rerun:
    """Do these steps from a boot on; they end early where a kernel dies before the last one."""
    sides = make_sides(fresh)
    done: list[ReviewStep] = []
    parting = None
    try:
        baseline, candidate = await _both(*(side.reset(boot) for side in sides))
        if not actions:
            parting = parting_of((), (), None, (baseline, candidate))
        for number, action in enumerate(actions, start=1):
            if baseline.look is None or candidate.look is None:
                break
            before = (baseline.look, candidate.look)
            baseline, candidate = await _both(*(side.do(action) for side in sides))
            done.append(ReviewStep(action.command, baseline.result, candidate.result))
            if number == len(actions):
                parting = parting_of(actions, actions, before, (baseline, candidate))
    finally:
        for side in sides:
            await side.close()
    shown = parting and replace(parting, boot=boot, walked_from=boot)
    return Rerun(shown, tuple(done))


async def _both(baseline: Awaitable[Shown], candidate: Awaitable[Shown]) -> tuple[Shown, Shown]:
    shown_baseline, shown_candidate = await asyncio.gather(baseline, candidate)
    return shown_baseline, shown_candidate


def same_cause(first: Parting, second: Parting) -> bool:
    """Whether two differences at the same step are the same one."""
    first_kinds, second_kinds = kinds_of(first), kinds_of(second)
    return (
        different(first.results) == different(second.results)
        and different(first.warnings) == different(second.warnings)
        and (bool(first_kinds & second_kinds) or not first_kinds | second_kinds)
    )


async def confirmed(
    make_sides: MakeSides, partings: Sequence[Parting], boots: int, guests: int
) -> Confirmed | None:
    """Show the shortest of differences of one cause on fresh boots; None if none of them shows it.

    guests: pairs of guests at the same time. Where the shortest sequence does not show it, there
    is state that no file shows: the steps that were really done are tried then, and shortened.
    """
    first = partings[0]
    shortest, walked = (first.boot, first.steps), (first.walked_from, first.walked)
    done = await _on_fresh_boots(make_sides, first, *shortest, boots, guests)
    if done is not None or walked == shortest:
        return done
    done = await _on_fresh_boots(make_sides, first, *walked, boots, guests)
    if done is None:
        return None
    steps = await _shortened(make_sides, first)
    again = await _on_fresh_boots(make_sides, first, first.walked_from, steps, boots, guests)
    return again or done


async def _shortened(make_sides: MakeSides, parting: Parting) -> tuple[Action, ...]:
    """Return the fewest of the steps that were walked which still show a difference."""
    *before, last = parting.walked

    async def shows(fewer: Sequence[Action]) -> bool:
        again = await rerun(make_sides, parting.walked_from, (*fewer, last), fresh=False)
        return again.parting is not None and same_cause(parting, again.parting)

    return (*await shrink(before, shows, _MOST_RERUNS), last)


async def _on_fresh_boots(
    make_sides: MakeSides,
    parting: Parting,
    boot: int,
    steps: Sequence[Action],
    boots: int,
    guests: int,
) -> Confirmed | None:

    async def once() -> Rerun:
        return await rerun(make_sides, boot, steps, fresh=True)

    again = [
        (done.parting, done.steps)
        for done in await repeated(once, boots, guests)
        if done.parting is not None and same_cause(parting, done.parting)
    ]
    if not again:
        return None
    return Confirmed(*again[0], len(again), boots)
