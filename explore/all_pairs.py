"""Compare all pairs of variants in some arenas: which behave alike?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any, Final, NamedTuple

from zonediff.explore.arena import STANDARD, Arena
from zonediff.explore.explain import failed_exploration
from zonediff.explore.pairs import explore_pairs
from zonediff.explore.views import Level
from zonediff.result.converter import from_json, to_json
from zonediff.result.explorations import Exploration
from zonediff.variants.failure import VariantFailed
from zonediff.variants.registry import Registry
from zonediff.work.fingerprint import fingerprint
from zonediff.work.json_outcomes import JsonOutcomes
from zonediff.work.outcome_table import map_stored
from zonediff.work.pool import InProcess, WorkerPool
from zonediff.work.store import Store

ARENAS: Final = tuple(STANDARD[name] for name in ("one-dimm", "two-dimms", "two-nodes", "hotplug"))
"""One DIMM of four blocks; two of two; one on each of two nodes; DIMMs that are plugged, and the
knob."""


class ArenaPairs(NamedTuple):
    """All pairs of some variants, by name, in one arena."""

    arena: Arena
    level: Level
    variants: tuple[str, ...]


def explore_all_pairs(
    variants: Sequence[str],
    registry: Registry,
    arenas: Sequence[Arena] = ARENAS,
    *,
    level: Level = "sysfs",
    pool: WorkerPool | None = None,
    store: Store | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Exploration]:
    """Compare each pair of variants in each arena; by arena, then in the order of the variants.

    pool: explores the arenas; without one this process does. store: keeps the explorations of
    each arena. progress: called with the number of arenas explored, and of all.
    """
    items = [ArenaPairs(arena, level, tuple(variants)) for arena in arenas]
    table = ArenaTable(store, registry) if store else None
    explored: dict[ArenaPairs, list[Exploration]] = {}
    for chunk in map_stored(pool or InProcess(registry), _work, items, _killed, table):
        explored.update(chunk)
        progress(len(explored), len(items))
    return [exploration for item in items for exploration in explored[item]]


def _work(registry: Registry, item: ArenaPairs) -> list[Exploration]:
    policies = [registry.model(name).policy for name in item.variants]
    return explore_pairs(policies, item.arena, level=item.level)


def _killed(item: ArenaPairs) -> list[Exploration]:
    """The explorations of an arena in which a variant ends its process."""
    error = VariantFailed(f"exploring {item.arena.name} ended the worker process")
    return [
        failed_exploration(item.arena, item.level, *pair, error)
        for pair in combinations(item.variants, 2)
    ]


class ArenaTable(JsonOutcomes[ArenaPairs, list[Exploration]]):
    """The explorations of each arena in a store, unless one of its pairs failed."""

    def __init__(self, store: Store, registry: Registry) -> None:
        super().__init__(store)
        self._registry = registry

    def depends_on(self, item: ArenaPairs) -> Sequence[object]:
        policies = (self._registry.model(name).policy for name in item.variants)
        return [fingerprint(*policies), repr(item.arena), item.level, item.variants]

    def describe(self, item: ArenaPairs) -> str:
        return f"exploration of {', '.join(item.variants)} on {item.arena.name}"

    def dump(self, outcome: list[Exploration]) -> Any:
        failed = any(exploration.verdict == "error" for exploration in outcome)
        return None if failed else to_json(outcome)

    def load(self, item: ArenaPairs, body: Any) -> list[Exploration]:
        explorations = from_json(body, list[Exploration])
        pairs = [(item.baseline, item.candidate) for item in explorations]
        if pairs != [*combinations(item.variants, 2)]:
            raise ValueError("it is of other variants")
        return explorations
