"""Partition refinement: the bisimulation classes of the states of some systems."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from zonediff.explore.arrays import Numbers
from zonediff.explore.system import System


def classes(*systems: System) -> list[Numbers]:
    """Return for each system the class of each state; classes are numbered over all systems.

    States stay in one class while their views, their results and the classes of their successors
    are equal. The tests check compare() with it; a portrait shows a system's classes.
    """
    label = np.concatenate([system.label for system in systems])
    results = np.concatenate([system.results for system in systems])
    offsets = np.cumsum([0, *(system.states for system in systems)])
    successor = np.concatenate(
        [
            np.where(system.successor < 0, -1, system.successor + offset)
            for system, offset in zip(systems, offsets, strict=False)
        ]
    )
    _, current = np.unique(np.column_stack([label, results]), axis=0, return_inverse=True)
    current = current.ravel()
    while True:
        following = np.where(successor < 0, -1, current[successor])
        _, finer = np.unique(np.column_stack([current, following]), axis=0, return_inverse=True)
        finer = finer.ravel()
        if finer.max() == current.max():
            return [finer[low:high] for low, high in pairwise(offsets)]
        current = finer
