"""."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zonediff.engine.policy import Policy
from zonediff.explore.arena import Arena
from zonediff.explore.breadth_first import BreadthFirst, Progress
from zonediff.explore.layout import Layout
from zonediff.explore.learner import Numbers
from zonediff.explore.numbering import Numbering
from zonediff.explore.renaming import RenamingGroup
from zonediff.explore.system import Numberings, System
from zonediff.explore.tracer import LeftOutCellRead
from zonediff.explore.views import Level, Part, PartView, viewed_parts
from zonediff.variants.failure import told


def build(
    policy: Policy,
    arena: Arena,
    *,
    level: Level = "sysfs",
    parts: Sequence[Part] | None = None,
    until: PartView | None = None,
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
    group = RenamingGroup(arena) if arena.symmetry else None
    kept_pieces = frozenset(Layout.PIECES if keep_all else ())
    with told(policy):
        while True:
            # Pieces of state that nothing looks at are left out; when something does, begin again.
            explorer = BreadthFirst(policy, arena, shared, kept_pieces, group)
            if parts is None:
                parts = viewed_parts(level, arena.blocks, explorer.layout.zones)
            try:
                complete, levels = explorer.explore(parts, depth, max_states, until, progress)
                break
            except LeftOutCellRead as look:
                kept_pieces |= {explorer.layout.missing(look.cell)}
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
        probe_count=explorer.learner.probe_count,
        numberings=shared,
        group=group,
        images=found.images,
    )


def _labels(seen: NDArray[np.int32], labels: Numbering) -> Numbers:
    """One number for all that is seen of a state."""
    rows = np.zeros(len(seen), np.int64)
    for column in seen.T:
        # Two numbers become one, and are kept small: exact, and quicker than unique rows.
        _, rows = np.unique(rows * (int(column.max()) + 1) + column, return_inverse=True)
    _, firsts, inverse = np.unique(rows, return_index=True, return_inverse=True)
    numbers = [labels.number(tuple(row)) for row in seen[firsts].tolist()]
    return np.array(numbers, np.int64)[inverse]
