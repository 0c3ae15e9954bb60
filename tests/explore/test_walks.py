"""Random walks: the same with each run, minimal, and true."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.explore.arenas import policy
from tests.explore.conftest import Explore
from zonediff.explore.arena import STANDARD
from zonediff.explore.lockstep import differences
from zonediff.explore.walk_batch import WalkBatch, find_walk
from zonediff.explore.walks import walk

PAIRS = [("upstream", "igor-movable"), ("upstream", "v4.13"), ("upstream", "v4.12")]


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_what_walks_meet_is_what_exploring_finds(left: str, right: str, explore: Explore) -> None:
    arena = STANDARD["hotplug"]
    policies = policy(left), policy(right)
    whole = {item.kind: item for item in explore(left, right, arena)[2].witnesses}
    met = walk(policies, arena, walks=60, seed=4)
    assert met
    assert {witness.kind for witness in met} <= set(whole)
    for witness in met:
        assert len(witness.actions) >= len(whole[witness.kind].actions)
        for left_out in range(len(witness.actions)):
            rest = witness.actions[:left_out] + witness.actions[left_out + 1 :]
            last = differences(policies, arena, "sysfs", rest)[-1]
            assert witness.kind not in [kind for kind, _ in last]


def test_the_seed_alone_decides() -> None:
    policies = policy("upstream"), policy("v4.14")
    first, second, other = (
        walk(policies, STANDARD["eight-blocks"], walks=12, seed=seed, level="results")
        for seed in (1, 1, 2)
    )
    assert first == second
    assert first != other


def test_no_folder_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed worker would leave it behind."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    drawn = []

    def condition(walk: tuple[int, ...]) -> bool:
        drawn.append(walk)
        return bool(list(tmp_path.iterdir()))

    assert find_walk(STANDARD["hotplug"], WalkBatch("seed", 20), condition) is None
    assert len(drawn) == 20


def test_equivalent_variants_meet_no_difference() -> None:
    policies = policy("michal-split/3"), policy("hyperv-xen-only")
    assert walk(policies, STANDARD["hotplug"], walks=20, seed=0) == []
