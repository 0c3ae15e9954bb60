"""Keep the rows of a sweep in a store.

A store has one sweep, and keeps a row completely or not at all. The key of a row is a hash of
everything that the row depends on, including the code of its variant. So rows of other code are
kept, but not used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Final

from zonediff.compare.sweep.plan import Row, Sweep, axis_mistakes
from zonediff.compare.sweep.work import Outcome, Point, Task
from zonediff.corpus.schema import Misshapen, read
from zonediff.engine.bounds import RESULT_NUMBER
from zonediff.variants.registry import Registry
from zonediff.work.fingerprint import fingerprint
from zonediff.work.outcome_table import OutcomeTable
from zonediff.work.store import Store, StoreError, StoreReader, damaged

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS sweep (axes TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS rows (key TEXT PRIMARY KEY, variant TEXT NOT NULL, "
    "path TEXT NOT NULL, onliner TEXT NOT NULL, base INTEGER NOT NULL, free_kib INTEGER NOT NULL) "
    "WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS points (row TEXT NOT NULL REFERENCES rows (key), "
    "added INTEGER NOT NULL, died_at INTEGER, least_kib INTEGER NOT NULL, "
    "PRIMARY KEY (row, added)) WITHOUT ROWID",
)


class Rows(OutcomeTable[Task, Outcome]):
    """The rows of a sweep. keys: the key of each row.

    Raises StoreError when the store has another sweep.
    """

    def __init__(self, store: Store, sweep: Sweep, keys: Mapping[Row, str]) -> None:
        super().__init__(store)
        self._keys = keys
        store.create(_TABLES)
        _settle(store, sweep)

    def key(self, item: Task) -> str:
        return self._keys[item.row]

    def read(self, item: Task) -> Outcome | None:
        outcome = _outcome(self.store, item.row, self.key(item))
        return None if outcome is None or item.left(outcome) else outcome

    def remaining(self, item: Task) -> Task:
        """The same with the points that are there."""
        outcome = _outcome(self.store, item.row, self.key(item))
        return item if outcome is None else Task(item.row, outcome.points, item.whole)

    def write(self, item: Task, outcome: Outcome) -> None:
        key, row = self.key(item), item.row
        self.store.execute(
            "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (key, row.variant, row.path, row.onliner, row.base, outcome.free_kib),
        )
        self.store.execute_many(
            "INSERT INTO points VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(key, point.added, point.died_at, point.least_kib) for point in outcome.points],
        )


def row_keys(sweep: Sweep, registry: Registry) -> dict[Row, str]:
    """The rows of a sweep in order, each with its key for the present code."""
    codes = {name: fingerprint(registry.model(name).policy) for name in sweep.variants}
    return {row: _key(row, codes[row.variant]) for row in sweep.rows()}


def stored_sweep(store: StoreReader) -> Sweep:
    """The sweep whose rows a store has, without its title.

    Raises StoreError when it has none.
    """
    sweep = _sweep(store) if store.has("sweep") else None
    if sweep is None:
        raise StoreError(f"{store.path}: this store has no sweep")
    return sweep


def stored_rows(store: StoreReader, keys: Mapping[Row, str]) -> tuple[dict[Row, Outcome], int]:
    """The rows that a store has, with their points; and the number of rows of other code."""
    outcomes = ((row, _outcome(store, row, key)) for row, key in keys.items())
    stored = {row: outcome for row, outcome in outcomes if outcome is not None}
    ((count,),) = store.execute("SELECT count(*) FROM rows")
    return stored, count - len(stored)


def _outcome(store: StoreReader, row: Row, key: str) -> Outcome | None:
    """The outcome of the row with this key; None when the store does not have it."""
    free = store.execute("SELECT free_kib FROM rows WHERE key = ?", [key])
    if not free:
        return None
    points = store.execute(
        "SELECT added, died_at, least_kib FROM points WHERE row = ? ORDER BY added", [key]
    )
    outcome = Outcome(free[0][0], tuple(Point(*point) for point in points))
    if not _fits(row, outcome):
        raise damaged(store, f"row of {row}", "its numbers do not fit its sizes")
    return outcome


def _fits(row: Row, outcome: Outcome) -> bool:
    """Whether a stored outcome can be that of the row; a store may come from anywhere."""
    numbers = [outcome.free_kib, *(point.least_kib for point in outcome.points)]
    numbers += [point.died_at for point in outcome.points if point.died_at is not None]
    sizes = [point.added for point in outcome.points]
    return (
        all(type(number) is int and abs(number) <= RESULT_NUMBER for number in numbers)
        and all(point.died_at is None or point.died_at > 0 for point in outcome.points)
        and set(sizes) <= set(row.added)
        and row.added[-1] in sizes
    )


def _settle(store: Store, sweep: Sweep) -> None:
    """Put the sweep into an empty store; refuse a store of another sweep."""
    wanted = replace(sweep, title="", why="")
    with store.transaction():
        stored = _sweep(store)
        if stored is None:
            store.execute("INSERT INTO sweep VALUES (?)", [json.dumps(asdict(wanted))])
        elif wanted != stored:
            axes = (field.name for field in fields(Sweep))
            other = [name for name in axes if getattr(wanted, name) != getattr(stored, name)]
            raise StoreError(
                f"{store.path}: holds the outcomes of another sweep, which differs in "
                f"{', '.join(other)}; name another --store, or delete this one"
            )


def _sweep(store: StoreReader) -> Sweep | None:
    """The sweep of a store, without its title; None when it has none."""
    axes = store.execute("SELECT axes FROM sweep")
    if not axes:
        return None
    try:
        sweep = read(json.loads(axes[0][0]), Sweep)
        if mistakes := [*axis_mistakes(sweep)]:
            raise Misshapen(*mistakes)
    except (ValueError, TypeError, RecursionError):
        raise StoreError(
            f"{store.path}: its sweep is damaged; name another --store, or delete this one"
        ) from None
    return sweep


def _key(row: Row, code: str) -> str:
    text = json.dumps([code, asdict(row)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
