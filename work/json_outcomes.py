"""Outcomes of any kind in one table, as JSON: for outcomes that nobody queries with SQL."""

from __future__ import annotations

import hashlib
import json
import zlib
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from cattrs import BaseValidationError

from zonediff.engine.bounds import STORED_BYTES
from zonediff.work.outcome_table import OutcomeTable
from zonediff.work.store import Store, damaged

T = TypeVar("T")
R = TypeVar("R")

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS outcomes "
    "(key TEXT PRIMARY KEY, what TEXT NOT NULL, body BLOB NOT NULL)"
)
"""what: the item in words, for people who open the file. body: JSON, compressed by zlib."""


class JsonOutcomes(OutcomeTable[T, R]):
    """Outcomes under a key that is made of the subclass's name and all that they depend on."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        store.create([_TABLE])

    @abstractmethod
    def depends_on(self, item: T) -> Sequence[object]:
        """Return all that the outcome depends on, as JSON values; code as its fingerprint()."""

    @abstractmethod
    def describe(self, item: T) -> str:
        """Return the item in words."""

    @abstractmethod
    def dump(self, outcome: R) -> Any:
        """Return an outcome as JSON values; None for one that must not be stored."""

    @abstractmethod
    def load(self, item: T, body: Any) -> R:
        """Return the outcome that dump() made `body` of."""

    def key(self, item: T) -> str:
        text = json.dumps([type(self).__name__, *self.depends_on(item)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def read(self, item: T) -> R | None:
        rows = self.store.execute("SELECT body FROM outcomes WHERE key = ?", [self.key(item)])
        if not rows:
            return None
        try:
            return self.load(item, json.loads(_unpacked(rows[0][0])))
        except (
            *(BaseValidationError, LookupError, TypeError, ValueError),
            *(RecursionError, zlib.error),
        ) as error:
            raise damaged(self.store, self.describe(item), error) from None

    def write(self, item: T, outcome: R) -> None:
        body = self.dump(outcome)
        if body is not None:
            packed = zlib.compress(json.dumps(body, separators=(",", ":")).encode())
            self.store.execute(
                "INSERT INTO outcomes VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (self.key(item), self.describe(item), packed),
            )


def _unpacked(packed: bytes) -> bytes:
    """Unpack an outcome, which may come from anywhere. Raises ValueError when it is too large."""
    unpacking = zlib.decompressobj()
    body = unpacking.decompress(packed, STORED_BYTES + 1)
    if len(body) > STORED_BYTES:
        raise ValueError(f"unpacked it is larger than {STORED_BYTES} bytes")
    if not unpacking.eof:
        raise ValueError("its end is missing")
    return body
