"""Two kernels explored in lock step: every step of an alphabet in every pair of their states.

Breadth first in the main: of the sequences that are left, the shortest come first, but for those
that begin where the guests are just now. Several pairs of guests work on one graph. Where nothing
is left near a pair of guests, it begins anew from boot.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from zonediff.review.actions import Action, rank
from zonediff.review.limits import Limits
from zonediff.review.look import Look, Part, differing
from zonediff.review.pair_graph import Pair, PairGraph, Plan
from zonediff.review.parting import Parting, Texts, by_chance, estranged, parting_of
from zonediff.review.sides import MakeSides, Shown, Sides

Progress = Callable[[str, int, int], None]
"""Called with what is done, the number of transitions done, and of those known to be left."""

Edges = dict[Hashable, dict[Hashable, Look]]
"""The looks that steps led to from each look, by the keys of both."""

_ATTEMPTS: Final = 5
"""So often a transition is headed for; by chance steps may not lead where they led before."""


@dataclass(slots=True)
class Exploration:
    """The outcome of an exploration.

    graph: the pairs. transitions: of each side, (state, step) pairs.
    edges: where each look of a side led. by_chance: transitions that chance decided otherwise on
    the two sides. followed: transitions in which a difference only followed from an earlier one.
    unreached: transitions that could not be come by again. out_of_time: whether seconds ran out.
    """

    graph: PairGraph
    partings: list[Parting] = field(default_factory=list)
    transitions: tuple[set[Hashable], set[Hashable]] = field(default_factory=lambda: (set(), set()))
    edges: tuple[Edges, Edges] = field(default_factory=lambda: ({}, {}))
    by_chance: int = 0
    followed: int = 0
    unreached: int = 0
    steps: int = 0
    resets: int = 0
    out_of_time: bool = False

    @property
    def closed(self) -> bool:
        """Whether no sequence of any length leads to a pair that was not explored."""
        return not (self.graph.cut or self.out_of_time or self.unreached)

    def sources(self, side: int) -> set[str]:
        """The files that a side ever showed."""
        looks = {pair.looks[side].key: pair.looks[side] for pair in self.graph.pairs.values()}
        return {source for look in looks.values() for source in look.sources}

    def states(self, side: int) -> int:
        """The number of states of a side."""
        return len({pair.looks[side].key for pair in self.graph.pairs.values()})


async def explore(
    make_sides: MakeSides,
    actions: Sequence[Action],
    blocks: frozenset[int],
    limits: Limits,
    *,
    boots: int = 1,
    hidden_depth: int = 0,
    guests: int = 1,
    progress: Progress = lambda what, done, left: None,
) -> Exploration:
    """Try every step in every pair of states, within the limits.

    blocks: those that the steps change. boots: the ways to boot the sides. guests: pairs of guests
    at the same time. Raises what the sides raise.
    """
    ordered = sorted(actions, key=rank)
    explorer = _Explorer(ordered, blocks, limits, hidden_depth, progress)
    try:
        await explorer.begin(make_sides(False), boots)
        async with asyncio.TaskGroup() as group:
            for _ in range(guests):
                group.create_task(explorer.work(make_sides(False)))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return explorer.done


class _Explorer:
    """An exploration under way."""

    def __init__(
        self,
        actions: Sequence[Action],
        blocks: frozenset[int],
        limits: Limits,
        hidden_depth: int,
        progress: Progress,
    ) -> None:
        ranks = [rank(action) for action in actions]
        graph = PairGraph(ranks, hidden_depth, limits.steps, limits.pairs)
        self.done = Exploration(graph)
        self._graph = graph
        self._actions = actions
        self._blocks = blocks
        self._progress = progress
        self._seconds = limits.seconds
        self._deadline = 0.0
        self._from_boot: dict[int, dict[Part, Texts]] = {}
        self._busy = 0
        self._attempts: Counter[tuple[Pair, int]] = Counter()
        self._changed = asyncio.Condition()

    async def begin(self, sides: Sides, boots: int) -> None:
        """Enter the pairs that the sides boot into; time is counted from then on."""
        visit = _Visit(sides)
        try:
            for boot in range(boots):
                await self._reset(visit, boot)
        finally:
            for side in sides:
                await side.close()
        self._deadline = time.monotonic() + self._seconds

    async def work(self, sides: Sides) -> None:
        """Try steps until none is left, or time is up."""
        visit = _Visit(sides)
        try:
            while self._may_go_on():
                plan = self._graph.plan(visit.pair)
                if plan is None:
                    await self._wait()
                    continue
                self._busy += 1
                try:
                    await self._follow(visit, plan)
                finally:
                    self._busy -= 1
                    await self._tell()
        finally:
            for side in sides:
                await side.close()

    def _may_go_on(self) -> bool:
        left = self._graph.left > 0 or self._busy > 0
        if time.monotonic() > self._deadline:
            self.done.out_of_time |= left
            return False
        return left

    async def _wait(self) -> None:
        async with self._changed:
            if self._busy:
                await self._changed.wait()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _reset(self, visit: _Visit, boot: int) -> None:
        """Begin both sides anew; the visit is nowhere when one of them does not boot."""
        self.done.resets += 1
        visit.walked, visit.boot = [], boot
        baseline, candidate = await asyncio.gather(*(side.reset(boot) for side in visit.sides))
        first = boot not in self._from_boot
        looks = (baseline.look, candidate.look) if baseline.look and candidate.look else None
        if first:
            self._from_boot[boot] = differing(*looks) if looks else {}
            parting = parting_of((), (), None, (baseline, candidate))
            if parting is not None:
                self.done.partings.append(replace(parting, boot=boot, walked_from=boot))
        visit.pair = self._entered(looks, (), boot) if looks else None

    def _entered(self, looks: tuple[Look, Look], path: tuple[int, ...], boot: int) -> Pair:
        strange = estranged(*looks, self._from_boot[boot])
        return self._graph.enter(looks, path, strange, boot)

    async def _follow(self, visit: _Visit, plan: Plan) -> None:
        """Go to a pair as far as steps lead where they led before, and try a step there."""
        if plan.boot is not None:
            await self._reset(visit, plan.boot)
        for action in plan.way:
            if visit.pair is None or visit.pair is plan.pair:
                break
            expected = visit.pair.targets.get(action)
            await self._step(visit, action)
            if visit.pair is not expected:
                break
        if visit.pair is plan.pair:
            await self._step(visit, plan.action)
        else:
            self._give_back(plan)

    def _give_back(self, plan: Plan) -> None:
        """Leave a step to be tried again, but not for ever."""
        if plan.action in plan.pair.targets:  # it was tried on the way
            return
        attempts = self._attempts[plan.pair, plan.action] + 1
        self._attempts[plan.pair, plan.action] = attempts
        if attempts < _ATTEMPTS:
            self._graph.give_back(plan.pair, plan.action)
        else:
            self.done.unreached += 1

    async def _step(self, visit: _Visit, number: int) -> None:
        """Do a step on both sides."""
        pair, action = visit.pair, self._actions[number]
        assert pair is not None
        self.done.steps += 1
        visit.walked.append(number)
        baseline, candidate = await asyncio.gather(*(side.do(action) for side in visit.sides))
        first = number not in pair.targets
        self._graph.drop(pair, number)
        self._note(pair, number, (baseline, candidate))
        chance = by_chance(action, pair.looks, (baseline, candidate), self._blocks)
        if chance:
            self.done.by_chance += first
        elif first:
            self._part(visit, pair, number, (baseline, candidate))
        target = None
        if baseline.look and candidate.look and not chance:
            target = self._entered((baseline.look, candidate.look), (*pair.path, number), pair.boot)
        visit.pair = pair.targets[number] = target
        self._progress("exploring", len(self.done.transitions[0]), self._graph.left)

    def _note(self, pair: Pair, number: int, shown: tuple[Shown, Shown]) -> None:
        """Note where each side went."""
        for side in (0, 1):
            state = pair.looks[side].key
            self.done.transitions[side].add((state, number))
            look = shown[side].look
            if look is not None:
                self.done.edges[side].setdefault(state, {})[look.key] = look

    def _part(self, visit: _Visit, pair: Pair, number: int, shown: tuple[Shown, Shown]) -> None:
        """Note a difference, unless it only follows from an earlier one."""
        steps = [self._actions[step] for step in (*pair.path, number)]
        walked = [self._actions[step] for step in visit.walked]
        parting = parting_of(steps, walked, pair.looks, shown)
        if parting is None:
            return
        if pair.estranged:
            self.done.followed += 1
        else:
            parting = replace(parting, boot=pair.boot, walked_from=visit.boot)
            self.done.partings.append(parting)


@dataclass(slots=True)
class _Visit:
    """A pair of guests. pair: where they are, None for nowhere; walked: the steps since boot."""

    sides: Sides
    pair: Pair | None = None
    boot: int = 0
    walked: list[int] = field(default_factory=list)
