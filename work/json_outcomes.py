"""Outcomes of any kind in one table, as JSON: for work whose outcomes nobody queries."""

from __future__ import annotations

import hashlib
import json
import zlib
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from cattrs import BaseValidationError

from zonediff.work.outcome_table import OutcomeTable
from zonediff.work.store import Store, StoreError

T = TypeVar("T")
R = TypeVar("R")

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS outcomes "
    "(key TEXT PRIMARY KEY, what TEXT NOT NULL, body BLOB NOT NULL)"
)
"""what: the item in words, for whoever looks into the file. body: JSON, compressed by zlib."""


class JsonOutcomes(OutcomeTable[T, R]):
    """Outcomes that are known by all that they depend on."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        store.create([_TABLE])

    @abstractmethod
    def needs(self, item: T) -> Sequence[object]:
        """All that an outcome depends on, in terms of JSON; the code by its fingerprint()."""

    @abstractmethod
    def what(self, item: T) -> str:
        """The item in words."""

    @abstractmethod
    def dump(self, outcome: R) -> Any:
        """An outcome in terms of JSON; None for one that is not to be kept."""

    @abstractmethod
    def load(self, item: T, body: Any) -> R:
        """Undo dump()."""

    def key(self, item: T) -> str:
        text = json.dumps([type(self).__name__, *self.needs(item)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def read(self, item: T) -> R | None:
        found = self.store.execute("SELECT body FROM outcomes WHERE key = ?", [self.key(item)])
        if not found:
            return None
        try:
            return self.load(item, json.loads(zlib.decompress(found[0][0])))
        except (BaseValidationError, LookupError, TypeError, ValueError, zlib.error) as error:
            raise StoreError(
                f"{self.store.path}: what it has of {self.what(item)} is damaged ({error}); "
                "name another --store, or delete this one"
            ) from None

    def write(self, item: T, outcome: R) -> None:
        body = self.dump(outcome)
        if body is not None:
            packed = zlib.compress(json.dumps(body, separators=(",", ":")).encode())
            self.store.execute(
                "INSERT INTO outcomes VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (self.key(item), self.what(item), packed),
            )
