"""."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonediff.explore.learner import UNKNOWN, Numbers
from zonediff.explore.orbits import Orbits


class Explored(NamedTuple):
    """Of each orbit one state: tables as in lts.System.

    turn: (states x actions), which image of the state in `successor` the step leads to.
    """

    successor: NDArray[np.int32]
    turn: Numbers
    outcome: NDArray[np.int32]
    seen: NDArray[np.int32]
    parent: NDArray[np.int32]
    via: NDArray[np.int32]


class Unfolded(NamedTuple):
    """All states: tables as in lts.System.

    images: (renamings x states), the number of each state's image; None without symmetry.
    """

    successor: NDArray[np.int32]
    outcome: NDArray[np.int32]
    seen: NDArray[np.int32]
    parent: NDArray[np.int32]
    via: NDArray[np.int32]
    images: NDArray[np.int32] | None


def unfold(orbits: Orbits, parts: Sequence[str], found: Explored) -> Unfolded:
    """All states from one of each orbit: what is true of it is renamed."""
    symmetry, number = orbits.symmetry, orbits.number
    group = symmetry.group
    size, width = len(orbits.orbit), found.successor.shape[1]
    successor, outcome = (np.full((size, width), UNKNOWN, np.int32) for _ in range(2))
    seen = np.zeros((size, len(parts)), np.int32)
    parent, via = np.zeros(size, np.int32), np.full(size, UNKNOWN, np.int32)
    images = np.zeros((len(group), size), np.int32)
    to = {name: place for place, name in enumerate(parts)}
    for by, renaming in enumerate(group.renamings):
        at = np.flatnonzero(orbits.turn == by)
        of = orbits.orbit[at]
        actions = group.actions[by]
        following = number[group.after[by][found.turn[of]], found.successor[of]]
        known = found.successor[of] >= 0
        successor[at[:, None], actions] = np.where(known, following, UNKNOWN)
        outcome[at[:, None], actions] = found.outcome[of]
        for place, name in enumerate(parts):
            views, inverse = np.unique(found.seen[of, place], return_inverse=True)
            if by:
                forth, _ = symmetry.seen[by, name]
                views = np.array([forth[sight] for sight in views.tolist()], np.int64)
            seen[at, to[renaming.part(name)]] = views[inverse]
        # It was reached from the parent by a step that made its image number `turn`.
        below = of > 0
        source, step = found.parent[of[below]], found.via[of[below]]
        back = group.after[by][group.inverse[found.turn[source, step]]]
        parent[at[below]] = number[back, source]
        via[at[below]] = group.actions[back, step]
        for second in range(len(group)):
            images[second, at] = number[group.after[second, by], of]
    return Unfolded(successor, outcome, seen, parent, via, images)
