from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from zonediff.corpus.loader import load
from zonediff.corpus.problems import ScenarioError
from zonediff.corpus.scenario import Scenario

VALID = """\
title: a DIMM goes online
why: because it should
claims: [C01]
machine:
  nodes: [1G, 0]
  dimms: [{id: dimm1, size: 1G}]
steps:
  - write: {file: memory39/state, value: online_movable}
    name: last
  - plug: {id: dimm2, size: 256M, node: 1}
  - online: {blocks: dimm2, value: online_kernel, order: last-to-first}
  - unplug: {id: dimm2}
goals:
  - want: the write is accepted
    step: last
    result: ok
  - want: the block is movable
    blocks: 39
    state: online
    zone: Movable
    after: 1
"""


@pytest.fixture
def valid() -> str:
    """A scenario file without mistakes; it touches nothing of the shipped corpus."""
    return VALID


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], list[Scenario]]:
    """Loads a text as if it were the only scenario file."""

    def read(text: str) -> list[Scenario]:
        file = tmp_path / "case.yaml"
        file.write_text(text, encoding="utf-8")
        return load([file])

    return read


@pytest.fixture
def mistakes(
    read: Callable[[str], list[Scenario]],
) -> Callable[[str], list[str]]:
    """The problems of a text, as `line:column: path: message`."""

    def mistakes(text: str) -> list[str]:
        with pytest.raises(ScenarioError) as caught:
            read(text)
        lines = str(caught.value).splitlines()
        return [line.partition("case.yaml:")[2] for line in lines]

    return mistakes
