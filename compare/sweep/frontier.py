"""A sweep carried through, and its points seen as frontiers: how much each machine survives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

from zonediff.compare.result import Frontier, FrontierRow
from zonediff.compare.sweep.plan import Sweep
from zonediff.compare.sweep.store import fingerprint, key, open_store
from zonediff.compare.sweep.work import Here, Outcome, outcomes
from zonediff.compare.workers import workers
from zonediff.variants.registry import Registry

Progress = Callable[[int, int], None]
"""Called after each row with how many points are known, and of how many."""


def frontiers(
    sweep: Sweep,
    registry: Registry,
    *,
    store: Path | None = None,
    jobs: int = 1,
    progress: Progress = lambda done, total: None,
) -> list[Frontier]:
    """The frontiers of a sweep, one for each variant, path and onliner, in the sweep's order.

    store: an SQLite file that keeps what is found; what is in it already is not done again.
    jobs: processes that work on it, 1 is none but this one. Raises SweepError.
    """
    codes = {name: fingerprint(registry.model(name).policy) for name in sweep.variants}
    keys = {row: key(row, codes[row.variant]) for row in sweep.rows()}
    size = len(sweep.added)
    with open_store(store, sweep) as kept, _executor(jobs) as executor:
        known = kept.load()
        left = [row for row, name in keys.items() if name not in known]
        done = len(keys) - len(left)
        progress(done * size, len(keys) * size)
        # Enough at a time that no worker waits for the store, and little is lost with a kill.
        at_once = 1 if jobs == 1 else 4 * jobs
        for row, outcome in outcomes(left, codes, registry.files, executor, at_once):
            kept.save(keys[row], row, outcome)
            known[keys[row]] = outcome
            done += 1
            progress(done * size, len(keys) * size)
    found: dict[tuple[str, str, str], Frontier] = {}
    for row, name in keys.items():
        curve = (row.variant, row.path, row.onliner)
        frontier = found.setdefault(curve, Frontier(*curve, list(sweep.added), []))
        frontier.rows.append(_row(row.base, known[name]))
    return list(found.values())


def survives(frontier: Frontier, row: FrontierRow) -> int:
    """The most that can be added to the row's machine: it and all less are survived."""
    most = 0
    for added, least in zip(frontier.added, row.least_kib, strict=True):
        if least is None:
            break
        most = added
    return most


def _row(base: int, outcome: Outcome) -> FrontierRow:
    least = [None if point.died_at else point.least_kib for point in outcome.points]
    return FrontierRow(base, outcome.free_kib, least)


@contextmanager
def _executor(jobs: int) -> Iterator[Executor]:
    if jobs == 1:
        yield Here()
    else:
        with workers(jobs) as pool:
            yield pool
