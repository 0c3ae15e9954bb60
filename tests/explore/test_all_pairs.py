"""All pairs of variants on small machines, kept in a result."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from tests.explore.arenas import TINY, policy
from zonediff.compare.describe import variant_info
from zonediff.engine.rules import Decision
from zonediff.engine.state import KernelState
from zonediff.engine.zones import OnlineType, Zone
from zonediff.explore.all_pairs import ArenaPairs, ArenaTable, explore_all_pairs
from zonediff.explore.pairs import explore_pairs
from zonediff.result.explorations import Exploration
from zonediff.result.files import dumps, loads
from zonediff.result.result import Result
from zonediff.variants.registry import Registry
from zonediff.variants.upstream import Upstream
from zonediff.work.open_pool import open_pool
from zonediff.work.store import open_store

NAMES = ("upstream", "igor-movable", "michal-split/1", "michal-split/3", "hyperv-xen-only")


class Broken(Upstream):
    name = "broken"

    def zone_to_online(
        self, kernel: KernelState, block: int, online_type: OnlineType
    ) -> Decision[Zone | None]:
        raise ZeroDivisionError("by design")


def test_expectations_of_the_thread() -> None:
    actual = {
        (item.baseline, item.candidate): item.verdict
        for item in explore_pairs([policy(name) for name in NAMES], TINY["two-blocks"])
    }
    assert len(actual) == 10
    assert actual["michal-split/3", "hyperv-xen-only"] == "equivalent"
    assert actual["upstream", "michal-split/1"] == "equivalent"
    assert actual["upstream", "igor-movable"] == "differs"
    assert actual["upstream", "michal-split/3"] == "differs"


def test_a_variant_that_raises_spoils_its_own_pairs_only() -> None:
    policies = [policy("upstream"), Broken(), policy("michal-split/1")]
    actual = explore_pairs(policies, TINY["two-dimms"])
    assert [item.verdict for item in actual] == ["error", "equivalent", "error"]
    assert actual[0].error == f"variant broken failed: {__file__}:34: ZeroDivisionError: by design"


def test_a_result_keeps_explorations() -> None:
    explorations = explore_pairs([policy(name) for name in NAMES[:2]], TINY["two-blocks"])
    variants = [variant_info(Registry().model(name)) for name in NAMES[:2]]
    result = Result("upstream", variants, [], [], [], explorations=explorations)
    assert loads(dumps(result), "x") == result


def test_a_pair_has_the_same_exploration_among_others_and_by_itself() -> None:
    policies = [policy(name) for name in NAMES]
    together = explore_pairs(policies, TINY["two-dimms"])
    alone = [explore_pairs(pair, TINY["two-dimms"]) for pair in combinations(policies, 2)]
    assert together == [exploration for (exploration,) in alone]


SMALL = (TINY["two-blocks"], TINY["two-dimms"])


def refuse(registry: Registry, item: ArenaPairs) -> list[Exploration]:
    raise AssertionError(f"{item} is explored again")


def test_explorations_in_a_store_are_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = explore_all_pairs(NAMES, Registry(), SMALL)
    with open_store(tmp_path / "a.sqlite") as store:
        assert explore_all_pairs(NAMES, Registry(), SMALL, store=store) == expected
        monkeypatch.setattr("zonediff.explore.all_pairs._work", refuse)
        assert explore_all_pairs(NAMES, Registry(), SMALL, store=store) == expected


def test_many_processes_explore_the_same() -> None:
    registry = Registry()
    with open_pool(registry, 2) as pool:
        explored = explore_all_pairs(NAMES, registry, SMALL, pool=pool)
    assert explored == explore_all_pairs(NAMES, registry, SMALL)


def test_a_stored_exploration_depends_on_the_arena_the_level_and_the_variants(
    tmp_path: Path,
) -> None:
    first = ArenaPairs(SMALL[0], "sysfs", NAMES)
    others = [
        first._replace(arena=SMALL[1]),
        first._replace(level="results"),
        first._replace(variants=NAMES[:2]),
    ]
    with open_store(tmp_path / "a.sqlite") as store:
        table = ArenaTable(store, Registry())
        assert len({table.key(item) for item in (first, *others)}) == 4


DEADLY = """
import os
from zonediff.variants.upstream import Upstream

class Deadly(Upstream):
    name = "deadly"
    def zone_to_online(self, kernel, block, online_type):
        os.kill(os.getpid(), 9)
"""


def test_a_variant_that_ends_its_process_fails_in_that_arena_and_is_not_stored(
    tmp_path: Path,
) -> None:
    file = tmp_path / "deadly.py"
    file.write_text(DEADLY)
    registry, names = Registry(file), ("upstream", "deadly")
    with open_store(tmp_path / "a.sqlite") as store, open_pool(registry, 2) as pool:
        (explored,) = explore_all_pairs(names, registry, SMALL[:1], pool=pool, store=store)
        assert explored.verdict == "error"
        assert explored.error == "exploring two-blocks ended the worker process"
        table = ArenaTable(store, registry)
        assert table.read(ArenaPairs(SMALL[0], "sysfs", names)) is None
