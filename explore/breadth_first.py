"""Breadth-first search over the states of one variant, many states at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonediff.engine.guest import Guest
from zonediff.engine.kernel import KernelDied
from zonediff.engine.policy import Policy
from zonediff.explore.arena import Arena
from zonediff.explore.arena_checks import check_block_size, check_memory
from zonediff.explore.arrays import Hashes, Numbers, Rows
from zonediff.explore.hashing import StateTable, hash_rows, hash_weights
from zonediff.explore.layout import Layout
from zonediff.explore.learner import Learner
from zonediff.explore.numbering import Numbering
from zonediff.explore.orbits import Orbits
from zonediff.explore.probes import Probes
from zonediff.explore.renaming import RenamingGroup
from zonediff.explore.symmetry import Symmetry
from zonediff.explore.system import UNKNOWN, Numberings, StateTables
from zonediff.explore.twins import Twins
from zonediff.explore.unfold import OrbitTables, unfold
from zonediff.explore.views import Part, PartView

CHUNK: Final = 1 << 13
"""The number of states that are expanded at once."""

LARGE: Final = 1 << 17
"""The number of states from which loops are worth compiling."""

Progress = Callable[[int, int], None]
"""Called with the number of states found and of transitions made so far."""


class Bounds(NamedTuple):
    """The bounds of a search.

    until: it stops at the first level that has a state with a part of this view. depth: the
    greatest number of steps. max_states: the greatest number of states, always at least one; it
    stops before the first state whose successors would be too many.
    """

    until: PartView | None
    depth: int | None
    max_states: int


class BreadthFirst:
    """A search: the states found, and the tables of those expanded, in chunks.

    With symmetry it finds one state of each orbit, and `tables` adds the others.
    """

    def __init__(
        self,
        policy: Policy,
        arena: Arena,
        numberings: Numberings,
        kept_pieces: frozenset[str],
        group: RenamingGroup | None,
    ) -> None:
        guest = Guest(arena.machine, policy)
        check_block_size(guest.kernel)
        check_memory(arena, guest.kernel)
        death = _boot(guest)
        self.actions = arena.actions
        self.numberings = numberings
        self.layout = Layout(guest, arena.blocks, Numbering(), kept_pieces)
        self.learner = Learner(self.layout)
        self.probes = Probes(self.layout, numberings)
        self.roots = [self.learner.new_root(self.probes.step(step)) for step in self.actions]
        self.hash_weights = hash_weights(self.layout.width)
        first = self.layout.encode(guest) if death is None else self.probes.dead_row(death)
        self.states = StateTable()
        self.orbits: Orbits | None = None
        self.twins: Twins | None = None
        if group is not None:
            symmetry = Symmetry(group, self.layout, policy.name, numberings.view_images)
            symmetry.check_start(first)
            self.orbits = Orbits(symmetry, self.hash_weights)
            self.twins = Twins(symmetry, self.probes, self.learner)
        start = np.array([first], np.uint16)
        self.rows: list[Rows] = [start]
        self.hashes = [hash_rows(start, self.hash_weights)]
        self._number(start, self.hashes[0])
        self.parents = [np.zeros(1, np.int32)]
        self.parent_actions = [np.full(1, -1, np.int32)]
        self.successors: list[NDArray[np.int32]] = []
        self.turns: list[Numbers] = []
        self.outcomes: list[NDArray[np.int32]] = []
        self.views: list[NDArray[np.int32]] = []

    @property
    def size(self) -> int:
        """The number of states found; with symmetry, of orbits."""
        return self.states.size if self.orbits is None else self.orbits.size

    def explore(
        self, parts: Sequence[Part], bounds: Bounds, progress: Progress
    ) -> tuple[bool, int]:
        """View and expand all states, level by level.

        Returns whether every state was expanded, and the number of levels expanded.
        """
        view_roots = [self.learner.new_root(self.probes.view(part)) for part in parts]
        if self.twins is not None:
            self.twins.add_steps(self.roots, self.actions)
            self.twins.add_views(view_roots, parts)
        until = None if bounds.until is None else self.numberings.views.number(bounds.until)
        expanded, level = 0, 0
        while True:
            rows, hashes = self._since(expanded)
            views = self._view(rows, view_roots)
            self.views.append(views)
            if not len(rows):
                return True, level
            deep_enough = bounds.depth is not None and level >= bounds.depth
            if deep_enough or (views == until).any():
                self._leave_unexpanded(expanded)
                return False, level
            if self.size >= LARGE:
                self.learner.compile_loops()
            level_end = self.size
            state = expanded
            while state < level_end:
                chunk = slice(state - expanded, min(state - expanded + CHUNK, level_end - expanded))
                room = bounds.max_states - self.size
                state += self._expand(state, rows[chunk], hashes[:, chunk], room)
                progress(self.size, state * len(self.actions))
                if state < expanded + chunk.stop:
                    self.views.append(self._view(self._since(level_end)[0], view_roots))
                    self._leave_unexpanded(state)
                    return False, level
            expanded, level = level_end, level + 1

    def tables(self, parts: tuple[str, ...]) -> StateTables:
        """Return the tables of all states, with symmetry including the images of those found.

        The search ends with it: what it holds is given back, as the tables are as large.
        """
        self.rows.clear()
        self.hashes.clear()
        successor, outcome, views, parent, parent_action = (
            _joined(chunks)
            for chunks in (
                *(self.successors, self.outcomes, self.views),
                *(self.parents, self.parent_actions),
            )
        )
        if self.orbits is None:
            return StateTables(successor, outcome, views, parent, parent_action)
        turn = np.concatenate(self.turns)
        orbit_tables = OrbitTables(successor, turn, outcome, views, parent, parent_action)
        return unfold(self.orbits, parts, orbit_tables)

    def _since(self, state: int) -> tuple[Rows, Hashes]:
        """Return the rows and hashes of this state and all later ones, made one chunk."""
        if state == self.size:
            return self.rows[0][:0], self.hashes[0][:, :0]
        sizes = np.cumsum([len(rows) for rows in self.rows])
        first = int(np.searchsorted(sizes, state, side="right"))
        self.rows[first:] = [np.concatenate(self.rows[first:])]
        self.hashes[first:] = [np.concatenate(self.hashes[first:], axis=1)]
        return self.rows[first], self.hashes[first]

    def _leave_unexpanded(self, state: int) -> None:
        """Fill the tables of this state and all later ones with UNKNOWN."""
        unknown = np.full((self.size - state, len(self.actions)), UNKNOWN, np.int32)
        self.successors.append(unknown)
        self.outcomes.append(unknown)
        self.turns.append(np.zeros_like(unknown, np.int64))

    def _view(self, rows: Rows, view_roots: Sequence[int]) -> NDArray[np.int32]:
        """Return the number of the view of each part of each state."""
        index = np.arange(len(rows))
        views = np.zeros((len(rows), len(view_roots)), np.int32)
        for column, root in enumerate(view_roots):
            effect = self.learner.effects_of(np.full(len(rows), root), rows, index)
            views[:, column] = self.learner.effects.outcome[effect]
        return views

    def _expand(self, first: int, states: Rows, hashes: Hashes, room: int) -> int:
        """Run every action on the states, numbered from `first` on.

        room: how many new states there may be. Returns how many states were expanded: all, or
        those before the first whose successors would be too many.
        """
        size, width = len(states), len(self.actions)
        source = np.repeat(np.arange(size), width)
        effect = self.learner.effects_of(np.tile(self.roots, size), states, source)
        # Most transitions change nothing. Only the others lead to a state that must be looked up.
        # New states are numbered in the order of (state, action).
        index = self.learner.effects.changing(effect)
        rows = states[source[index]]
        difference = self.learner.apply(rows, effect[index], self.hash_weights)
        changed = np.flatnonzero(difference[0])
        index, rows = index[changed], rows[changed]
        new_hashes = hashes[:, source[index]] + difference[:, changed]
        if len(index) > room and len(new := self._new(rows, new_hashes)) > room:
            size = int(source[index[new[room]]])
            fit = np.searchsorted(index, size * width)
            index, rows, new_hashes = index[:fit], rows[:fit], new_hashes[:, :fit]
            source, effect = source[: size * width], effect[: size * width]
        target, firsts, turn = self._number(rows, new_hashes)
        self.rows.append(rows[firsts])
        self.hashes.append(new_hashes[:, firsts])
        if turn is not None:
            turns = np.zeros(len(source), np.int64)
            turns[index] = turn
            self.turns.append(turns.reshape(size, width))
        parent, action = np.divmod(index[firsts], width)
        self.parents.append((first + parent).astype(np.int32))
        self.parent_actions.append(action.astype(np.int32))
        successor = (first + source).astype(np.int32)
        successor[index] = target
        self.successors.append(successor.reshape(size, width))
        outcome = self.learner.effects.outcome[effect].astype(np.int32)
        self.outcomes.append(outcome.reshape(size, width))
        return size

    def _number(self, rows: Rows, hashes: Hashes) -> tuple[Numbers, Numbers, Numbers | None]:
        """Return the number of each state, the index of the first of each new one, and the turns.

        With symmetry these are orbits, and the turn is the renaming that makes the state of the
        orbit's first state; without it the turns are None.
        """
        if self.orbits is not None:
            return self.orbits.numbers(rows, hashes)
        return *self.states.numbers(hashes), None

    def _new(self, rows: Rows, hashes: Hashes) -> Numbers:
        """Return the index of the first of each state (orbit) that has no number, ascending."""
        if self.orbits is not None:
            return self.orbits.missing(rows, hashes)
        return self.states.missing(hashes)


def _joined(chunks: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    """Return the chunks as one, and drop them."""
    joined = np.concatenate(chunks)
    chunks.clear()
    return joined


def _boot(guest: Guest) -> str | None:
    """Boot a guest and drop its boot events; return how the kernel died, or None."""
    death = None
    try:
        guest.power_on()
    except KernelDied as died:
        death = died.how
    guest.kernel.because.clear()
    guest.kernel.uevents.clear()
    guest.kernel.pending.clear()
    return death
