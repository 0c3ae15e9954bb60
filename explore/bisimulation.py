"""."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from zonediff.explore.compare import _results
from zonediff.explore.learner import Numbers
from zonediff.explore.system import System


def classes(*systems: System) -> list[Numbers]:
    """For each system, the bisimulation class of each of its states, over all of them together.

    Partition refinement: states stay together while their looks, results and successors' classes
    are equal. Of use to check compare() another way, and to say how many states really differ.
    """
    label = np.concatenate([system.label for system in systems])
    results = np.concatenate([_results(system) for system in systems])
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
