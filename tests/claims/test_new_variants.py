"""What claims that name kernels say of a variant from outside."""

from __future__ import annotations

from pathlib import Path

from zonediff.compare.claims.ledger import judge_claims
from zonediff.compare.run import run
from zonediff.corpus.claim_files import load_claims
from zonediff.corpus.loader import load
from zonediff.variants.registry import Registry

MINE = '''
from zonediff.variants.upstream import Upstream

class Mine(Upstream):
    """As v4.10, under another name."""

    name = "mine"
    origin = "a test"
'''


def test_a_variant_is_judged_as_the_kernel_that_it_is_built_on(tmp_path: Path) -> None:
    """Only what is said of another patch or release does not speak of it."""
    file = tmp_path / "mine.py"
    file.write_text(MINE)
    registry = Registry([file])
    wanted = [item for item in load_claims() if item.id in ("E01", "E02", "E05", "E11", "C20")]
    names = {name for item in wanted for name in item.scenarios}
    scenarios = [scenario for scenario in load() if scenario.id in names]
    outcomes = judge_claims(wanted, run(scenarios, ["mine"], registry=registry), registry)
    verdicts = {item.id: {v.variant: v.verdict for v in item.verdicts} for item in outcomes}
    assert all(item["mine"] == item["upstream"] for item in verdicts.values())
    assert {name: item["mine"] for name, item in verdicts.items()} == {
        "C20": "moot",
        "E01": "supported",
        "E02": "supported",
        "E05": "moot",
        "E11": "supported",
    }


ALWAYS_MOVABLE = '''
from zonediff.engine.rules import Decision, Rule
from zonediff.engine.zones import Zone
from zonediff.variants.upstream import Upstream

RULE = Rule("zone_for_memory.mine", "zone_for_memory", "it starts in zone Movable", "a test")


class AlwaysMovable(Upstream):
    """All added memory starts in zone Movable."""

    name = "always-movable"
    origin = "a test"

    def zone_of_new_memory(self, kernel, node, first, source):
        return Decision(Zone.MOVABLE, RULE.because())
'''


def test_few_claims_are_moot_for_a_new_variant(tmp_path: Path) -> None:
    """C20, E05, E06 and E16 name a patch; the premises of C15 and C18 do not hold here."""
    file = tmp_path / "mine.py"
    file.write_text(ALWAYS_MOVABLE)
    registry = Registry([file])
    claims = load_claims()
    names = {name for item in claims for name in item.scenarios}
    scenarios = [scenario for scenario in load() if scenario.id in names]
    result = run(scenarios, ["always-movable"], registry=registry)
    verdicts = {
        item.id: verdict
        for item in judge_claims(claims, result, registry)
        for verdict in item.verdicts
        if verdict.variant == "always-movable"
    }
    assert len(verdicts) == 41
    moot = {id: verdict for id, verdict in verdicts.items() if verdict.verdict == "moot"}
    elsewhere = [id for id, item in moot.items() if item.condition.endswith("about this variant")]
    assert sorted(elsewhere) == ["C20", "E05", "E06", "E16"]
    assert sorted(moot) == ["C15", "C18", "C20", "E05", "E06", "E16"]
    assert verdicts["E11"].verdict == "supported"
