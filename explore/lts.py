"""A variant's behaviour in an arena as a labelled transition system over integers.

States are numbered breadth-first from the booted machine, 0. Two states are one when all their
cells are equal, which is told by two independent 64-bit sums over the cells.
"""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonediff.engine.guest import Guest
from zonediff.engine.kernel import KernelDied
from zonediff.engine.policy import Policy
from zonediff.engine.steps import Step
from zonediff.explore import looks
from zonediff.explore.arena import Arena, check_block_size, check_memory
from zonediff.explore.cells import DEAD, Layout, LookedAt, Numbering, Watch
from zonediff.explore.learned import Ask, Learner, Numbers, Rows, Sums
from zonediff.explore.looks import Level, Part, Sight
from zonediff.explore.renaming import Group
from zonediff.explore.symmetry import (
    Explored,
    Orbits,
    Seen,
    Symmetry,
    Twin,
    Unfolded,
    check_second,
    total,
    unfold,
)
from zonediff.explore.table import Table, first_of_each
from zonediff.variants.failure import told

SEED: Final = 20170306
"""Of the multipliers in the sums over cells: fixed, so that runs are alike."""

UNKNOWN: Final = -1
"""In place of a successor or an outcome: the state was not expanded."""

CHUNK: Final = 1 << 13
"""States that are expanded at once."""

Progress = Callable[[int, int], None]
"""Called with states found and transitions made so far."""


class Outcome(NamedTuple):
    """What a step gave, and the ids of the rules that decided it, each once, in order."""

    result: str | None
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Numberings:
    """What systems that are to be compared number alike.

    outcomes: of Outcome. sights: of looks.Sight. labels: of what is seen of a state, its
    parts' sights by number. images: of sights, where nodes are interchangeable.
    """

    outcomes: Numbering = field(default_factory=Numbering)
    sights: Numbering = field(default_factory=Numbering)
    labels: Numbering = field(default_factory=Numbering)
    images: Seen = field(default_factory=dict)


@dataclass
class System:
    """A labelled transition system.

    actions: the steps, by number. successor, outcome: (states x actions) tables; an outcome is a
    number in numberings.outcomes. seen: (states x parts), of each part its sight's number.
    label: of each state, equal where all parts look equal. parent, via: the state and action from
    which each state was first reached. complete: whether every state was expanded; else those
    reached by fewer than `depth` steps were, and states not expanded have UNKNOWN successors.
    asked: how often the engine ran a step or was looked at. group, images: the renamings, and the
    state that each makes of each; None without symmetry.
    """

    name: str
    actions: tuple[Step, ...]
    parts: tuple[str, ...]
    successor: NDArray[np.int32]
    outcome: NDArray[np.int32]
    seen: NDArray[np.int32]
    label: Numbers
    parent: NDArray[np.int32]
    via: NDArray[np.int32]
    complete: bool
    depth: int
    seconds: float
    asked: int
    numberings: Numberings = field(repr=False)
    group: Group | None = field(default=None, repr=False)
    images: NDArray[np.int32] | None = field(default=None, repr=False)

    @property
    def states(self) -> int:
        """How many states there are."""
        return len(self.label)

    @property
    def explored(self) -> int:
        """How many states were explored; with symmetry the others are images of those."""
        if self.images is None:
            return self.states
        return int((self.images.min(axis=0) == np.arange(self.states)).sum())

    @property
    def transitions(self) -> int:
        """How many transitions there are."""
        return int((self.successor >= 0).sum())

    def path(self, state: int) -> list[int]:
        """The actions of a shortest way from the start to a state."""
        actions: list[int] = []
        while state:
            actions.append(int(self.via[state]))
            state = int(self.parent[state])
        return actions[::-1]


def build(
    policy: Policy,
    arena: Arena,
    *,
    level: Level = "sysfs",
    parts: Sequence[Part] | None = None,
    until: Sight | None = None,
    depth: int | None = None,
    max_states: int = 2_000_000,
    numberings: Numberings | None = None,
    keep_all: bool = False,
    progress: Progress = lambda states, transitions: None,
) -> System:
    """Every state that the arena's steps lead to, breadth-first.

    parts: what is looked at, instead of all that there is on `level`. until: a sight; exploring
    stops once there are states of which some part is seen so.
    depth: how many steps at most. max_states: how many states at most, but for the first one;
    exploring stops before the first state whose successors would be more. numberings: shared with
    the systems that this one is to be compared with. keep_all: tell states apart also by pieces of
    state that nothing looks at.

    Raises arena.ArenaError when the machine is not one to explore, NotModelled when a step leads
    where the engine has no rules, VariantFailed.
    """
    began = time.perf_counter()
    shared = numberings or Numberings()
    group = Group(arena) if arena.symmetry else None
    looked_at = frozenset(Layout.PIECES if keep_all else ())
    with told(policy):
        while True:
            # Pieces of state that nothing looks at are left out; when something does, begin again.
            explorer = _Explorer(policy, arena, shared, looked_at, group)
            if parts is None:
                parts = looks.parts(level, arena.blocks, explorer.layout.zones)
            try:
                complete, levels = explorer.explore(parts, depth, max_states, until, progress)
                break
            except LookedAt as look:
                looked_at |= {explorer.layout.missing(look.cell)}
    found = explorer.found(tuple(part.name for part in parts))
    return System(
        name=policy.name,
        actions=arena.actions,
        parts=tuple(part.name for part in parts),
        successor=found.successor,
        outcome=found.outcome,
        seen=found.seen,
        label=_labels(found.seen, shared.labels),
        parent=found.parent,
        via=found.via,
        complete=complete,
        depth=levels,
        seconds=time.perf_counter() - began,
        asked=explorer.learner.asked,
        numberings=shared,
        group=group,
        images=found.images,
    )


class _Explorer:
    def __init__(
        self,
        policy: Policy,
        arena: Arena,
        numberings: Numberings,
        looked_at: frozenset[str],
        group: Group | None,
    ) -> None:
        guest = Guest(arena.machine, policy)
        check_block_size(guest.kernel)
        check_memory(arena, guest.kernel)
        died = None
        try:
            guest.power_on()
        except KernelDied as death:
            died = death.how
        guest.kernel.because.clear()
        guest.kernel.uevents.clear()
        guest.kernel.pending.clear()
        self.actions = arena.actions
        self.numberings = numberings
        self.layout = Layout(guest, arena.blocks, Numbering(), looked_at)
        self.learner = Learner(self.layout)
        self.roots = [self.learner.new_root(self._doing(step)) for step in self.actions]
        self.symmetry: Symmetry | None = None
        self.orbits: Orbits | None = None
        self.twins: dict[int, tuple[str, list[Twin]]] = {}
        random = np.random.default_rng(SEED)
        shape = (2, self.layout.width)
        self.mixers = random.integers(0, 2**64, shape, np.uint64) | np.uint64(1)
        first = self.layout.encode(guest) if died is None else self._dead(died)
        start = np.array([first], np.uint16)
        if group is not None:
            self.symmetry = Symmetry(group, self.layout, policy.name, numberings.images)
            self.symmetry.check_start(first)
            self.learner.check = self._check
            self.orbits = Orbits(self.symmetry, self.mixers)
        self.rows: list[Rows] = [start]
        self.sums = [total(start, self.mixers)]
        self.table = Table()
        self.second: NDArray[np.uint64] = np.zeros(0, np.uint64)
        self._number(start, self.sums[0])
        self.parents = [np.zeros(1, np.int32)]
        self.vias = [np.full(1, -1, np.int32)]
        self.successors: list[NDArray[np.int32]] = []
        self.turns: list[Numbers] = []
        self.outcomes: list[NDArray[np.int32]] = []
        self.seen: list[NDArray[np.int32]] = []

    def explore(
        self,
        parts: Sequence[Part],
        depth: int | None,
        max_states: int,
        until: Sight | None,
        progress: Progress,
    ) -> tuple[bool, int]:
        """Look and expand, level by level: (whether every state was expanded, levels expanded)."""
        looking = [self.learner.new_root(self._looking(part)) for part in parts]
        self._note_twins(parts, looking)
        wanted = None if until is None else self.numberings.sights.number(until)
        expanded, level = 0, 0
        while True:
            rows, sums = self._since(expanded)
            seen = self._look(rows, looking)
            self.seen.append(seen)
            if not len(rows):
                return True, level
            if (depth is not None and level >= depth) or (seen == wanted).any():
                return self._give_up(expanded), level
            stop = self.size
            at = expanded
            while at < stop:
                chunk = slice(at - expanded, min(at - expanded + CHUNK, stop - expanded))
                at += self._expand(at, rows[chunk], sums[:, chunk], max_states - self.size)
                progress(self.size, at * len(self.actions))
                if at < expanded + chunk.stop:
                    self.seen.append(self._look(self._since(stop)[0], looking))
                    return self._give_up(at), level
            expanded, level = stop, level + 1

    def _since(self, state: int) -> tuple[Rows, NDArray[np.uint64]]:
        """Rows and sums of the states from this one on; they become one chunk."""
        if state == self.size:
            return self.rows[0][:0], self.sums[0][:, :0]
        sizes = np.cumsum([len(rows) for rows in self.rows])
        first = int(np.searchsorted(sizes, state, side="right"))
        self.rows[first:] = [np.concatenate(self.rows[first:])]
        self.sums[first:] = [np.concatenate(self.sums[first:], axis=1)]
        return self.rows[first], self.sums[first]

    def _give_up(self, state: int) -> bool:
        """Leave this state and later ones unexpanded."""
        unknown = np.full((self.size - state, len(self.actions)), UNKNOWN, np.int32)
        self.successors.append(unknown)
        self.outcomes.append(unknown)
        self.turns.append(np.zeros_like(unknown, np.int64))
        return False

    def _expand(self, first: int, states: Rows, sums: Sums, room: int) -> int:
        """Make every transition of the states from number `first` on: of how many there was room.

        room: how many new states there may be.
        """
        size, width = len(states), len(self.actions)
        of = np.repeat(np.arange(size), width)
        leaf = self.learner.leaves(np.tile(self.roots, size), states, of)
        # Most steps change nothing; only what the others lead to needs to be looked up. New states
        # are numbered by where they are first met: by state, then by action.
        at = self.learner.moving(leaf)
        rows = states[of[at]]
        by = self.learner.carry_out(rows, leaf[at], self.mixers)
        moving = np.flatnonzero(by[0])
        at, rows, keys = at[moving], rows[moving], sums[:, of[at[moving]]] + by[:, moving]
        if len(at) > room and len(new := self._new(rows, keys)) > room:
            size = int(of[at[new[room]]])
            fit = np.searchsorted(at, size * width)
            at, rows, keys = at[:fit], rows[:fit], keys[:, :fit]
            of, leaf = of[: size * width], leaf[: size * width]
        found, firsts, turn = self._number(rows, keys)
        self.rows.append(rows[firsts])
        self.sums.append(keys[:, firsts])
        if turn is not None:
            turns = np.zeros(len(of), np.int64)
            turns[at] = turn
            self.turns.append(turns.reshape(size, width))
        source, action = np.divmod(at[firsts], width)
        self.parents.append((first + source).astype(np.int32))
        self.vias.append(action.astype(np.int32))
        successor = (first + of).astype(np.int32)
        successor[at] = found
        self.successors.append(successor.reshape(size, width))
        outcome = self.learner.outcome[leaf].astype(np.int32)
        self.outcomes.append(outcome.reshape(size, width))
        return size

    @property
    def size(self) -> int:
        """How many states were found, with symmetry not counting images."""
        return self.table.size if self.orbits is None else self.orbits.size

    def _number(self, rows: Rows, sums: Sums) -> tuple[Numbers, Numbers, Numbers | None]:
        """The number of each row, where new ones are met first; with symmetry which image it is."""
        if self.orbits is not None:
            found, turn, firsts = self.orbits.find(rows, sums)
            return found, firsts, turn
        found, firsts = self.table.numbers(sums[0])
        self.second = np.concatenate([self.second, sums[1, firsts]])
        check_second(self.second[found], sums[1])
        return found, firsts, None

    def _new(self, rows: Rows, sums: Sums) -> Numbers:
        """Where in `rows` each state is met first that has no number yet, ascending."""
        if self.orbits is not None:
            return self.orbits.new(rows, sums)
        missing = self.table.missing(sums[0])
        return missing[first_of_each(sums[0, missing])]

    def found(self, parts: tuple[str, ...]) -> Unfolded:
        """The tables of all states that were found, with symmetry of the images of those, too."""
        successor, outcome, seen, parent, via = (
            np.concatenate(tables)
            for tables in (self.successors, self.outcomes, self.seen, self.parents, self.vias)
        )
        if self.orbits is None:
            return Unfolded(successor, outcome, seen, parent, via, None)
        explored = Explored(successor, np.concatenate(self.turns), outcome, seen, parent, via)
        return unfold(self.orbits, parts, explored)

    def _note_twins(self, parts: Sequence[Part], looking: Sequence[int]) -> None:
        """Note what the renamings make of steps and looks."""
        if self.symmetry is None:
            return
        group, fits = self.symmetry.group, self.symmetry.sights_fit
        for action, (root, step) in enumerate(zip(self.roots, self.actions, strict=True)):
            images = [self.actions[by[action]] for by in group.actions[1:]]
            twins = [Twin(self._doing(image), str(image), operator.eq) for image in images]
            self.twins[root] = str(step), twins
        by_name = {part.name: part for part in parts}
        for root, part in zip(looking, parts, strict=True):
            twins = []
            for number, renaming in enumerate(group.renamings[1:], 1):
                image = by_name[renaming.part(part.name)]
                fit = partial(fits, number, part.name)
                twins.append(Twin(self._looking(image), image.name, fit))
            self.twins[root] = part.name, twins

    def _check(self, root: int, row: list[int], watch: Watch, outcome: int) -> None:
        """See that the images of what was just learned do the image of what it does."""
        assert self.symmetry is not None
        change = self.learner.change_of.get(root)
        if change is not None and root not in self.twins:
            images = [one.change(change) for one in self.symmetry.group.renamings[1:]]
            twins = [Twin(self.learner.changing(one), one.method, operator.eq) for one in images]
            self.twins[root] = change.method, twins
        name, twins = self.twins[root]
        self.symmetry.check(name, twins, row, watch, outcome)

    def _doing(self, step: Step) -> Ask:
        number = self.numberings.outcomes.number

        def ask(watch: Watch) -> int:
            died = self._died(watch.row)
            if died is not None:
                return number(Outcome(f"dead ({died})", ()))
            before = watch.row[:]
            guest = self.layout.guest(watch)
            try:
                result, _ = guest.do(step)
            except KernelDied as death:
                watch.replace(self._dead(death.how))
                return number(Outcome(death.how, rules(guest)))
            rest = self.layout.number_rest(guest)
            if rest != before[self.layout.rest]:
                watch.set(self.layout.rest, rest)
            self.layout.leave_out(before, watch)
            return number(Outcome(result, rules(guest)))

        return ask

    def _died(self, row: list[int]) -> str | None:
        """How the kernel died, None when it is alive."""
        rest = self.layout.numbering.values[row[self.layout.rest]]
        return rest[1] if rest[0] == DEAD else None

    def _dead(self, how: str) -> list[int]:
        """All dead kernels are alike: a row of zeros but for how it died."""
        dead = [0] * self.layout.width
        dead[self.layout.rest] = self.layout.numbering.number((DEAD, how))
        return dead

    def _look(self, rows: Rows, looking: Sequence[int]) -> NDArray[np.int32]:
        """What is seen of each part of each state."""
        of = np.arange(len(rows))
        seen = np.zeros((len(rows), len(looking)), np.int32)
        for column, root in enumerate(looking):
            leaf = self.learner.leaves(np.full(len(rows), root), rows, of)
            seen[:, column] = self.learner.outcome[leaf]
        return seen

    def _looking(self, part: Part) -> Ask:
        number = self.numberings.sights.number

        def ask(watch: Watch) -> int:
            died = self._died(watch.row)
            return number(looks.dead(died) if died else part.see(self.layout.guest(watch)))

        return ask


def _labels(seen: NDArray[np.int32], labels: Numbering) -> Numbers:
    """One number for all that is seen of a state."""
    rows = np.zeros(len(seen), np.int64)
    for column in seen.T:
        # Two numbers become one, and are kept small: exact, and quicker than unique rows.
        _, rows = np.unique(rows * (int(column.max()) + 1) + column, return_inverse=True)
    _, firsts, inverse = np.unique(rows, return_index=True, return_inverse=True)
    numbers = [labels.number(tuple(row)) for row in seen[firsts].tolist()]
    return np.array(numbers, np.int64)[inverse]


def rules(guest: Guest) -> tuple[str, ...]:
    """Which rules decided, each once, in order."""
    return tuple(dict.fromkeys(why.rule.id for why in guest.kernel.because))
