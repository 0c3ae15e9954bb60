"""Random walks: random testing of two variants on machines too large to explore.

A walk runs the same random steps on both variants, on the engine itself, until their results
differ. Each kind of difference is shown by a walk that Hypothesis has shrunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Final, NoReturn, TypeVar

from zonediff.engine.kernel import Kernel
from zonediff.engine.policy import Policy
from zonediff.explore.arena import Arena, ArenaError
from zonediff.explore.arena_checks import check_block_size
from zonediff.explore.kinds import Kind, Witness
from zonediff.explore.lockstep import differences
from zonediff.explore.views import Level
from zonediff.explore.walk_batch import WalkBatch, WalkSetting, count_kinds, shrink
from zonediff.explore.walk_tables import KindTable, ShrunkTable
from zonediff.variants.registry import Registry
from zonediff.work.outcome_table import OutcomeTable, map_stored
from zonediff.work.pool import WorkerPool
from zonediff.work.store import Store

R = TypeVar("R")

_BATCH: Final = 25
"""The number of walks that are drawn from one seed, by one process."""


def walk(
    policies: tuple[Policy, Policy],
    arena: Arena,
    *,
    walks: int,
    seed: int,
    level: Level = "sysfs",
    pool: WorkerPool | None = None,
    store: Store | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Witness]:
    """Return a witness of each kind of difference that the walks show.

    No step of a witness can be left out, but a shorter one may exist. The walks depend on the seed
    and the version of Hypothesis only. pool: its workers walk, and look up both variants by name;
    without a pool, this process does. store: keeps the outcomes of the pool's workers, and those
    in it are not computed again. progress: called with the number of walks done, and of all.

    Raises ArenaError, StoreError, VariantFailed, and ModuleNotFoundError without Hypothesis.
    """
    import hypothesis  # noqa: F401  (fail here, before any worker does)

    check_block_size(Kernel(arena.machine, policies[0]))
    setting = WalkSetting(policies, arena, level)
    kind_table, shrunk_table = (
        (KindTable(store, setting), ShrunkTable(store, setting)) if store else (None, None)
    )
    batches = [
        WalkBatch(f"{seed} {start}", min(_BATCH, walks - start))
        for start in range(0, walks, _BATCH)
    ]
    done = 0
    batch_counts: dict[WalkBatch, dict[Kind, int]] = {}
    for chunk in _chunks(pool, setting, count_kinds, batches, kind_table):
        batch_counts.update(chunk)
        done += sum(batch.walks for batch, _ in chunk)
        progress(done, walks)
    counts: dict[Kind, int] = {}
    first: dict[Kind, WalkBatch] = {}
    for batch in batches:
        for kind, count in batch_counts[batch].items():
            counts[kind] = counts.get(kind, 0) + count
            first.setdefault(kind, batch._replace(kind=kind))
    shrunk = dict(chain(*_chunks(pool, setting, shrink, first.values(), shrunk_table)))
    return [
        Witness(kind, shrunk[batch], _part(setting, shrunk[batch], kind), counts[kind])
        for kind, batch in first.items()
    ]


def _part(setting: WalkSetting, actions: tuple[int, ...], kind: Kind) -> str:
    """Return the part on which the last step shows a difference of this kind."""
    last = differences(*setting, actions)[-1]
    return next(part for other, part in last if other == kind)


def _chunks(
    pool: WorkerPool | None,
    setting: WalkSetting,
    work: Callable[[WalkSetting, WalkBatch], R],
    batches: Iterable[WalkBatch],
    table: OutcomeTable[WalkBatch, R] | None,
) -> Iterator[list[tuple[WalkBatch, R]]]:
    """Yield each batch with its outcome, in chunks."""
    if pool is None:
        yield from ([(batch, work(setting, batch))] for batch in batches)
        return
    names = setting.policies[0].name, setting.policies[1].name
    do = partial(_work_by_name, work, names, setting.arena, setting.level)
    yield from map_stored(pool, do, batches, _killed, table)


def _work_by_name(
    work: Callable[[WalkSetting, WalkBatch], R],
    names: tuple[str, str],
    arena: Arena,
    level: Level,
    registry: Registry,
    batch: WalkBatch,
) -> R:
    """Do the work in a worker process, which has a registry of its own."""
    left, right = (registry.model(name).policy for name in names)
    return work(WalkSetting((left, right), arena, level), batch)


def _killed(batch: WalkBatch) -> NoReturn:
    raise ArenaError("a random walk killed its worker process")
