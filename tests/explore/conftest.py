"""Two systems side by side."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.explore.arenas import policy
from zonediff.engine.policy import Policy
from zonediff.explore.arena import Arena
from zonediff.explore.looks import Level
from zonediff.explore.lts import Numberings, System, build
from zonediff.explore.product import Comparison, compare

Explore = Callable[..., tuple[System, System, Comparison]]


@pytest.fixture
def explore() -> Explore:
    """Build two systems side by side and compare them."""

    def explore(
        left: Policy | str, right: Policy | str, arena: Arena, level: Level = "sysfs", **bounds: int
    ) -> tuple[System, System, Comparison]:
        numberings = Numberings()
        one, two = (
            build(policy(variant), arena, level=level, numberings=numberings, **bounds)
            for variant in (left, right)
        )
        return one, two, compare(one, two)

    return explore
