"""Working through a store: stored items are not done again, and no two clients do the same item.

A client reserves an item before it does it, and frees it with its outcome. A client waits for items
that others have reserved; when another client dies without the outcome, it does them itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import length_hint
from time import sleep
from typing import Final, Generic, TypeVar

from zonediff.work.chunks import ItemSource, map_chunks
from zonediff.work.pool import Work, WorkerPool
from zonediff.work.store import Store

T = TypeVar("T")
R = TypeVar("R")

PAUSE: Final = 0.2
"""Seconds between two queries for the outcomes of other clients."""


class OutcomeTable(ABC, Generic[T, R]):
    """The outcomes of one kind of work in a store. A subclass has the keys and the SQL."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @abstractmethod
    def key(self, item: T) -> str:
        """Return the item's key: a hash of everything that its outcome depends on."""

    @abstractmethod
    def read(self, item: T) -> R | None:
        """Return the outcome of an item; None when it is missing or incomplete."""

    @abstractmethod
    def write(self, item: T, outcome: R) -> None:
        """Add an outcome; an outcome that is there already stays as it is."""

    def remaining(self, item: T) -> T:
        """Return the part of an item that has no outcome yet."""
        return item

    def save(self, outcomes: Iterable[tuple[T, R]]) -> None:
        """Add outcomes and free their items, all in one transaction. Raises StoreError."""
        with self.store.transaction():
            for item, outcome in outcomes:
                self.write(item, outcome)
                self.store.execute("DELETE FROM reserved WHERE key = ?", [self.key(item)])

    def split(self, items: Iterable[T]) -> tuple[list[tuple[T, R]], list[T]]:
        """Return the items that have an outcome, with it; and the other items."""
        known: list[tuple[T, R]] = []
        left: list[T] = []
        for item in items:
            outcome = self.read(item)
            if outcome is None:
                left.append(item)
            else:
                known.append((item, outcome))
        return known, left


class _ReservingSource(ItemSource[T]):
    """Reserves items as they are taken.

    given: how many were taken. reserved_by_others: items that another client does or has done.
    """

    def __init__(self, table: OutcomeTable[T, R], items: Sequence[T]) -> None:
        super().__init__(items)
        self.given = 0
        self.reserved_by_others: list[T] = []
        self._table: OutcomeTable[T, R] = table

    def take(self, size: int) -> list[T]:
        if not length_hint(self):
            return []
        reserved: list[T] = []
        with self._table.store.transaction():
            self._table.store.release_dead()
            while len(reserved) < size and (batch := super().take(size - len(reserved))):
                for item in batch:
                    if self._reserve(item):
                        reserved.append(self._table.remaining(item))
                    else:
                        self.reserved_by_others.append(item)
        self.given += len(reserved)
        return reserved

    def _reserve(self, item: T) -> bool:
        """Reserve an item; False when another client has reserved or done it."""
        store, key = self._table.store, self._table.key(item)
        reserved = store.execute(
            "INSERT INTO reserved VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING key",
            [key, store.client],
        )
        if reserved and self._table.read(item) is not None:
            # Another client has done it since split().
            store.execute("DELETE FROM reserved WHERE key = ?", [key])
            return False
        return bool(reserved)


def map_stored(
    pool: WorkerPool,
    work: Work[T, R],
    items: Iterable[T],
    killed: Callable[[T], R],
    table: OutcomeTable[T, R] | None = None,
) -> Iterator[list[tuple[T, R]]]:
    """Yield every item with its outcome, like map_chunks(), but do only items not in the table.

    The first chunk holds the stored outcomes, and may be empty. Without a table nothing is stored.
    Raises StoreError too.
    """
    for known, source in rounds(items, table):
        yield known
        for chunk in map_chunks(pool, work, source, killed):
            if table is not None:
                table.save(chunk)
            yield chunk


def rounds(
    items: Iterable[T], table: OutcomeTable[T, R] | None
) -> Iterator[tuple[list[tuple[T, R]], ItemSource[T]]]:
    """Yield the stored outcomes and the items that this client has to do, until all are stored.

    The caller does the items of each source and stores their outcomes with save(). Without a table
    there is one round with all items. Raises StoreError.
    """
    if table is None:
        yield [], ItemSource(items)
        return
    left = list(items)
    while True:
        known, left = table.split(left)
        source = _ReservingSource(table, left)
        yield known, source
        if not (left := source.reserved_by_others):
            return
        if not known and not source.given:
            table.store.on_wait()
            sleep(PAUSE)
