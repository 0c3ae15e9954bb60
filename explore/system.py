"""Labelled transition systems: a variant's behaviour in an arena, over integers.

States are numbered breadth-first; state 0 is the booted machine. Every step is possible in every
state and has one outcome and one successor there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonediff.engine.guest import Guest
from zonediff.engine.steps import Step
from zonediff.explore.arrays import Numbers
from zonediff.explore.numbering import Numbering
from zonediff.explore.renaming import RenamingGroup

UNKNOWN: Final = -1
"""The successor and the outcome of each step in a state that was not expanded."""

ViewImages = dict[tuple[int, str], tuple[dict[int, int], dict[int, int]]]
"""For each (renaming, part): the image of each view, and the view of which each is the image."""


class Outcome(NamedTuple):
    """The result of a step, and the ids of the rules that decided it, each once, in order."""

    result: str | None
    rules: tuple[str, ...]


def rules(guest: Guest) -> tuple[str, ...]:
    """Return the ids of the rules that decided the last step, each once, in order."""
    return tuple(dict.fromkeys(why.rule.id for why in guest.kernel.because))


@dataclass(frozen=True, slots=True)
class Numberings:
    """The numberings that systems to be compared share.

    outcomes: numbers of each Outcome. views: of each PartView. labels: of the views of a whole
    state, a tuple of the numbers of its parts' views. view_images: the images of views under
    renamings.
    """

    outcomes: Numbering = field(default_factory=Numbering)
    views: Numbering = field(default_factory=Numbering)
    labels: Numbering = field(default_factory=Numbering)
    view_images: ViewImages = field(default_factory=dict)


class StateTables(NamedTuple):
    """The tables of a system: an entry, or a row, for each state.

    successor, outcome: (states x actions), numbers of states and of outcomes.
    views: (states x parts), numbers of views. parent, parent_action: the state and the action that
    first led to each state; the action is -1 for state 0.
    images: (renamings x states), the image of each state; None without symmetry.
    """

    successor: NDArray[np.int32]
    outcome: NDArray[np.int32]
    views: NDArray[np.int32]
    parent: NDArray[np.int32]
    parent_action: NDArray[np.int32]
    images: NDArray[np.int32] | None = None


@dataclass
class System:
    """A labelled transition system.

    actions: the steps, by number. parts: the names of the parts viewed. label: a number for each
    state, equal for states with equal views. complete: whether every state was expanded. If not,
    those fewer than `depth` steps away from state 0 were. seconds: the time to build the system.
    probe_count: the number of times that the engine ran a step, an update or a view. group: the
    renamings of interchangeable nodes; None without symmetry. The other fields are as in
    StateTables.
    """

    name: str
    actions: tuple[Step, ...]
    parts: tuple[str, ...]
    successor: NDArray[np.int32]
    outcome: NDArray[np.int32]
    views: NDArray[np.int32]
    label: Numbers
    parent: NDArray[np.int32]
    parent_action: NDArray[np.int32]
    complete: bool
    depth: int
    seconds: float
    probe_count: int
    numberings: Numberings = field(repr=False)
    group: RenamingGroup | None = field(default=None, repr=False)
    images: NDArray[np.int32] | None = field(default=None, repr=False)

    @property
    def states(self) -> int:
        """The number of states."""
        return len(self.label)

    @property
    def explored(self) -> int:
        """The number of states that were explored; with symmetry the others are their images."""
        if self.images is None:
            return self.states
        return int((self.images.min(axis=0) == np.arange(self.states)).sum())

    @property
    def transitions(self) -> int:
        """The number of transitions."""
        return int((self.successor >= 0).sum())

    @cached_property
    def content(self) -> bytes:
        """A hash of all that distinguishes this system from others with its numberings."""
        tables = (self.successor, self.outcome, self.views, self.images)
        total = hashlib.sha256(repr((self.complete, self.depth)).encode())
        for table in tables:
            total.update(b"" if table is None else table.tobytes())
        return total.digest()

    @property
    def results(self) -> NDArray[np.int32]:
        """The outcome table reduced to results: 0 is success, and equal results are equal.

        The numbers are the same for all systems with these numberings.
        """
        numbers: dict[str | None, int] = {None: 0}
        result_of = [
            numbers.setdefault(outcome.result, len(numbers))
            for outcome in self.numberings.outcomes.values
        ]
        return np.array(result_of or [0], np.int32)[self.outcome]

    def path(self, state: int) -> list[int]:
        """Return the actions of a shortest path from state 0 to a state."""
        actions: list[int] = []
        while state:
            actions.append(int(self.parent_action[state]))
            state = int(self.parent[state])
        return actions[::-1]


def labels_of(views: NDArray[np.int32], labels: Numbering) -> Numbers:
    """Return one number for each state's row of views."""
    rows = np.zeros(len(views), np.int64)
    for column in views.T:
        # Fold two columns of numbers into one, exactly; quicker than finding unique rows.
        _, rows = np.unique(rows * (int(column.max()) + 1) + column, return_inverse=True)
    _, firsts, inverse = np.unique(rows, return_index=True, return_inverse=True)
    numbers = [labels.number(tuple(row)) for row in views[firsts].tolist()]
    return np.array(numbers, np.int64)[inverse]
