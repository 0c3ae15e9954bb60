"""."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonediff.engine.guest import Guest
from zonediff.engine.steps import Step
from zonediff.explore.learner import Numbers
from zonediff.explore.numbering import Numbering
from zonediff.explore.renaming import RenamingGroup
from zonediff.explore.symmetry_check import ViewImages

UNKNOWN: Final = -1
"""In place of a successor or an outcome: the state was not expanded."""


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
    views: Numbering = field(default_factory=Numbering)
    labels: Numbering = field(default_factory=Numbering)
    images: ViewImages = field(default_factory=dict)


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
    probe_count: int
    numberings: Numberings = field(repr=False)
    group: RenamingGroup | None = field(default=None, repr=False)
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


def rules(guest: Guest) -> tuple[str, ...]:
    """Which rules decided, each once, in order."""
    return tuple(dict.fromkeys(why.rule.id for why in guest.kernel.because))
