"""What a sweep has found so far, in an SQLite file: a row of the grid is there whole or not at all.

The file belongs to one sweep. A row is known by a hash of all that it depends on, the code of
its variant included, so what other code found is left alone and never taken for the answer.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from zonediff.compare.sweep import work
from zonediff.compare.sweep.plan import Row, Sweep
from zonediff.compare.sweep.work import Outcome, Point, SweepError
from zonediff.compare.terms import version
from zonediff.engine import guest
from zonediff.engine.policy import Policy

APPLICATION_ID: Final = int.from_bytes(b"zdif")
"""What tells our files from other SQLite files."""

_SCHEMA: Final = (
    "CREATE TABLE sweep (axes TEXT NOT NULL)",
    "CREATE TABLE rows (key TEXT PRIMARY KEY, variant TEXT NOT NULL, path TEXT NOT NULL, "
    "onliner TEXT NOT NULL, base INTEGER NOT NULL, free_kib INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE points (row TEXT NOT NULL REFERENCES rows (key), added INTEGER NOT NULL, "
    "died_at INTEGER, least_kib INTEGER NOT NULL, PRIMARY KEY (row, added)) WITHOUT ROWID",
    f"PRAGMA application_id = {APPLICATION_ID}",
)


class Store:
    """The outcomes of one sweep. Use open_store() to have one."""

    def __init__(self, database: sqlite3.Connection, place: str) -> None:
        self._database = database
        self._place = place

    def load(self) -> dict[str, Outcome]:
        """The outcome of every row that is there, by its key."""
        with _in_words(self._place):
            points: dict[str, list[Point]] = {}
            for key, *point in self._database.execute("SELECT * FROM points ORDER BY added"):
                points.setdefault(key, []).append(Point(*point))
            free = self._database.execute("SELECT key, free_kib FROM rows")
            return {key: Outcome(kib, tuple(points[key])) for key, kib in free}

    def save(self, found: Iterable[tuple[str, Row, Sequence[Point], Outcome]]) -> None:
        """Add the outcomes of rows, each with its key and the points of it that were there.

        All in one transaction: they are there together or not at all, and no point twice.
        """
        with _in_words(self._place), _transaction(self._database):
            for key, row, known, outcome in found:
                named = (key, row.variant, row.path, row.onliner, row.base, outcome.free_kib)
                there = {point.added for point in known}
                points = [
                    (key, p.added, p.died_at, p.least_kib)
                    for p in outcome.points
                    if p.added not in there
                ]
                if not known:
                    self._database.execute("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?)", named)
                self._database.executemany("INSERT INTO points VALUES (?, ?, ?, ?)", points)


@contextmanager
def open_store(path: Path | None, sweep: Sweep) -> Iterator[Store]:
    """The store in a file, or in memory without one; other processes are kept out meanwhile.

    Raises SweepError when the file is none, is in use, or holds another sweep.
    """
    place = "the store" if path is None else str(path)
    with _in_words(place):
        # No transactions but our own; no waiting for whoever has the file.
        database = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=0)
    try:
        with _in_words(place):
            _prepare(database, place, sweep)
        yield Store(database, place)
    finally:
        database.close()


def stored_sweep(path: Path) -> Sweep:
    """The sweep that a file has the outcomes of. Raises SweepError when it is no such file."""
    if not path.is_file():
        raise SweepError(f"{path}: no such file")
    with _in_words(str(path)), closing(sqlite3.connect(path, timeout=0)) as database:
        ((identity,),) = database.execute("PRAGMA application_id")
        if identity != APPLICATION_ID:
            raise SweepError(f"{path}: not the store of a sweep, but another SQLite file")
        ((axes,),) = database.execute("SELECT axes FROM sweep")
    values: dict[str, Any] = {name: tuple(value) for name, value in json.loads(axes).items()}
    return Sweep(title="", **values)


def _prepare(database: sqlite3.Connection, place: str, sweep: Sweep) -> None:
    # All or nothing, and first of all: of two that come at the same moment one gets it.
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    database.execute("BEGIN EXCLUSIVE")
    database.execute("COMMIT")
    axes = {key: value for key, value in asdict(sweep).items() if key not in ("title", "why")}
    ((identity,),) = database.execute("PRAGMA application_id")
    ((tables,),) = database.execute("SELECT count(*) FROM sqlite_master")
    if identity != APPLICATION_ID and tables:
        raise SweepError(f"{place}: not the store of a sweep, but another SQLite file")
    # A killed process loses nothing that was committed: what it wrote is the system's to keep.
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    if not tables:
        with _transaction(database):
            for statement in _SCHEMA:
                database.execute(statement)
            database.execute("INSERT INTO sweep VALUES (?)", (json.dumps(axes),))
    ((text,),) = database.execute("SELECT axes FROM sweep")
    ours, theirs = json.loads(json.dumps(axes)), json.loads(text)
    other = [key for key in ours if ours[key] != theirs.get(key)]
    if other:
        raise SweepError(
            f"{place}: holds the outcomes of another sweep, which differs in {', '.join(other)}; "
            "name another --store, or delete this one"
        )


def key(row: Row, code: str) -> str:
    """What a row is known by; `code` is the fingerprint of its variant."""
    text = json.dumps([code, asdict(row)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def fingerprint(policy: Policy) -> str:
    """A hash of our version and of the sources that decide what this variant does in a sweep."""
    engine = Path(guest.__file__).parent
    files = {*engine.glob("*.py"), Path(work.__file__)}
    for cls in type(policy).__mro__[:-1]:
        if file := inspect.getsourcefile(cls):
            files.add(Path(file))
    digest = hashlib.sha256(version().encode())
    for content in sorted(file.read_bytes() for file in files if file.is_file()):
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if database.in_transaction:  # a full disk has ended it already
            database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


@contextmanager
def _in_words(place: str) -> Iterator[Any]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise SweepError(f"{place}: another sweep is at work on it") from None
        raise SweepError(f"{place}: {error}") from None
    except sqlite3.DatabaseError as error:
        raise SweepError(f"{place}: not the store of a sweep: {error}") from None
