"""Undo symmetry reduction: the tables of all states, from those of one state of each orbit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zonediff.explore.arrays import Numbers
from zonediff.explore.orbits import Orbits
from zonediff.explore.system import UNKNOWN, StateTables


class OrbitTables(NamedTuple):
    """The tables of each orbit's first state, as in StateTables; `successor` holds orbits.

    turn: (states x actions), the renaming that makes the state that the step leads to of the first
    state of the successor's orbit.
    """

    successor: NDArray[np.int32]
    turn: Numbers
    outcome: NDArray[np.int32]
    views: NDArray[np.int32]
    parent: NDArray[np.int32]
    parent_action: NDArray[np.int32]


def unfold(orbits: Orbits, parts: Sequence[str], known: OrbitTables) -> StateTables:
    """Return the tables of all states: those of each orbit's first state, renamed."""
    images, group = orbits.images, orbits.symmetry.group
    tables = _empty_tables(len(orbits.orbit), known.successor.shape[1], len(parts), len(group))
    for renaming in range(len(group)):
        states = np.flatnonzero(orbits.turn == renaming)
        orbit = orbits.orbit[states]
        actions = group.actions[renaming]
        target = images[group.after[renaming][known.turn[orbit]], known.successor[orbit]]
        expanded = known.successor[orbit] >= 0
        tables.successor[states[:, None], actions] = np.where(expanded, target, UNKNOWN)
        tables.outcome[states[:, None], actions] = known.outcome[orbit]
        _rename_views(orbits, parts, known, renaming, tables.views)
        # The step from the parent led to the image number `turn` of the orbit's first state.
        reached = orbit > 0
        source, action = known.parent[orbit[reached]], known.parent_action[orbit[reached]]
        back = group.after[renaming][group.inverse[known.turn[source, action]]]
        tables.parent[states[reached]] = images[back, source]
        tables.parent_action[states[reached]] = group.actions[back, action]
        assert tables.images is not None
        for second in range(len(group)):
            tables.images[second, states] = images[group.after[second, renaming], orbit]
    return tables


def _empty_tables(size: int, width: int, parts: int, renamings: int) -> StateTables:
    return StateTables(
        successor=np.full((size, width), UNKNOWN, np.int32),
        outcome=np.full((size, width), UNKNOWN, np.int32),
        views=np.zeros((size, parts), np.int32),
        parent=np.zeros(size, np.int32),
        parent_action=np.full(size, UNKNOWN, np.int32),
        images=np.zeros((renamings, size), np.int32),
    )


def _rename_views(
    orbits: Orbits,
    parts: Sequence[str],
    known: OrbitTables,
    renaming: int,
    views: NDArray[np.int32],
) -> None:
    """Set the views of the states that this renaming makes of the orbits' first states."""
    states = np.flatnonzero(orbits.turn == renaming)
    column_of = {name: column for column, name in enumerate(parts)}
    for column, name in enumerate(parts):
        numbers, inverse = np.unique(known.views[orbits.orbit[states], column], return_inverse=True)
        if renaming:
            image_of, _ = orbits.symmetry.view_images[renaming, name]
            numbers = np.array([image_of[view] for view in numbers.tolist()], np.int64)
        image_name = orbits.symmetry.group.renamings[renaming].part(name)
        views[states, column_of[image_name]] = numbers[inverse]
