"""Run a sweep and draw its points as frontiers: the memory that each machine survives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NoReturn

from zonediff.compare.sweep.bisection import monotone, sampled
from zonediff.compare.sweep.plan import Row, Sweep
from zonediff.compare.sweep.store import Rows, row_keys, stored_rows, stored_sweep
from zonediff.compare.sweep.work import Outcome, SweepError, Task, work
from zonediff.result.frontiers import Frontier, FrontierRow
from zonediff.variants.registry import Registry
from zonediff.work.outcome_table import map_stored
from zonediff.work.pool import InProcess, Progress, WorkerPool
from zonediff.work.store import Store, StoreReader


def frontiers(
    sweep: Sweep,
    registry: Registry,
    *,
    store: Store | None = None,
    adaptive: bool = False,
    pool: WorkerPool | None = None,
    progress: Progress = lambda done, total: None,
) -> list[Frontier]:
    """The frontiers of a sweep, one for each variant, path and onliner, in the sweep's order.

    store: keeps the rows; a row that is in it is not run again. adaptive: run only the points that
    the picture needs (bisection.py), and infer the others. pool: does the work; without one, this
    process does. progress: called with the number of known points, and of all.
    Raises SweepError, StoreError.
    """
    rows = list(sweep.rows())
    table = Rows(store, sweep, row_keys(sweep, registry)) if store else None
    size = len(sweep.added)
    outcomes: dict[Row, Outcome] = {}
    for tasks in _rounds(rows, outcomes, adaptive):
        for chunk in map_stored(pool or InProcess(registry), work, tasks, _killed, table):
            outcomes.update((task.row, outcome) for task, outcome in chunk)
            progress(len(outcomes) * size, len(rows) * size)
    return drawn(rows, outcomes)


def kept(store: StoreReader, registry: Registry) -> tuple[Sweep, dict[Row, Outcome], int]:
    """The content of a store: its sweep, its rows, and the number of rows of other code.

    Raises StoreError; VariantError when a variant of the sweep is not known.
    """
    sweep = stored_sweep(store)
    return sweep, *stored_rows(store, row_keys(sweep, registry))


def drawn(rows: Iterable[Row], outcomes: Mapping[Row, Outcome]) -> list[Frontier]:
    """The outcomes of rows as frontiers."""
    curves: dict[tuple[str, str, str], Frontier] = {}
    for row in rows:
        curve = _curve(row)
        frontier = curves.setdefault(curve, Frontier(*curve, list(row.added), []))
        frontier.rows.append(_row(row, outcomes[row]))
    return list(curves.values())


def _rounds(
    rows: Iterable[Row], outcomes: Mapping[Row, Outcome], adaptive: bool
) -> Iterator[list[Task]]:
    """Yield rounds of tasks; the second depends on the outcomes of the first."""
    if not adaptive:
        yield [Task(row) for row in rows]
        return
    curves: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        curves.setdefault(_curve(row), []).append(row)
    samples = {curve: sampled(rows) for curve, rows in curves.items()}
    yield [Task(row) for sample in samples.values() for row in sample]
    yield [
        Task(
            row,
            whole=not all(monotone(outcomes[sample].states(sample)) for sample in samples[curve]),
        )
        for curve, rows in curves.items()
        for row in rows
        if row not in samples[curve]
    ]


def _curve(row: Row) -> tuple[str, str, str]:
    return row.variant, row.path, row.onliner


def _killed(task: Task) -> NoReturn:
    raise SweepError(f"{task.row}: the worker process died")


def _row(row: Row, outcome: Outcome) -> FrontierRow:
    """The row of a frontier; a point that was not run gets the value of the next larger one."""
    run = {point.added: point.left_kib for point in outcome.points}
    least: list[int | None] = []
    for size in reversed(row.added):
        least.append(run[size] if size in run else least[-1])
    inferred = [index for index, size in enumerate(row.added) if size not in run]
    return FrontierRow(row.base, outcome.free_kib, least[::-1], inferred)
