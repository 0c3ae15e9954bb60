"""All pairs of variants on small machines, kept in a result."""

from __future__ import annotations

from itertools import combinations

from tests.explore.arenas import TINY, policy
from zonediff.compare.describe import variant_info
from zonediff.engine.rules import Decision
from zonediff.engine.state import KernelState
from zonediff.engine.zones import OnlineType, Zone
from zonediff.explore.all_pairs import explore_all_pairs
from zonediff.result.files import dumps, loads
from zonediff.result.result import Result
from zonediff.variants.registry import Registry
from zonediff.variants.upstream import Upstream

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
        for item in explore_all_pairs([policy(name) for name in NAMES], [TINY["two-blocks"]])
    }
    assert len(actual) == 10
    assert actual["michal-split/3", "hyperv-xen-only"] == "equivalent"
    assert actual["upstream", "michal-split/1"] == "equivalent"
    assert actual["upstream", "igor-movable"] == "differs"
    assert actual["upstream", "michal-split/3"] == "differs"


def test_a_variant_that_raises_spoils_its_own_pairs_only() -> None:
    policies = [policy("upstream"), Broken(), policy("michal-split/1")]
    actual = explore_all_pairs(policies, [TINY["two-dimms"]])
    assert [item.verdict for item in actual] == ["error", "equivalent", "error"]
    assert actual[0].error == f"variant broken failed: {__file__}:27: ZeroDivisionError: by design"


def test_a_result_keeps_explorations() -> None:
    explorations = explore_all_pairs([policy(name) for name in NAMES[:2]], [TINY["two-blocks"]])
    variants = [variant_info(Registry().model(name)) for name in NAMES[:2]]
    result = Result("upstream", variants, [], [], [], explorations=explorations)
    assert loads(dumps(result), "x") == result


def test_a_pair_has_the_same_exploration_among_others_and_by_itself() -> None:
    policies = [policy(name) for name in NAMES]
    together = explore_all_pairs(policies, [TINY["two-dimms"]])
    alone = [explore_all_pairs(pair, [TINY["two-dimms"]]) for pair in combinations(policies, 2)]
    assert together == [exploration for (exploration,) in alone]
