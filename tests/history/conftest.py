"""The shipped corpus on every release, run once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from zonediff.compare.history import history
from zonediff.corpus.claim import Claim
from zonediff.corpus.claim_files import load_claims
from zonediff.corpus.loader import load
from zonediff.corpus.scenario import Scenario
from zonediff.result.history import History, ScenarioHistory
from zonediff.variants.registry import Registry

Shipped = tuple[Sequence[Scenario], Sequence[Claim]]


@pytest.fixture(scope="session")
def shipped() -> Shipped:
    scenarios = load()
    return scenarios, load_claims(scenarios)


@pytest.fixture(scope="session")
def whole_history(shipped: Shipped) -> History:
    return history(*shipped, Registry())


@pytest.fixture(scope="session")
def by_scenario(whole_history: History) -> dict[str, ScenarioHistory]:
    return {item.scenario: item for item in whole_history.scenarios}
