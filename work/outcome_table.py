"""Work through a store: what is there is not done again, and no two clients do the same.

A client reserves an item before it does it, until the outcome is there. What others have reserved
is waited for, and done here when they are gone without an outcome.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import length_hint
from time import sleep
from typing import Final, Generic, TypeVar

from zonediff.work.chunks import Supply, map_chunks
from zonediff.work.pool import Work, WorkerPool
from zonediff.work.store import Store

T = TypeVar("T")
R = TypeVar("R")

PAUSE: Final = 0.2
"""Seconds between two looks at what others have done."""


class OutcomeTable(ABC, Generic[T, R]):
    """The outcomes of one kind of work in a store: how items are known, and where they stand."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @abstractmethod
    def key(self, item: T) -> str:
        """What an item is known by: a hash of all that its outcome depends on."""

    @abstractmethod
    def read(self, item: T) -> R | None:
        """The outcome of an item; None when it is not there, or not all of it."""

    @abstractmethod
    def write(self, item: T, outcome: R) -> None:
        """Add an outcome; what is there already stays as it is."""

    def rest(self, item: T) -> T:
        """What is to be done of an item whose outcome is not there."""
        return item

    def save(self, found: Iterable[tuple[T, R]]) -> None:
        """Add outcomes, all in one transaction. Raises KeepError."""
        with self.store.transaction():
            for item, outcome in found:
                self.write(item, outcome)
                self.store.execute("DELETE FROM reserved WHERE key = ?", [self.key(item)])

    def look(self, items: Iterable[T]) -> tuple[list[tuple[T, R]], list[T]]:
        """The items whose outcome is there, with it; and the others."""
        known: list[tuple[T, R]] = []
        left: list[T] = []
        for item in items:
            outcome = self.read(item)
            if outcome is None:
                left.append(item)
            else:
                known.append((item, outcome))
        return known, left


class _ReservingSupply(Supply[T]):
    """Items that nobody else does, reserved as they are taken. given: how many were."""

    def __init__(self, table: OutcomeTable[T, R], items: Sequence[T]) -> None:
        super().__init__(items)
        self.given = 0
        self.of_others: list[T] = []
        self._shelf: OutcomeTable[T, R] = table

    def take(self, size: int) -> list[T]:
        if not length_hint(self):
            return []
        taken: list[T] = []
        with self._shelf.store.transaction():
            self._shelf.store.free_of_the_dead()
            while len(taken) < size and (batch := super().take(size - len(taken))):
                for item in batch:
                    if self._reserve(item):
                        taken.append(self._shelf.rest(item))
                    else:
                        self.of_others.append(item)
        self.given += len(taken)
        return taken

    def _reserve(self, item: T) -> bool:
        """Whether it is this client's to do."""
        store, key = self._shelf.store, self._shelf.key(item)
        reserved = store.execute(
            "INSERT INTO reserved VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING key",
            [key, store.client],
        )
        if reserved and self._shelf.read(item) is not None:
            # Another has done it since this one looked.
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
    """Each item with what came of it, as chunks.spread(), but what is on the shelf is not done.

    The first chunk is what is there, and may be empty. Without a shelf nothing is kept. Raises
    KeepError too.
    """
    for known, supply in rounds(items, table):
        yield known
        for chunk in map_chunks(pool, work, supply, killed):
            if table is not None:
                table.save(chunk)
            yield chunk


def rounds(
    items: Iterable[T], table: OutcomeTable[T, R] | None
) -> Iterator[tuple[list[tuple[T, R]], Supply[T]]]:
    """What is there already, and what this client is to do; again until all is there.

    Whoever asks has to do what is supplied, and to save() it. Without a shelf all items are to be
    done, in one round. Raises KeepError.
    """
    if table is None:
        yield [], Supply(items)
        return
    left = list(items)
    while True:
        known, left = table.look(left)
        supply = _ReservingSupply(table, left)
        yield known, supply
        if not (left := supply.of_others):
            return
        if not known and not supply.given:
            table.store.waits()
            sleep(PAUSE)
