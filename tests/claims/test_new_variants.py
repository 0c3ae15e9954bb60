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
