"""Arenas with a dax device and with a virtio-mem device."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.explore.arenas import policy
from tests.explore.test_soundness import walk_beside
from zonediff.corpus.problems import ScenarioError
from zonediff.explore import arena_file
from zonediff.explore.all_pairs import explore_all_pairs
from zonediff.explore.arena import STANDARD
from zonediff.explore.arena_checks import asymmetry
from zonediff.explore.build import build
from zonediff.variants.registry import Registry


def test_the_steps_of_a_dax_device() -> None:
    arena = STANDARD["dax"]
    assert arena.blocks == (8, 9)
    assert [str(step) for step in arena.actions[8:10]] == [
        "unbind dax0.0 from kmem",
        "bind dax0.0 to kmem",
    ]
    assert "dax device dax0.0 of 256M on node 0" in arena.about


def test_the_steps_of_a_virtio_mem_device() -> None:
    arena = STANDARD["virtio-mem"]
    assert arena.blocks == (32, 33)
    assert [str(step) for step in arena.actions[8:13]] == [
        f"resize vmem0 to {size}" for size in ("0", "64M", "128M", "192M", "256M")
    ]
    assert "virtio-mem device vmem0 of 256M on node 0" in arena.about


@pytest.mark.parametrize("name", ["dax", "virtio-mem"])
def test_the_explorer_agrees_with_brute_force(name: str) -> None:
    arena, kernel = STANDARD[name], policy("v7.2")
    system = build(kernel, arena, level="spans")
    assert system.complete
    assert len(walk_beside(kernel, arena, system, most=400)) >= 100


@pytest.mark.parametrize("name", ["dax", "virtio-mem"])
def test_the_variants_behave_alike(name: str) -> None:
    [exploration] = explore_all_pairs(("v6.12", "v7.2"), Registry(), [STANDARD[name]])
    assert exploration.verdict == "equivalent"


def test_a_file_with_a_dax_device_alone(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "machine: {nodes: [1536M], dax: [{id: dax0.0, size: 256M, addr: 1G}]}\nalphabet: [driver]\n"
    )
    arena = arena_file.load(file)
    assert len(arena.actions) == 2
    assert asymmetry(arena).startswith("nodes are interchangeable by their DIMMs alone")
    file.write_text("machine: {nodes: [1G]}\nalphabet: [driver]\n")
    with pytest.raises(ScenarioError, match="expected a DIMM"):
        arena_file.load(file)
