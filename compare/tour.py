"""A tour: every step of an arena tried in every state of two sides at once, in lockstep.

A side is a real kernel, or a model that follows one. The states of both are learned on the way: a
state is what can be seen of a side, for a model the bisimulation class. The tour goes to the
nearest state in which a step is left to be tried, and begins anew from boot when no such state is
known to be reachable. It ends when every step was tried in every pair of states that was reached.

With a depth of N, states are told apart by the last N steps too, so that what no file shows has
that many steps to show itself (Chow's W-method, with every step as its own characterisation).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from zonediff.compare.comparable import BUSY, discrepancies, same_result
from zonediff.corpus.recording import RecordedStep
from zonediff.engine.observation import Observation
from zonediff.engine.steps import Step, Unplug
from zonediff.live.shrink import shrink

MOST_PARTINGS: Final = 12
"""So many transitions in which the sides part end a tour."""

_MOST_ATTEMPTS: Final = 50
"""So often a state is headed for; by chance a step may not lead where it led before."""

Progress = Callable[[int, int], None]
"""Called with the number of transitions done, and of those known to be left."""


class Shown(NamedTuple):
    """The result and the view of a side after a step.

    result: as in a trace. state: equal for equal states; None when the side lost track of it, or
    died. chance: whether what it did was an input of chance, not a rule.
    """

    result: str | None
    observation: Observation
    state: Hashable | None
    chance: bool = False


class Side(Protocol):
    """One of the two that are toured."""

    async def reset(self) -> Shown:
        """Begin from boot."""

    async def do(self, action: int, step: Step, other: RecordedStep | None) -> Shown:
        """Do a step; other: what it did on the side before, None on the first side."""


@dataclass(frozen=True, slots=True)
class TourParting:
    """A transition in which the sides part: the steps since boot, the last is the one.

    actions: their numbers. results: those of the last step on both sides.
    """

    actions: tuple[int, ...]
    steps: tuple[Step, ...]
    results: tuple[str | None, str | None]
    differences: tuple[tuple[str, str, str], ...]


@dataclass(slots=True)
class Tour:
    """The outcome of a tour. transitions: (state, step) pairs of the left and of the right side.

    by_chance: those of the left side that were decided by chance each time. unreached: states that
    steps left untried were known for, and that could not be reached again. pairs: of states that
    were reached. steps, resets: how many were done.
    """

    states: tuple[set[Hashable], set[Hashable]] = field(default_factory=lambda: (set(), set()))
    transitions: tuple[set[Hashable], set[Hashable]] = field(default_factory=lambda: (set(), set()))
    ruled: set[Hashable] = field(default_factory=set)
    partings: list[TourParting] = field(default_factory=list)
    pairs: int = 0
    unreached: int = 0
    steps: int = 0
    resets: int = 0

    @property
    def by_chance(self) -> int:
        return len(self.transitions[0] - self.ruled)


_Node = tuple[Hashable, Hashable, tuple[int, ...]]


class _Tourist:
    """A tour under way. graph: where each step led last, None for nowhere known."""

    def __init__(self, sides: tuple[Side, Side], actions: Sequence[Step], depth: int) -> None:
        self.tour = Tour()
        self.sides = sides
        self.actions = actions
        self.depth = depth
        self.graph: dict[_Node, dict[int, _Node | None]] = {}
        self.untried: dict[_Node, deque[int]] = {}
        self.root: _Node | None = None
        self.node: _Node | None = None
        self.done: list[int] = []
        self.left = 0

    async def reset(self) -> None:
        self.tour.resets += 1
        self.done = []
        one, two = [await side.reset() for side in self.sides]
        differences = tuple(discrepancies(one.observation, two.observation))
        if differences or not same_result(one.result, two.result):
            self.tour.partings.append(TourParting((), (), (one.result, two.result), differences))
            self.node = None
            return
        self.node = self.enter(one, two)
        self.root = self.root or self.node

    def enter(self, one: Shown, two: Shown) -> _Node | None:
        """The node of what both sides show, with all its steps yet to be tried when it is new."""
        if one.state is None or two.state is None:
            return None
        last = tuple(self.done[-self.depth :]) if self.depth else ()
        node = (one.state, two.state, last)
        if node not in self.graph:
            self.graph[node] = {}
            self.untried[node] = deque(range(len(self.actions)))
            self.left += len(self.actions)
            for states, state in zip(self.tour.states, node[:2], strict=True):
                states.add(state)
        return node

    async def step(self, action: int) -> None:
        """Do a step on both sides."""
        tour, node, step = self.tour, self.node, self.actions[action]
        assert node is not None
        tour.steps += 1
        self.done.append(action)
        one = await self.sides[0].do(action, step, None)
        recorded = RecordedStep(step, one.result, one.observation)
        two = await self.sides[1].do(action, step, recorded)
        chance = one.chance or two.chance or _by_chance(step, one.result, two.result)
        if action in self.untried[node]:
            self.untried[node].remove(action)
            self.left -= 1
        for transitions, state in zip(tour.transitions, node[:2], strict=True):
            transitions.add((state, action))
        if not chance:
            tour.ruled.add((node[0], action))
        differences = tuple(discrepancies(one.observation, two.observation))
        same = same_result(one.result, two.result, step) and not differences
        if not same and not _by_chance(step, one.result, two.result):
            steps = tuple(self.actions[number] for number in self.done)
            tour.partings.append(
                TourParting(tuple(self.done), steps, (one.result, two.result), differences)
            )
        self.node = self.graph[node][action] = self.enter(one, two) if same else None

    def plan(self) -> list[int] | None:
        """The steps from here to the nearest state with a step left, that step last."""
        if self.node is None:
            return None
        came: dict[_Node, tuple[_Node, int] | None] = {self.node: None}
        queue = deque([self.node])
        while queue:
            node = queue.popleft()
            if self.untried[node]:
                return [*_path(came, node), self.untried[node][0]]
            for action, target in self.graph[node].items():
                if target is not None and target not in came:
                    came[target] = (node, action)
                    queue.append(target)
        return None


def _path(came: dict[_Node, tuple[_Node, int] | None], node: _Node) -> list[int]:
    actions: list[int] = []
    while (step := came[node]) is not None:
        node, action = step
        actions.append(action)
    return actions[::-1]


def _by_chance(step: Step, one: str | None, two: str | None) -> bool:
    """Whether different results of two kernels come from where their pages happened to lie."""
    chances = ("REFUSED",) if isinstance(step, Unplug) else BUSY
    return not same_result(one, two, step) and None in (one, two) and bool({one, two} & {*chances})


async def repeated(
    sides: tuple[Side, Side], actions: Sequence[Step], numbers: Sequence[int]
) -> TourParting | None:
    """Do these actions from boot on; where the sides part, if at the last of them."""
    again = _Tourist(sides, actions, 0)
    await again.reset()
    for number in numbers:
        if again.node is None:
            return None
        await again.step(number)
    partings = again.tour.partings
    return partings[0] if partings and len(partings[0].actions) == len(numbers) else None


async def shortest(
    sides: tuple[Side, Side], actions: Sequence[Step], parting: TourParting, most_reruns: int
) -> TourParting:
    """The same parting in the fewest steps that still show one (delta debugging)."""
    if not parting.actions:
        return parting
    *before, last = parting.actions
    shown = parting

    async def shows(fewer: Sequence[int]) -> bool:
        nonlocal shown
        again = await repeated(sides, actions, (*fewer, last))
        shown = again or shown
        return again is not None

    await shrink(before, shows, most_reruns)
    return shown


async def tour(
    left: Side,
    right: Side,
    actions: Sequence[Step],
    *,
    depth: int = 0,
    progress: Progress = lambda done, left: None,
) -> Tour:
    """Try every action in every pair of states of the two sides.

    Ends early after MOST_PARTINGS partings. Raises what the sides raise.
    """
    tourist = _Tourist((left, right), actions, depth)
    attempts = 0
    await tourist.reset()
    while tourist.root is not None and len(tourist.tour.partings) < MOST_PARTINGS:
        plan = tourist.plan()
        if plan is None:
            if not tourist.left or attempts > _MOST_ATTEMPTS:
                break
            attempts += 1
            await tourist.reset()
            continue
        left_before = tourist.left
        for number, action in enumerate(plan):
            expected = None
            if number < len(plan) - 1 and tourist.node is not None:
                expected = tourist.graph[tourist.node].get(action)
            await tourist.step(action)
            if tourist.node is None or (expected is not None and tourist.node != expected):
                break
        if tourist.left < left_before:
            attempts = 0
        progress(len(tourist.tour.transitions[0]), tourist.left)
    tourist.tour.pairs = len({node[:2] for node in tourist.graph})
    tourist.tour.unreached = sum(map(bool, tourist.untried.values()))
    return tourist.tour
