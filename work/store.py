"""The store: an SQLite file of finished work, for any number of processes at a time.

Each kind of work has its own tables in it (outcome_table.py). All writes are transactions, so an
outcome is there whole or not at all, however the writing process ends.
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
"""SQLite's application id of a store, which distinguishes it from other SQLite files."""

SCHEMA: Final = 1
"""The version of all tables; each change of them needs a new number."""

PATIENCE: Final = 60.0
"""Seconds to wait for another process's transaction; transactions take milliseconds."""

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS reserved (key TEXT PRIMARY KEY, client INTEGER NOT NULL) "
    "WITHOUT ROWID",
)


class StoreError(ZonediffError):
    """A file cannot be used as a store; the message says why."""


class StoreReader:
    """An open store that is only read; see read_store()."""

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._database = database

    def execute(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a statement's result. Raises StoreError."""
        with _sqlite_errors(self.path):
            return self._database.execute(statement, values).fetchall()

    def has(self, table: str) -> bool:
        """Return whether the store has a table of this name."""
        return bool(self.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]))


class Store(StoreReader):
    """An open store that is written to; see open_store().

    client: this process's number among those that work on the store. on_wait: called when other
    processes are doing all of the remaining work.
    """

    def __init__(
        self, database: sqlite3.Connection, path: Path, client: int, on_wait: Callable[[], None]
    ) -> None:
        super().__init__(database, path)
        self.client = client
        self.on_wait = on_wait

    def execute_many(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Execute a statement once for each row of values. Raises StoreError."""
        with _sqlite_errors(self.path):
            self._database.executemany(statement, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all that is written inside, or nothing; no other process writes meanwhile.

        Raises StoreError.
        """
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # a full disk ends the transaction itself
                self.execute("ROLLBACK")
            raise

    def create(self, tables: Iterable[str]) -> None:
        """Create tables that are missing; each statement is a CREATE TABLE IF NOT EXISTS."""
        with self.transaction():
            for statement in tables:
                self.execute(statement)

    def release_dead(self) -> None:
        """Free the items that dead clients had reserved."""
        other_clients = self.execute(
            "SELECT DISTINCT client FROM reserved WHERE client != ?", [self.client]
        )
        for (number,) in other_clients:
            if not clients.is_alive(self.path, number):
                self.execute("DELETE FROM reserved WHERE client = ?", [number])

    def release_own(self) -> None:
        """Free the items that this client, or an earlier one with its number, has reserved."""
        if self.execute("SELECT 1 FROM reserved WHERE client = ? LIMIT 1", [self.client]):
            with self.transaction():
                self.execute("DELETE FROM reserved WHERE client = ?", [self.client])


@contextmanager
def open_store(path: Path, on_wait: Callable[[], None] = lambda: None) -> Iterator[Store]:
    """Open the store in a file, which is created if it is missing.

    on_wait: see Store. Raises StoreError when the file is not a store, and OSError.
    """
    if path.exists():
        # Exclusively, because another process may be creating the store at this moment.
        with clients.exclusive(path), _connected(path) as database:
            _check(StoreReader(database, path), new=True)
    with clients.register_client(path) as number, _connected(path) as database:
        store = Store(database, path, number, on_wait)
        _prepare(store)
        store.release_own()
        try:
            yield store
        finally:
            with suppress(StoreError):  # the disk may be full; then the next command frees them
                store.release_own()


@contextmanager
def read_store(path: Path) -> Iterator[StoreReader]:
    """Open a snapshot of a store, whoever else works on it. Raises StoreError."""
    if not path.exists():
        raise StoreError(f"{path}: no such file")
    with _connected(path, _mode(path)) as database:
        store = StoreReader(database, path)
        store.execute("BEGIN")
        _check(store, new=False)
        yield store


def _mode(path: Path) -> str:
    """Return SQLite's mode for reading a file; only with write access are no files left behind."""
    file = path.resolve()
    if os.access(file, os.W_OK) and os.access(file.parent, os.W_OK):
        return "mode=rw"
    # Without a log nobody is writing to the store, and no log can be created.
    return "mode=ro" if file.with_name(f"{file.name}-wal").exists() else "immutable=1"


@contextmanager
def _connected(path: Path, mode: str = "mode=rwc") -> Iterator[sqlite3.Connection]:
    if path.exists() and not path.is_file():
        raise StoreError(f"{path}: a store is a regular file, and this is not")
    with _sqlite_errors(path):
        # isolation_level None: no transactions but those of transaction().
        database = sqlite3.connect(
            f"{path.resolve().as_uri()}?{mode}", isolation_level=None, timeout=PATIENCE, uri=True
        )
    with closing(database):
        yield database


def _check(store: StoreReader, *, new: bool) -> None:
    """Check that a file is a store, or, if `new`, empty, before anything is written to it."""
    ((identity,),) = store.execute("PRAGMA application_id")
    ((schema,),) = store.execute("PRAGMA user_version")
    ((tables,),) = store.execute("SELECT count(*) FROM sqlite_master")
    if identity != APPLICATION_ID and tables:
        raise StoreError(f"{store.path}: not a zonediff store, but another SQLite file")
    if identity != APPLICATION_ID and not new:
        raise StoreError(f"{store.path}: not a zonediff store, but an empty file")
    if identity == APPLICATION_ID and schema != SCHEMA:
        raise StoreError(
            f"{store.path}: a store of another version of zonediff (its tables have version "
            f"{schema}, not {SCHEMA}); name another --store, or delete this one"
        )


def _prepare(store: Store) -> None:
    # One at a time: when two change a new file's mode, SQLite refuses one without waiting.
    with clients.exclusive(store.path):
        # A killed process loses nothing that was committed; only a crash of the system could.
        store.execute("PRAGMA journal_mode = WAL")
        store.execute("PRAGMA synchronous = NORMAL")
        if not store.has("reserved"):
            marks = (f"application_id = {APPLICATION_ID}", f"user_version = {SCHEMA}")
            store.create([*_TABLES, *(f"PRAGMA {mark}" for mark in marks)])


def damaged(store: StoreReader, outcome: str, error: object) -> StoreError:
    """Return the error for an outcome that cannot be used. outcome: in words."""
    why = " ".join(str(error).split())
    return StoreError(
        f"{store.path}: the stored {outcome} is damaged ({why:.200}); name another --store, or "
        "delete this one"
    )


@contextmanager
def _sqlite_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's exceptions into StoreError."""
    damaged_text = f"{path}: not a zonediff store: it holds damaged text"
    try:
        yield
    except sqlite3.OperationalError as error:
        if not hasattr(error, "sqlite_errorcode"):  # Python cannot decode a text that was read
            raise StoreError(damaged_text) from None
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise StoreError(
                f"{path}: another process has kept it locked for {PATIENCE:g} s"
            ) from None
        raise StoreError(f"{path}: {error}") from None
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path}: not a zonediff store: {error}") from None
    except UnicodeDecodeError:  # SQLite's message quotes the bytes that are wrong
        raise StoreError(damaged_text) from None
