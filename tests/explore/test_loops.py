"""The compiled loops do what those over arrays do."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonediff.explore import array_loops, breadth_first, learner
from zonediff.explore.arena import STANDARD
from zonediff.explore.build import build
from zonediff.variants.registry import Registry

pytest.importorskip("numba")

CELLS, VALUES, NODES = 4, 3, 6
LOOPS = ["array_loops", "compiled_loops"]


@pytest.fixture(params=LOOPS)
def loops(request: pytest.FixtureRequest) -> ModuleType:
    return import_module(f"zonediff.explore.{request.param}")


@given(seed=st.integers(0, 2**32 - 1))
def test_both_walk_and_write_alike(seed: int) -> None:
    random = np.random.default_rng(seed)
    # Nodes lead to later ones only, to effects, or to cases that are not known.
    table = np.array(
        [[random.integers(-4, NODES) for _ in range(VALUES)] for _ in range(NODES)], np.int32
    )
    table = np.where(table <= np.arange(NODES)[:, np.newaxis], np.minimum(table, -1), table)
    table = table.astype(np.int32)
    cell_of_node = random.integers(0, CELLS, NODES).astype(np.int32)
    start = random.integers(0, VALUES, (5, CELLS)).astype(np.uint16)
    index, node = random.integers(0, 5, 20), random.integers(0, NODES, 20)
    written = np.sort(random.integers(0, CELLS + 1, (3, 2)), axis=1)
    written[written[:, 0] == written[:, 1], 1] = CELLS
    values, effect = random.integers(0, VALUES, (3, 2)), random.integers(0, 3, 5)
    weights = random.integers(0, 2**64, (2, CELLS), np.uint64)
    done = []
    for name in LOOPS:
        loops = import_module(f"zonediff.explore.{name}")
        rows, difference = start.copy(), np.zeros((2, 5), np.uint64)
        end = loops.walk(table, cell_of_node, rows, index, node)
        loops.write(written, values, rows, np.arange(5), effect, weights, difference)
        sums = [(rows * each).sum(axis=1) - (start * each).sum(axis=1) for each in weights]
        assert (difference == np.stack(sums)).all()
        done.append((end.tolist(), rows.tolist(), difference.tolist()))
    assert done[0] == done[1]


def test_a_system_is_the_same_with_compiled_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    policy, arena = Registry().model("v4.14").policy, STANDARD["two-dimms"]
    plain = build(policy, arena)
    monkeypatch.setattr(breadth_first, "LARGE", 100)
    assert build(policy, arena).content == plain.content


@pytest.mark.parametrize("error", [ImportError, RuntimeError])
def test_where_numba_cannot_compile_the_arrays_do(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(name: str) -> ModuleType:
        raise error(name)

    monkeypatch.setattr(breadth_first, "LARGE", 1)
    monkeypatch.setattr(learner, "import_module", fail)
    build(Registry().model("v4.14").policy, STANDARD["two-blocks"])


def test_an_unknown_case_is_named_by_its_place(loops: ModuleType) -> None:
    table = np.array([[1, -1], [-2, -3]], np.int32)
    cells, rows = np.array([0, 1], np.int32), np.array([[0, 1], [1, 0]], np.uint16)
    ends = loops.walk(table, cells, rows, np.array([0, 1]), np.array([0, 0]))
    assert ends.tolist() == [-3, 1]
    assert array_loops.UNKNOWN == -1
