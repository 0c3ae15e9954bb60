"""A sweep carried through, and its points seen as frontiers: how much each machine survives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from zonediff.compare.chunks import spread
from zonediff.compare.result import Frontier, FrontierRow
from zonediff.compare.sweep.bisection import monotone, sampled
from zonediff.compare.sweep.plan import Row, Sweep
from zonediff.compare.sweep.store import fingerprint, key, open_store, stored_sweep
from zonediff.compare.sweep.work import Outcome, SweepError, Task, work
from zonediff.compare.workers import Crew, Here, Progress
from zonediff.variants.registry import Registry


def frontiers(
    sweep: Sweep,
    registry: Registry,
    *,
    store: Path | None = None,
    adaptive: bool = False,
    crew: Crew | None = None,
    progress: Progress = lambda done, total: None,
) -> list[Frontier]:
    """The frontiers of a sweep, one for each variant, path and onliner, in the sweep's order.

    store: an SQLite file that keeps what is found; what is in it already is not done again.
    adaptive: run only the points that the picture needs (bisection.py), and infer the others.
    crew: who works on it; without one, this process. progress: told how many points are known.
    Raises SweepError.
    """
    keys = row_keys(sweep, registry)
    size = len(sweep.added)
    hands = crew or Here(registry)
    with open_store(store, sweep) as keeper:
        known = keeper.load()
        found = {row: known[name] for row, name in keys.items() if name in known}
        done = 0
        for tasks in _rounds(keys, found, adaptive):
            left = [task for task in tasks if _is_left(task, found)]
            done += len(tasks) - len(left)
            progress(done * size, len(keys) * size)
            for chunk in spread(hands, work, left, _killed):
                keeper.save(
                    (keys[task.row], task.row, task.known, outcome) for task, outcome in chunk
                )
                found.update((task.row, outcome) for task, outcome in chunk)
                done += len(chunk)
                progress(done * size, len(keys) * size)
    return drawn(keys, found)


def kept(store: Path, registry: Registry) -> tuple[Sweep, dict[Row, Outcome], int]:
    """What a store has: its sweep, the rows that are there, and how many of other code.

    Raises SweepError; VariantError when a variant of the sweep is not known.
    """
    sweep = stored_sweep(store)
    keys = row_keys(sweep, registry)
    with open_store(store, sweep) as opened:
        known = opened.load()
    found = {row: known[name] for row, name in keys.items() if name in known}
    return sweep, found, len(known) - len(found)


def row_keys(sweep: Sweep, registry: Registry) -> dict[Row, str]:
    """The rows of a sweep in order, and what each is known by with the code that is here."""
    codes = {name: fingerprint(registry.model(name).policy) for name in sweep.variants}
    return {row: key(row, codes[row.variant]) for row in sweep.rows()}


def drawn(rows: Iterable[Row], found: Mapping[Row, Outcome]) -> list[Frontier]:
    """The outcomes of rows as frontiers."""
    curves: dict[tuple[str, str, str], Frontier] = {}
    for row in rows:
        curve = _curve(row)
        frontier = curves.setdefault(curve, Frontier(*curve, list(row.added), []))
        frontier.rows.append(_row(row, found[row]))
    return list(curves.values())


def survives(frontier: Frontier, row: FrontierRow) -> int:
    """The most that can be added to the row's machine: it and all less are survived."""
    most = 0
    for added, least in zip(frontier.added, row.least_kib, strict=True):
        if least is None:
            break
        most = added
    return most


def _rounds(
    rows: Iterable[Row], found: Mapping[Row, Outcome], adaptive: bool
) -> Iterator[list[Task]]:
    """What to do first, and what then, when that is found."""

    def task(row: Row, whole: bool) -> Task:
        return Task(row, found[row].points if row in found else (), whole)

    if not adaptive:
        yield [task(row, True) for row in rows]
        return
    curves: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        curves.setdefault(_curve(row), []).append(row)
    samples = {curve: sampled(rows) for curve, rows in curves.items()}
    yield [task(row, True) for sample in samples.values() for row in sample]
    yield [
        task(row, not all(monotone(found[one].states(one)) for one in samples[curve]))
        for curve, rows in curves.items()
        for row in rows
        if row not in samples[curve]
    ]


def _curve(row: Row) -> tuple[str, str, str]:
    return row.variant, row.path, row.onliner


def _is_left(task: Task, found: Mapping[Row, Outcome]) -> bool:
    return task.row not in found or bool(task.left(found[task.row]))


def _killed(task: Task) -> NoReturn:
    raise SweepError(f"{task.row}: the worker process dies of it")


def _row(row: Row, outcome: Outcome) -> FrontierRow:
    """A point that was not run is as the next larger one that was: at least so much is left."""
    run = {point.added: point.left_kib for point in outcome.points}
    least: list[int | None] = []
    for size in reversed(row.added):
        least.append(run[size] if size in run else least[-1])
    inferred = [at for at, size in enumerate(row.added) if size not in run]
    return FrontierRow(row.base, outcome.free_kib, least[::-1], inferred)
