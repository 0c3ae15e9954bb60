"""Building systems: every state that the steps of an arena lead to, breadth first."""

from __future__ import annotations

import time
from collections.abc import Sequence

from zonediff.engine.policy import Policy
from zonediff.explore.arena import Arena
from zonediff.explore.breadth_first import Bounds, BreadthFirst, Progress
from zonediff.explore.layout import Layout
from zonediff.explore.renaming import RenamingGroup
from zonediff.explore.system import Numberings, System, labels_of
from zonediff.explore.tracer import LeftOutCellRead
from zonediff.explore.views import Level, Part, PartView, viewed_parts
from zonediff.variants.failure import failures_of


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
    """Build the system of a variant in an arena.

    parts: view these instead of all parts at `level`. until, depth, max_states: see Bounds.
    numberings: shared by systems to compare. keep_all: also keep pieces of state never read.

    Raises ArenaError for a machine that cannot be explored, NotModelled, VariantFailed.
    """
    began = time.perf_counter()
    numberings = numberings or Numberings()
    group = RenamingGroup(arena) if arena.symmetry else None
    kept_pieces = frozenset(Layout.PIECES if keep_all else ())
    bounds, devices = Bounds(until, depth, max_states), arena.managed_ids
    with failures_of(policy):
        while True:
            # Start without the pieces of state; when a step reads one, keep it and start again.
            search = BreadthFirst(policy, arena, numberings, kept_pieces, group)
            viewed = parts or viewed_parts(level, arena.blocks, search.layout.zones, devices)
            try:
                complete, levels = search.explore(viewed, bounds, progress)
                break
            except LeftOutCellRead as read:
                kept_pieces |= {search.layout.piece_to_keep(read.cell)}
    names = tuple(part.name for part in viewed)
    tables = search.tables(names)
    return System(
        **tables._asdict(),
        name=policy.name,
        actions=arena.actions,
        parts=names,
        label=labels_of(tables.views, numberings.labels),
        complete=complete,
        depth=levels,
        seconds=time.perf_counter() - began,
        probe_count=search.learner.probe_count,
        numberings=numberings,
        group=group,
    )
