"""The SQLite file that keeps what is done of some work, for any number of processes at a time.

Each kind of work has tables of its own in it (shelf.py). All that is written is written in
transactions, so that it is there whole or not at all, whatever ends the process that writes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from zonediff.compare.kept import clients

APPLICATION_ID: Final = int.from_bytes(b"zdif")
"""What tells our files from other SQLite files."""

PATIENCE: Final = 60.0
"""Seconds in which another process is expected to end its transaction; they take milliseconds."""

_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS reserved (key TEXT PRIMARY KEY, client INTEGER NOT NULL) "
    "WITHOUT ROWID",
)


class KeepError(Exception):
    """A file cannot be used as a store; the message says why."""


class Store:
    """A store that is open. Use open_store() to have one.

    waits: called when all that is left to do is being done by other processes.
    """

    def __init__(
        self, database: sqlite3.Connection, path: Path, client: int, waits: Callable[[], None]
    ) -> None:
        self.path = path
        self.client = client
        self.waits = waits
        self._database = database

    def execute(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows that a statement gives. Raises KeepError."""
        with _in_words(self.path):
            return self._database.execute(statement, values).fetchall()

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
def open_store(
    path: Path, waits: Callable[[], None] = lambda: None, *, new: bool = True
) -> Iterator[Store]:
    """The store in a file, which is made if there is none; but not unless it may be new.

    waits: see Store. Raises KeepError when the file is something else, and OSError.
    """
    if not new and not path.is_file():
        raise KeepError(f"{path}: no such file")
    if path.exists():
        _check(path, new)
    with clients.client(path) as number:
        with _in_words(path):
            # No transactions but our own.
            database = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE)
        with closing(database):
            store = Store(database, path, number, waits)
            _prepare(store)
            store.free_mine()
            try:
                yield store
            finally:
                with suppress(KeepError):  # on a full disk; whoever comes next does it
                    store.free_mine()


def _check(path: Path, new: bool) -> None:
    """See that a file is ours, or empty if it may be, before anything is written to it."""
    # Alone, as another process may be making it one of ours just now.
    with (
        clients.alone(path),
        _in_words(path),
        closing(sqlite3.connect(path, timeout=PATIENCE)) as database,
    ):
        ((identity,),) = database.execute("PRAGMA application_id")
        ((tables,),) = database.execute("SELECT count(*) FROM sqlite_master")
    if identity != APPLICATION_ID and tables:
        raise KeepError(f"{path}: not a store of zonediff, but another SQLite file")
    if identity != APPLICATION_ID and not new:
        raise KeepError(f"{path}: not a store of zonediff, but empty")


def _prepare(store: Store) -> None:
    # One at a time: of two that change a new file's mode, SQLite refuses one without any patience.
    with clients.alone(store.path):
        # A killed process loses nothing that was committed: what it wrote is the system's to keep.
        store.execute("PRAGMA journal_mode = WAL")
        store.execute("PRAGMA synchronous = NORMAL")
        if not store.execute("SELECT 1 FROM sqlite_master WHERE name = 'reserved'"):
            store.create([*_SCHEMA, f"PRAGMA application_id = {APPLICATION_ID}"])


@contextmanager
def _in_words(place: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise KeepError(
                f"{place}: another process has kept it locked for {PATIENCE:g} s"
            ) from None
        raise KeepError(f"{place}: {error}") from None
    except sqlite3.DatabaseError as error:
        raise KeepError(f"{place}: not a store of zonediff: {error}") from None
