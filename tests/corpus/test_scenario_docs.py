"""The guide for authors says what the loader does."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from zonediff.corpus.draft import KEYS
from zonediff.corpus.scenario import Scenario
from zonediff.corpus.schema import GOALS
from zonediff.engine.actors import ACTORS
from zonediff.engine.machine import Config, Dimm, Machine
from zonediff.engine.managed_devices import Dax, VirtioMem
from zonediff.engine.steps import REGISTRY

GUIDE = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
TYPES: list[type] = [
    *REGISTRY.values(),
    *GOALS.values(),
    *ACTORS,
    Machine,
    Dimm,
    Dax,
    VirtioMem,
    Config,
]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 6


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_loads(read: Callable[[str], list[Scenario]], example: str) -> None:
    assert read(example)


@pytest.mark.parametrize("word", [*KEYS, *REGISTRY, *GOALS])
def test_word_is_explained(word: str) -> None:
    assert re.search(rf"^\| `{word}[`:]", GUIDE, re.MULTILINE)


@pytest.mark.parametrize("kind", TYPES)
def test_keys_are_named(kind: type) -> None:
    names = [item.name for item in dataclasses.fields(kind)]
    assert [name for name in names if not re.search(rf"`{name}[`:]", GUIDE)] == []
