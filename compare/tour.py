"""A tour: every step of an arena tried in every state of two sides at once, in lockstep.

A side is a real kernel, or a model that follows one. The states of both are learned on the way: a
state is what can be seen of a side, for a model the bisimulation class. The tour goes to the
nearest state in which a step is left to be tried, and begins anew from boot when no such state is
known to be reachable. It ends when every step was tried in every pair of states that was reached.

With a depth of N, states are told apart by the last N steps too, so that what no file shows has
that many steps to show itself (Chow's W-method, with every step as its own characterisation).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from zonediff.compare.comparable import BUSY, discrepancies, same_result
from zonediff.corpus.recording import RecordedStep
from zonediff.engine.observation import Observation
from zonediff.engine.steps import Step, Unplug
from zonediff.live.shrink import shrink
from zonediff.variants.subject import NotOnThisMachine

MOST_PARTINGS: Final = 12
"""So many transitions in which a kernel and a model part end a tour."""

MOST_KINDS: Final = 12
"""So many kinds of transitions in which the sides part end a tour."""

_MOST_ATTEMPTS: Final = 50
"""So often a state is headed for; by chance a step may not lead where it led before."""

Progress = Callable[[int, int], None]
"""Called with the number of transitions done, and of those known to be left."""


_NUMBER: Final = re.compile(r"[0-9]+")


def kind_of(step: Step) -> str:
    """The step in words, whatever the numbers of its block or DIMM."""
    return _NUMBER.sub("N", str(step))


class Outcome(NamedTuple):
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

    async def reset(self) -> Outcome:
        """Begin from boot."""

    async def do(self, action: int, step: Step, other: RecordedStep | None) -> Outcome:
        """Do a step; other: what it did on the side before, None on the first side."""


@dataclass(frozen=True, slots=True)
class TourParting:
    """A transition in which the sides part: the steps since boot, the last is the one.

    actions: their numbers. results, observations: of both sides, of the last step and after it.
    """

    actions: tuple[int, ...]
    steps: tuple[Step, ...]
    results: tuple[str | None, str | None]
    differences: tuple[tuple[str, str, str], ...]
    observations: tuple[Observation, Observation]

    @property
    def kind(self) -> str:
        """The kind of the parting, the same for all numbers of blocks and DIMMs."""
        step = str(self.steps[-1]) if self.steps else "boot"
        place = self.differences[0][0] if self.differences else ""
        return _NUMBER.sub("N", f"{step} {self.results} {place}")


@dataclass(slots=True)
class SideMap:
    """The knowledge of a tour about one side.

    states: those that it was in, with what was seen in them, in the order in which they came up.
    moves: for each (state, action) that was tried, its last result and the state that it led to;
    None where the side died, lost track, or parted from the other.
    """

    states: dict[Hashable, Observation] = field(default_factory=dict)
    moves: dict[tuple[Hashable, int], tuple[str | None, Hashable | None]] = field(
        default_factory=dict
    )


@dataclass(slots=True)
class Tour:
    """The outcome of a tour.

    maps: of the left and of the right side. ruled: (state, action) pairs of the left side that were
    decided by a rule at least once. hung: those that did not come back. unreached: states that
    steps left untried were known for, and that could not be reached again. pairs: of states that
    were reached. steps, resets: how many were done. left_out: pairs of states that
    were too many to try steps in.
    """

    maps: tuple[SideMap, SideMap] = field(default_factory=lambda: (SideMap(), SideMap()))
    ruled: set[tuple[Hashable, int]] = field(default_factory=set)
    hung: set[tuple[Hashable, int]] = field(default_factory=set)
    partings: list[TourParting] = field(default_factory=list)
    pairs: int = 0
    unreached: int = 0
    steps: int = 0
    resets: int = 0
    left_out: int = 0

    @property
    def by_chance(self) -> int:
        """Transitions of the left side that were decided by chance each time."""
        return len(self.maps[0].moves.keys() - self.ruled)

    @property
    def kinds(self) -> int:
        """The number of kinds of partings."""
        return len({parting.kind for parting in self.partings})


_Node = tuple[Hashable, Hashable, tuple[int, ...]]


class _Tourist:
    """A tour under way; depth, most_steps, most_pairs: see tour().

    graph: the node that each step led to last, None for nowhere known. actions_done: since boot.
    tried: the number of (node, step) pairs that were tried.
    """

    def __init__(
        self,
        sides: tuple[Side, Side],
        actions: Sequence[Step],
        depth: int = 0,
        most_steps: int | None = None,
        most_pairs: int | None = None,
    ) -> None:
        self.tour = Tour()
        self.sides = sides
        self.actions = actions
        self.depth = depth
        self.most_steps = most_steps
        self.most_pairs = most_pairs
        self.graph: dict[_Node, dict[int, _Node | None]] = {}
        self.untried: dict[_Node, deque[int]] = {}
        self.root: _Node | None = None
        self.node: _Node | None = None
        self.actions_done: list[int] = []
        self.tried = 0

    async def reset(self) -> None:
        self.tour.resets += 1
        self.actions_done = []
        left, right = [await side.reset() for side in self.sides]
        self.node = self.enter(left, right) if self.same(left, right, None, False) else None
        self.root = self.root or self.node

    def enter(self, left: Outcome, right: Outcome) -> _Node | None:
        """The node of what both sides show, with all its steps yet to be tried when it is new."""
        if left.state is None or right.state is None:
            return None
        last = tuple(self.actions_done[-self.depth :]) if self.depth else ()
        node = (left.state, right.state, last)
        if node not in self.graph:
            full = self.most_pairs is not None and len(self.graph) >= self.most_pairs
            self.graph[node] = {}
            self.untried[node] = deque(() if full else range(len(self.actions)))
            self.tour.left_out += full
            for side_map, outcome in zip(self.tour.maps, (left, right), strict=True):
                side_map.states.setdefault(outcome.state, outcome.observation)
        return node

    async def step(self, action: int) -> None:
        """Do a step on both sides."""
        node, step = self.node, self.actions[action]
        assert node is not None
        self.tour.steps += 1
        self.actions_done.append(action)
        left = await self.sides[0].do(action, step, None)
        recorded = RecordedStep(step, left.result, left.observation)
        right = await self.sides[1].do(action, step, recorded)
        if action in self.untried[node]:
            self.untried[node].remove(action)
            self.tried += 1
        chance = _by_chance(step, left.result, right.result)
        same = self.same(left, right, step, chance)
        self.node = self.graph[node][action] = self.enter(left, right) if same else None
        self._note(node, action, (left, right), chance or left.chance or right.chance)

    def same(self, left: Outcome, right: Outcome, step: Step | None, chance: bool) -> bool:
        """Whether both sides show the same; if not, and not by chance, note a parting."""
        differences = tuple(discrepancies(left.observation, right.observation))
        if same_result(left.result, right.result, step) and not differences:
            return True
        if not chance:
            parting = TourParting(
                tuple(self.actions_done),
                tuple(self.actions[number] for number in self.actions_done),
                (left.result, right.result),
                differences,
                (left.observation, right.observation),
            )
            self.tour.partings.append(parting)
        return False

    def _note(
        self, node: _Node, action: int, outcomes: tuple[Outcome, Outcome], chance: bool
    ) -> None:
        """Add a transition to what is known of both sides."""
        for side_map, state, outcome in zip(self.tour.maps, node[:2], outcomes, strict=True):
            reached = None if self.node is None else outcome.state
            side_map.moves[state, action] = (outcome.result, reached)
        if not chance:
            self.tour.ruled.add((node[0], action))
        if any(outcome.result == "hang" for outcome in outcomes):
            self.tour.hung.add((node[0], action))

    def near_nodes(self) -> Collection[_Node]:
        """The nodes in which steps are to be tried: those fewer than most_steps from boot."""
        if self.most_steps is None or self.root is None:
            return self.graph
        near, edge = {self.root}, {self.root}
        for _ in range(self.most_steps - 1):
            targets = {target for node in edge for target in self.graph[node].values()}
            edge = {target for target in targets if target is not None} - near
            near |= edge
        return near

    def open_nodes(self) -> list[_Node]:
        """The nodes in which steps are left to be tried."""
        return [node for node in self.near_nodes() if self.untried[node]]

    def remaining(self) -> int:
        """The number of steps that are left to be tried in the nodes known."""
        return sum(len(self.untried[node]) for node in self.open_nodes())

    def plan(self) -> list[int] | None:
        """The steps from here to the nearest state with a step left, that step last."""
        if self.node is None:
            return None
        allowed = self.near_nodes()
        came: dict[_Node, tuple[_Node, int] | None] = {self.node: None}
        queue = deque([self.node])
        while queue:
            node = queue.popleft()
            if self.untried[node] and node in allowed:
                return [*_path(came, node), self.untried[node][0]]
            for action, target in self.graph[node].items():
                if target is not None and target not in came:
                    came[target] = (node, action)
                    queue.append(target)
        return None

    async def follow(self, plan: Sequence[int]) -> None:
        """Do the steps of a plan, until one does not lead where it led before."""
        for action in plan:
            if self.node is None:
                return
            expected = self.graph[self.node].get(action)
            await self.step(action)
            if expected is not None and self.node != expected:
                return


def _path(came: dict[_Node, tuple[_Node, int] | None], node: _Node) -> list[int]:
    actions: list[int] = []
    while (step := came[node]) is not None:
        node, action = step
        actions.append(action)
    return actions[::-1]


def _by_chance(step: Step, left: str | None, right: str | None) -> bool:
    """Whether different results of two kernels come from where their pages happened to lie."""
    chances = ("REFUSED",) if isinstance(step, Unplug) else BUSY
    if same_result(left, right, step) or None not in (left, right):
        return False
    return bool({left, right} & {*chances})


async def repeated(
    sides: tuple[Side, Side], actions: Sequence[Step], numbers: Sequence[int]
) -> TourParting | None:
    """Do these actions from boot on; where the sides part, if at the last of them."""
    again = _Tourist(sides, actions)
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
    fewest = parting

    async def shows(fewer: Sequence[int]) -> bool:
        nonlocal fewest
        again = await repeated(sides, actions, (*fewer, last))
        fewest = again or fewest
        return again is not None

    await shrink(before, shows, most_reruns)
    return fewest


async def tour(
    left: Side,
    right: Side,
    actions: Sequence[Step],
    *,
    depth: int = 0,
    most_steps: int | None = None,
    most_pairs: int | None = None,
    most_partings: int | None = MOST_PARTINGS,
    progress: Progress = lambda done, left: None,
) -> Tour:
    """Try every action in every pair of states of the two sides.

    most_steps: only in those that fewer steps than this lead to. most_pairs: only in so many.
    Ends early after most_partings partings, and after MOST_KINDS kinds of them. Raises what the
    sides raise.
    """
    tourist = _Tourist((left, right), actions, depth, most_steps, most_pairs)
    tour, attempts = tourist.tour, 0
    await tourist.reset()
    if tourist.root is None and not tour.partings:
        raise NotOnThisMachine("neither side boots here, so nothing can be compared")
    while tourist.root is not None and not _enough(tour, most_partings):
        plan = tourist.plan()
        if plan is None:
            if not tourist.open_nodes() or attempts > _MOST_ATTEMPTS:
                break
            attempts += 1
            await tourist.reset()
            continue
        tried = tourist.tried
        await tourist.follow(plan)
        if tourist.tried > tried:
            attempts = 0
        progress(len(tour.maps[0].moves), tourist.remaining())
    tour.pairs = len({node[:2] for node in tourist.graph})
    tour.unreached = len(tourist.open_nodes())
    return tour


def _enough(tour: Tour, most_partings: int | None) -> bool:
    """Whether the sides have parted often enough to end a tour."""
    enough = most_partings is not None and len(tour.partings) >= most_partings
    return enough or tour.kinds >= MOST_KINDS
