"""The pairs of states that two kernels were seen in, and the steps that lead from one to another.

A state is a look. With a depth of N, pairs are told apart by the last N steps too, so that state
which no file shows has that many steps to show itself (Chow's W-method, with every step as its own
characterisation).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Final, NamedTuple

from zonediff.review.look import Look

_NEAR: Final = 4
"""So many steps are walked to a pair with steps left; else the guests begin anew from boot."""

_AHEAD: Final = 1
"""How much later than the most urgent step those may be due that are tried on the way."""

_LATER: Final = 2
"""How many steps later those of the next rank are due."""


@dataclass(eq=False)
class Pair:
    """Two looks at the same time.

    number: of the pairs that were known before. depth: the number of steps of a shortest sequence
    known, path: that sequence, from boot number `boot` on. estranged: what the sides do next
    follows from how they differ. is_open: whether the bounds allow steps from here. untried: steps
    that nobody has tried here nor is about to. targets: where each step led last; None: a kernel
    died, or chance decided.
    """

    number: int
    looks: tuple[Look, Look]
    path: tuple[int, ...]
    untried: deque[int]
    estranged: bool
    boot: int = 0
    is_open: bool = False
    targets: dict[int, Pair | None] = field(default_factory=dict)

    @property
    def depth(self) -> int:
        return len(self.path)


class Plan(NamedTuple):
    """A step to be tried in a pair, and how to come there.

    boot: the number of the boot to begin with; None: from where the guests are.
    """

    boot: int | None
    way: list[int]
    pair: Pair
    action: int


class PairGraph:
    """All pairs. ranks: of each step of the alphabet, in ascending order. steps, pairs: bounds.

    left: the number of steps that are left to be tried in pairs that are known. Steps of rank N are
    tried as late as if N times _LATER further steps led to them.
    """

    def __init__(self, ranks: Sequence[int], hidden_depth: int, steps: int, pairs: int) -> None:
        self.pairs: dict[Hashable, Pair] = {}
        self.left = 0
        self._due: list[tuple[int, int, Pair]] = []
        self._opened = 0
        self._ranks = ranks
        self._hidden_depth = hidden_depth
        self._steps = steps
        self._most = pairs

    def enter(
        self, looks: tuple[Look, Look], path: tuple[int, ...], estranged: bool, boot: int
    ) -> Pair:
        """Return the pair of these looks, with all its steps to be tried when it is new."""
        tail = path[-self._hidden_depth :] if self._hidden_depth else ()
        key = (looks[0].key, looks[1].key, tail)
        pair = self.pairs.get(key)
        if pair is None:
            pair = Pair(len(self.pairs), looks, path, deque(), estranged, boot)
            self.pairs[key] = pair
            self._open(pair)
        elif len(path) < pair.depth:
            pair.path, pair.boot = path, boot
            self._open(pair)
            self._queue(pair)
        return pair

    def _open(self, pair: Pair) -> None:
        """Leave all steps to be tried in a pair, within the bounds."""
        if pair.is_open or pair.depth >= self._steps or self._opened >= self._most:
            return
        pair.is_open = True
        self._opened += 1
        pair.untried.extend(range(len(self._ranks)))
        self.left += len(self._ranks)
        self._queue(pair)

    def give_back(self, pair: Pair, action: int) -> None:
        """Leave a step to be tried in a pair, after those that are left already."""
        pair.untried.append(action)
        self.left += 1
        self._queue(pair)

    def drop(self, pair: Pair, action: int) -> None:
        """Leave a step to nobody, as it is being tried."""
        if action in pair.untried:
            pair.untried.remove(action)
            self.left -= 1
            self._queue(pair)

    def _queue(self, pair: Pair) -> None:
        """Enter a pair among those that are due, again whenever its urgency may have changed."""
        if pair.untried:
            heappush(self._due, (self._urgency(pair), pair.number, pair))

    @property
    def cut(self) -> bool:
        """Whether a bound left a pair unexplored."""
        return not all(pair.is_open for pair in self.pairs.values())

    @property
    def complete_depth(self) -> int:
        """The length of sequences of which all were tried."""
        cut = [pair.depth for pair in self.pairs.values() if len(pair.targets) < len(self._ranks)]
        deepest = max((pair.depth for pair in self.pairs.values()), default=0)
        return min(cut, default=deepest)

    def plan(self, here: Pair | None) -> Plan | None:
        """Return the step to try next, which is not left to others any more; None: none is left.

        here: where the guests are; None for nowhere.
        """
        most_urgent = self._most_urgent()
        if most_urgent is None:
            return None
        nearest = self._nearest(here, self._urgency(most_urgent)) if here is not None else None
        if nearest is None:
            boot, way, pair = most_urgent.boot, [*most_urgent.path], most_urgent
        else:
            boot, (pair, way) = None, nearest
        action = pair.untried[0]
        self.drop(pair, action)
        return Plan(boot, way, pair, action)

    def _most_urgent(self) -> Pair | None:
        """Return the pair whose next step is due first, of equal ones that known longest."""
        while self._due:
            urgency, _, pair = self._due[0]
            if pair.untried and self._urgency(pair) == urgency:
                return pair
            heappop(self._due)
        return None

    def _nearest(self, here: Pair, urgency: int) -> tuple[Pair, list[int]] | None:
        """Return a pair near by whose next step is due about as soon, and the steps to it."""
        best = None
        latest = urgency + _AHEAD + 1
        for pair, way in _around(here):
            if pair.untried and self._urgency(pair) < latest:
                best, latest = (pair, way), self._urgency(pair)
                if latest <= urgency:
                    break
        return best

    def _urgency(self, pair: Pair) -> int:
        """Return how late the next step that is left here is due; lower is earlier."""
        return pair.depth + _LATER * self._ranks[pair.untried[0]]


def _around(here: Pair) -> Iterator[tuple[Pair, list[int]]]:
    """Yield the pairs that few known steps lead to, the nearest first, with the steps."""
    ways: dict[Pair, list[int]] = {here: []}
    queue = deque([here])
    while queue:
        pair = queue.popleft()
        yield pair, ways[pair]
        for action, target in pair.targets.items() if len(ways[pair]) < _NEAR else ():
            if target is not None and target not in ways:
                ways[target] = [*ways[pair], action]
                queue.append(target)
