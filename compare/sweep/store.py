"""What a sweep has found so far: a store has a row of the grid whole or not at all.

A store has one sweep. A row is known by a hash of all that it depends on, the code of its variant
included, so what other code found is left alone and never taken for the answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from zonediff.compare.kept.code import fingerprint
from zonediff.compare.kept.shelf import Shelf
from zonediff.compare.kept.store import KeepError, Store
from zonediff.compare.sweep.plan import Row, Sweep
from zonediff.compare.sweep.work import Outcome, Point, Task
from zonediff.variants.registry import Registry

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS sweep (axes TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS rows (key TEXT PRIMARY KEY, variant TEXT NOT NULL, "
    "path TEXT NOT NULL, onliner TEXT NOT NULL, base INTEGER NOT NULL, free_kib INTEGER NOT NULL) "
    "WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS points (row TEXT NOT NULL REFERENCES rows (key), "
    "added INTEGER NOT NULL, died_at INTEGER, least_kib INTEGER NOT NULL, "
    "PRIMARY KEY (row, added)) WITHOUT ROWID",
)


class Rows(Shelf[Task, Outcome]):
    """The rows of a sweep. keys: what each is known by.

    Raises KeepError when the store has another sweep.
    """

    def __init__(self, store: Store, sweep: Sweep, keys: Mapping[Row, str]) -> None:
        super().__init__(store)
        self._keys = keys
        store.create(_TABLES)
        _settle(store, sweep)

    def key(self, item: Task) -> str:
        return self._keys[item.row]

    def read(self, item: Task) -> Outcome | None:
        outcome = self._points(item.row)
        return None if outcome is None or item.left(outcome) else outcome

    def rest(self, item: Task) -> Task:
        """The same with the points that are there."""
        outcome = self._points(item.row)
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

    def there(self) -> dict[Row, Outcome]:
        """All rows that are there, with the points that are."""
        found = ((row, self._points(row)) for row in self._keys)
        return {row: outcome for row, outcome in found if outcome is not None}

    def _points(self, row: Row) -> Outcome | None:
        key = self._keys[row]
        free = self.store.execute("SELECT free_kib FROM rows WHERE key = ?", [key])
        if not free:
            return None
        points = self.store.execute(
            "SELECT added, died_at, least_kib FROM points WHERE row = ? ORDER BY added", [key]
        )
        return Outcome(free[0][0], tuple(Point(*point) for point in points))


def row_keys(sweep: Sweep, registry: Registry) -> dict[Row, str]:
    """The rows of a sweep in order, and what each is known by with the code that is here."""
    codes = {name: fingerprint(registry.model(name).policy) for name in sweep.variants}
    return {row: _key(row, codes[row.variant]) for row in sweep.rows()}


def stored_sweep(store: Store) -> Sweep:
    """The sweep that a store has the rows of. Raises KeepError when it has none."""
    there = store.execute("SELECT 1 FROM sqlite_master WHERE name = 'sweep'")
    found = store.execute("SELECT axes FROM sweep") if there else []
    if not found:
        raise KeepError(f"{store.path}: a store of other work, without a sweep")
    values: dict[str, Any] = {name: tuple(value) for name, value in json.loads(found[0][0]).items()}
    return Sweep(title="", **values)


def stored_rows(store: Store) -> int:
    """How many rows a store has, of whatever code."""
    return int(store.execute("SELECT count(*) FROM rows")[0][0])


def _settle(store: Store, sweep: Sweep) -> None:
    """See that the store has this sweep, or no other."""
    ours = {key: value for key, value in asdict(sweep).items() if key not in ("title", "why")}
    text = json.dumps(ours)
    with store.transaction():
        found = store.execute("SELECT axes FROM sweep")
        if not found:
            store.execute("INSERT INTO sweep VALUES (?)", [text])
            return
    ours, theirs = json.loads(text), json.loads(found[0][0])
    if other := [key for key in ours if ours[key] != theirs.get(key)]:
        raise KeepError(
            f"{store.path}: holds the outcomes of another sweep, which differs in "
            f"{', '.join(other)}; name another --store, or delete this one"
        )


def _key(row: Row, code: str) -> str:
    text = json.dumps([code, asdict(row)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
