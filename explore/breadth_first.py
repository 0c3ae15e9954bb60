"""."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zonediff.engine.guest import Guest
from zonediff.engine.kernel import KernelDied
from zonediff.engine.policy import Policy
from zonediff.engine.steps import Step
from zonediff.explore.arena import Arena, check_block_size, check_memory
from zonediff.explore.key_table import KeyTable, first_of_each
from zonediff.explore.layout import DEAD, Layout
from zonediff.explore.learner import Hashes, Learner, Numbers, Probe, Rows
from zonediff.explore.numbering import Numbering
from zonediff.explore.orbits import Orbits, assert_no_collision, hash_rows
from zonediff.explore.renaming import RenamingGroup
from zonediff.explore.symmetry_check import Symmetry, Twin
from zonediff.explore.system import UNKNOWN, Numberings, Outcome, rules
from zonediff.explore.tracer import RowTracer
from zonediff.explore.unfold import Explored, Unfolded, unfold
from zonediff.explore.views import Part, PartView, dead_view

SEED: Final = 20170306
"""Of the multipliers in the sums over cells: fixed, so that runs are alike."""


CHUNK: Final = 1 << 13
"""States that are expanded at once."""


Progress = Callable[[int, int], None]
"""Called with states found and transitions made so far."""


class BreadthFirst:
    """Explores the states of one variant, breadth first."""

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
        self.layout = Layout(guest, arena.blocks, Numbering(), kept_pieces)
        self.learner = Learner(self.layout)
        self.roots = [self.learner.new_root(self._step_probe(step)) for step in self.actions]
        self.symmetry: Symmetry | None = None
        self.orbits: Orbits | None = None
        self.twins: dict[int, tuple[str, list[Twin]]] = {}
        random = np.random.default_rng(SEED)
        shape = (2, self.layout.width)
        self.hash_weights = random.integers(0, 2**64, shape, np.uint64) | np.uint64(1)
        first = self.layout.encode(guest) if died is None else self._dead(died)
        start = np.array([first], np.uint16)
        if group is not None:
            self.symmetry = Symmetry(group, self.layout, policy.name, numberings.images)
            self.symmetry.check_start(first)
            self.learner.check = self._check
            self.orbits = Orbits(self.symmetry, self.hash_weights)
        self.rows: list[Rows] = [start]
        self.hashes = [hash_rows(start, self.hash_weights)]
        self.table = KeyTable()
        self.second: NDArray[np.uint64] = np.zeros(0, np.uint64)
        self._number(start, self.hashes[0])
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
        until: PartView | None,
        progress: Progress,
    ) -> tuple[bool, int]:
        """Look and expand, level by level: (whether every state was expanded, levels expanded)."""
        view_roots = [self.learner.new_root(self._view_probe(part)) for part in parts]
        self._note_twins(parts, view_roots)
        wanted = None if until is None else self.numberings.views.number(until)
        expanded, level = 0, 0
        while True:
            rows, hashes = self._since(expanded)
            seen = self._view(rows, view_roots)
            self.seen.append(seen)
            if not len(rows):
                return True, level
            if (depth is not None and level >= depth) or (seen == wanted).any():
                return self._give_up(expanded), level
            stop = self.size
            at = expanded
            while at < stop:
                chunk = slice(at - expanded, min(at - expanded + CHUNK, stop - expanded))
                at += self._expand(at, rows[chunk], hashes[:, chunk], max_states - self.size)
                progress(self.size, at * len(self.actions))
                if at < expanded + chunk.stop:
                    self.seen.append(self._view(self._since(stop)[0], view_roots))
                    return self._give_up(at), level
            expanded, level = stop, level + 1

    def _since(self, state: int) -> tuple[Rows, NDArray[np.uint64]]:
        """Rows and sums of the states from this one on; they become one chunk."""
        if state == self.size:
            return self.rows[0][:0], self.hashes[0][:, :0]
        sizes = np.cumsum([len(rows) for rows in self.rows])
        first = int(np.searchsorted(sizes, state, side="right"))
        self.rows[first:] = [np.concatenate(self.rows[first:])]
        self.hashes[first:] = [np.concatenate(self.hashes[first:], axis=1)]
        return self.rows[first], self.hashes[first]

    def _give_up(self, state: int) -> bool:
        """Leave this state and later ones unexpanded."""
        unknown = np.full((self.size - state, len(self.actions)), UNKNOWN, np.int32)
        self.successors.append(unknown)
        self.outcomes.append(unknown)
        self.turns.append(np.zeros_like(unknown, np.int64))
        return False

    def _expand(self, first: int, states: Rows, hashes: Hashes, room: int) -> int:
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
        by = self.learner.carry_out(rows, leaf[at], self.hash_weights)
        moving = np.flatnonzero(by[0])
        at, rows, keys = at[moving], rows[moving], hashes[:, of[at[moving]]] + by[:, moving]
        if len(at) > room and len(new := self._new(rows, keys)) > room:
            size = int(of[at[new[room]]])
            fit = np.searchsorted(at, size * width)
            at, rows, keys = at[:fit], rows[:fit], keys[:, :fit]
            of, leaf = of[: size * width], leaf[: size * width]
        found, firsts, turn = self._number(rows, keys)
        self.rows.append(rows[firsts])
        self.hashes.append(keys[:, firsts])
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

    def _number(self, rows: Rows, hashes: Hashes) -> tuple[Numbers, Numbers, Numbers | None]:
        """The number of each row, where new ones are met first; with symmetry which image it is."""
        if self.orbits is not None:
            found, turn, firsts = self.orbits.find(rows, hashes)
            return found, firsts, turn
        found, firsts = self.table.numbers(hashes[0])
        self.second = np.concatenate([self.second, hashes[1, firsts]])
        assert_no_collision(self.second[found], hashes[1])
        return found, firsts, None

    def _new(self, rows: Rows, hashes: Hashes) -> Numbers:
        """Where in `rows` each state is met first that has no number yet, ascending."""
        if self.orbits is not None:
            return self.orbits.new(rows, hashes)
        missing = self.table.missing(hashes[0])
        return missing[first_of_each(hashes[0, missing])]

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

    def _note_twins(self, parts: Sequence[Part], view_roots: Sequence[int]) -> None:
        """Note what the renamings make of steps and looks."""
        if self.symmetry is None:
            return
        group, fits = self.symmetry.group, self.symmetry.views_correspond
        for action, (root, step) in enumerate(zip(self.roots, self.actions, strict=True)):
            images = [self.actions[by[action]] for by in group.actions[1:]]
            twins = [Twin(self._step_probe(image), str(image), operator.eq) for image in images]
            self.twins[root] = str(step), twins
        by_name = {part.name: part for part in parts}
        for root, part in zip(view_roots, parts, strict=True):
            twins = []
            for number, renaming in enumerate(group.renamings[1:], 1):
                image = by_name[renaming.part(part.name)]
                fit = partial(fits, number, part.name)
                twins.append(Twin(self._view_probe(image), image.name, fit))
            self.twins[root] = part.name, twins

    def _check(self, root: int, row: list[int], tracer: RowTracer, outcome: int) -> None:
        """See that the images of what was just learned do the image of what it does."""
        assert self.symmetry is not None
        update = self.learner.update_of.get(root)
        if update is not None and root not in self.twins:
            images = [one.update(update) for one in self.symmetry.group.renamings[1:]]
            twins = [
                Twin(self.learner.update_probe(one), one.method, operator.eq) for one in images
            ]
            self.twins[root] = update.method, twins
        name, twins = self.twins[root]
        self.symmetry.check(name, twins, row, tracer, outcome)

    def _step_probe(self, step: Step) -> Probe:
        number = self.numberings.outcomes.number

        def probe(tracer: RowTracer) -> int:
            died = self._died(tracer.row)
            if died is not None:
                return number(Outcome(f"dead ({died})", ()))
            before = tracer.row[:]
            guest = self.layout.guest(tracer)
            try:
                result, _ = guest.do(step)
            except KernelDied as death:
                tracer.replace(self._dead(death.how))
                return number(Outcome(death.how, rules(guest)))
            rest = self.layout.number_rest(guest)
            if rest != before[self.layout.rest]:
                tracer.set(self.layout.rest, rest)
            self.layout.leave_out(before, tracer)
            return number(Outcome(result, rules(guest)))

        return probe

    def _died(self, row: list[int]) -> str | None:
        """How the kernel died, None when it is alive."""
        rest = self.layout.numbering.values[row[self.layout.rest]]
        return rest[1] if rest[0] == DEAD else None

    def _dead(self, how: str) -> list[int]:
        """All dead kernels are alike: a row of zeros but for how it died."""
        dead = [0] * self.layout.width
        dead[self.layout.rest] = self.layout.numbering.number((DEAD, how))
        return dead

    def _view(self, rows: Rows, view_roots: Sequence[int]) -> NDArray[np.int32]:
        """What is seen of each part of each state."""
        of = np.arange(len(rows))
        seen = np.zeros((len(rows), len(view_roots)), np.int32)
        for column, root in enumerate(view_roots):
            leaf = self.learner.leaves(np.full(len(rows), root), rows, of)
            seen[:, column] = self.learner.outcome[leaf]
        return seen

    def _view_probe(self, part: Part) -> Probe:
        number = self.numberings.views.number

        def probe(tracer: RowTracer) -> int:
            died = self._died(tracer.row)
            return number(dead_view(died) if died else part.view(self.layout.guest(tracer)))

        return probe
