"""The corpus that comes with the package."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from zonediff.corpus.loader import SHIPPED, load
from zonediff.corpus.scenario import Scenario
from zonediff.engine.steps import REGISTRY


@pytest.fixture(scope="module")
def corpus() -> list[Scenario]:
    """Every shipped scenario."""
    return load()


def test_it_is_loaded_whole_and_in_order(corpus: list[Scenario]) -> None:
    files = {path.relative_to(SHIPPED).as_posix() for path in SHIPPED.rglob("*.yaml")}
    assert {scenario.file for scenario in corpus} == files
    ids = [scenario.id for scenario in corpus]
    assert ids == sorted(set(ids))


def test_ids_are_plain_words(corpus: list[Scenario]) -> None:
    plain = re.compile(r"[a-z0-9-]+/[a-z0-9-]+(\[[^\s\[\]]+\])?")
    assert [item.id for item in corpus if not plain.fullmatch(item.id)] == []


def test_no_two_scenarios_mean_the_same(corpus: list[Scenario]) -> None:
    hashes = Counter(scenario.hash for scenario in corpus)
    assert [item.id for item in corpus if hashes[item.hash] > 1] == []


def test_every_kind_of_step_is_used(corpus: list[Scenario]) -> None:
    used = {step.do.verb for scenario in corpus for step in scenario.steps}
    assert set(REGISTRY) - used == set()


def test_claims_of_the_thread_are_spoken_to(corpus: list[Scenario]) -> None:
    spoken = {claim for scenario in corpus for claim in scenario.claims}
    assert spoken >= {f"C{number:02}" for number in range(1, 21)}


def test_texts_are_ascii_and_fit_a_mail(corpus: list[Scenario]) -> None:
    texts = {
        scenario.id: (scenario.title, scenario.why, *(goal.want for goal in scenario.goals))
        for scenario in corpus
    }
    assert [name for name, text in texts.items() if not "".join(text).isascii()] == []
    assert [item.id for item in corpus if len(item.title) > 100] == []
