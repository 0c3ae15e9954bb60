"""The outcomes of batches of random walks in a store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from zonediff.explore.kinds import Kind
from zonediff.explore.walk_batch import WalkBatch, WalkSetting
from zonediff.result.converter import from_json
from zonediff.work.fingerprint import fingerprint
from zonediff.work.json_outcomes import JsonOutcomes
from zonediff.work.store import Store

R = TypeVar("R")

PACKAGES: Final = ("hypothesis",)
"""The packages that decide an outcome: another version may draw other walks."""


class _BatchTable(JsonOutcomes[WalkBatch, R]):
    """The outcome of each batch in one setting."""

    def __init__(self, store: Store, setting: WalkSetting) -> None:
        super().__init__(store)
        names = [policy.name for policy in setting.policies]
        code = fingerprint(*setting.policies, packages=PACKAGES)
        self._setting = [code, names, repr(setting.arena), setting.level]
        self._where = f"{' and '.join(names)} on {setting.arena.name}"

    def depends_on(self, item: WalkBatch) -> Sequence[object]:
        return [*self._setting, *item]

    def describe(self, item: WalkBatch) -> str:
        return f"{item.walks} walks from seed {item.seed!r}, {self._where}"


class KindTable(_BatchTable[dict[Kind, int]]):
    """The number of walks of a batch that show each kind, in order of first occurrence."""

    def dump(self, outcome: dict[Kind, int]) -> Any:
        return [[kind, count] for kind, count in outcome.items()]

    def load(self, item: WalkBatch, body: Any) -> dict[Kind, int]:
        kinds: dict[Kind, int] = {}
        for row in from_json(body, list[list[Any]]):
            texts, count = row
            kinds[Kind(*from_json(texts, list[Any]))] = from_json(count, int)
        return kinds


class ShrunkTable(_BatchTable[tuple[int, ...]]):
    """The walk of a batch that shows its kind, shrunk."""

    def describe(self, item: WalkBatch) -> str:
        return f"{super().describe(item)}, shrunk to {' '.join(map(str, item.kind or ()))}"

    def dump(self, outcome: tuple[int, ...]) -> Any:
        return outcome

    def load(self, item: WalkBatch, body: Any) -> tuple[int, ...]:
        return from_json(body, tuple[int, ...])
