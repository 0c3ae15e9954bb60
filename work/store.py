"""The SQLite file that keeps what is done of some work, for any number of processes at a time.

Each kind of work has tables of its own in it (shelf.py). All that is written is written in
transactions, so that it is there whole or not at all, whatever ends the process that writes.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from zonediff.engine.errors import ZonediffError
from zonediff.work import clients

APPLICATION_ID: Final = int.from_bytes(b"zdif")
"""What tells our files from other SQLite files."""

SCHEMA: Final = 1
"""The version of all tables; another number for every change of them."""

PATIENCE: Final = 60.0
"""Seconds in which another process is expected to end its transaction; they take milliseconds."""

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS reserved (key TEXT PRIMARY KEY, client INTEGER NOT NULL) "
    "WITHOUT ROWID",
)


class StoreError(ZonediffError):
    """A file cannot be used as a store; the message says why."""


class Reading:
    """A store that is open. Use read_store() to have one."""

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._database = database

    def execute(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows that a statement gives. Raises KeepError."""
        with _in_words(self.path):
            return self._database.execute(statement, values).fetchall()

    def has(self, table: str) -> bool:
        """Whether there is a table of this name."""
        return bool(self.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]))


class Store(Reading):
    """A store that is worked on. Use open_store() to have one.

    waits: called when all that is left to do is being done by other processes.
    """

    def __init__(
        self, database: sqlite3.Connection, path: Path, client: int, waits: Callable[[], None]
    ) -> None:
        super().__init__(database, path)
        self.client = client
        self.waits = waits

    def execute_many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """A statement once for each row of values. Raises KeepError."""
        with _in_words(self.path):
            self._database.executemany(statement, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what is written meanwhile, while nobody else writes.

        Raises KeepError.
        """
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # a full disk has ended it already
                self.execute("ROLLBACK")
            raise

    def create(self, tables: Iterable[str]) -> None:
        """Have these tables; each statement is a CREATE TABLE IF NOT EXISTS."""
        with self.transaction():
            for statement in tables:
                self.execute(statement)

    def free_of_the_dead(self) -> None:
        """Give free what clients that are gone had reserved."""
        others = self.execute(
            "SELECT DISTINCT client FROM reserved WHERE client != ?", [self.client]
        )
        for (number,) in others:
            if not clients.is_alive(self.path, number):
                self.execute("DELETE FROM reserved WHERE client = ?", [number])

    def free_mine(self) -> None:
        """Give free what this client has reserved, or one of the same number before it."""
        if self.execute("SELECT 1 FROM reserved WHERE client = ? LIMIT 1", [self.client]):
            with self.transaction():
                self.execute("DELETE FROM reserved WHERE client = ?", [self.client])


@contextmanager
def open_store(path: Path, waits: Callable[[], None] = lambda: None) -> Iterator[Store]:
    """The store in a file, which is made if there is none.

    waits: see Store. Raises KeepError when the file is something else, and OSError.
    """
    if path.exists():
        # Alone, as another process may be making it one of ours just now.
        with clients.alone(path), _connected(path) as database:
            _check(Reading(database, path), new=True)
    with clients.client(path) as number, _connected(path) as database:
        store = Store(database, path, number, waits)
        _prepare(store)
        store.free_mine()
        try:
            yield store
        finally:
            with suppress(StoreError):  # on a full disk; whoever comes next does it
                store.free_mine()


@contextmanager
def read_store(path: Path) -> Iterator[Reading]:
    """The store in a file as it is now, whoever else works on it. Raises KeepError."""
    if not path.exists():
        raise StoreError(f"{path}: no such file")
    with _connected(path, _mode(path)) as database:
        store = Reading(database, path)
        store.execute("BEGIN")
        _check(store, new=False)
        yield store


def _mode(path: Path) -> str:
    """How SQLite is to read a file; only one who may write leaves nothing behind."""
    file = path.resolve()
    if os.access(file, os.W_OK) and os.access(file.parent, os.W_OK):
        return "mode=rw"
    # Where nobody is at work on it there is no log, and none can be made.
    return "mode=ro" if file.with_name(f"{file.name}-wal").exists() else "immutable=1"


@contextmanager
def _connected(path: Path, mode: str = "mode=rwc") -> Iterator[sqlite3.Connection]:
    if path.exists() and not path.is_file():
        raise StoreError(f"{path}: a store is a plain file, and this is none")
    with _in_words(path):
        # No transactions but our own.
        database = sqlite3.connect(
            f"{path.resolve().as_uri()}?{mode}", isolation_level=None, timeout=PATIENCE, uri=True
        )
    with closing(database):
        yield database


def _check(store: Reading, *, new: bool) -> None:
    """See that a file is one of ours, or empty if it may be, before anything is written to it."""
    ((identity,),) = store.execute("PRAGMA application_id")
    ((schema,),) = store.execute("PRAGMA user_version")
    ((tables,),) = store.execute("SELECT count(*) FROM sqlite_master")
    if identity != APPLICATION_ID and tables:
        raise StoreError(f"{store.path}: not a store of zonediff, but another SQLite file")
    if identity != APPLICATION_ID and not new:
        raise StoreError(f"{store.path}: not a store of zonediff, but empty")
    if identity == APPLICATION_ID and schema != SCHEMA:
        raise StoreError(
            f"{store.path}: a store of another version of zonediff (its tables are of version "
            f"{schema}, not {SCHEMA}); name another --store, or delete this one"
        )


def _prepare(store: Store) -> None:
    # One at a time: of two that change a new file's mode, SQLite refuses one without any patience.
    with clients.alone(store.path):
        # A killed process loses nothing that was committed: what it wrote is the system's to keep.
        store.execute("PRAGMA journal_mode = WAL")
        store.execute("PRAGMA synchronous = NORMAL")
        if not store.has("reserved"):
            ours = (f"application_id = {APPLICATION_ID}", f"user_version = {SCHEMA}")
            store.create([*_TABLES, *(f"PRAGMA {mark}" for mark in ours)])


@contextmanager
def _in_words(place: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise StoreError(
                f"{place}: another process has kept it locked for {PATIENCE:g} s"
            ) from None
        raise StoreError(f"{place}: {error}") from None
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{place}: not a store of zonediff: {error}") from None
