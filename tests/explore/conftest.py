"""Two systems side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.explore.arenas import policy
from zonediff.engine.policy import Policy
from zonediff.explore.arena import Arena
from zonediff.explore.build import build
from zonediff.explore.compare import Comparison, compare
from zonediff.explore.system import Numberings, System
from zonediff.explore.views import Level

Explore = Callable[..., tuple[System, System, Comparison]]


@pytest.fixture
def explore() -> Explore:
    """Build two systems side by side and compare them."""

    def explore(
        left: Policy | str, right: Policy | str, arena: Arena, level: Level = "sysfs", **bounds: Any
    ) -> tuple[System, System, Comparison]:
        numberings = Numberings()
        first, second = (
            build(policy(variant), arena, level=level, numberings=numberings, **bounds)
            for variant in (left, right)
        )
        return first, second, compare(first, second)

    return explore
