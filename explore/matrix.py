"""Every pair of variants on the standard small machines: who behaves like whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Final

from zonediff.engine.policy import Policy
from zonediff.explore.arena import STANDARD, Arena
from zonediff.explore.build import build
from zonediff.explore.compare import compare
from zonediff.explore.explain import exploration, failed_exploration
from zonediff.explore.system import Numberings, System
from zonediff.explore.views import Level
from zonediff.result.explorations import Exploration

ARENAS: Final = tuple(STANDARD[name] for name in ("one-dimm", "two-dimms", "two-nodes", "hotplug"))
"""One DIMM of four blocks; two of two; two nodes; and DIMMs that come and go, with the knob."""


def matrix(
    policies: Sequence[Policy],
    arenas: Sequence[Arena] = ARENAS,
    *,
    level: Level = "sysfs",
    max_states: int = 100_000,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Exploration]:
    """Each pair of variants in each arena, by arena, then in the order of the variants.

    A variant that raises anything spoils only its own pairs. progress: called with how many
    variants were explored, and of how many, over all arenas.
    """
    found: list[Exploration] = []
    for number, arena in enumerate(arenas):
        numberings = Numberings()
        explored: list[tuple[Policy, System | Exception]] = []
        for policy in policies:
            explored.append((policy, _explored(policy, arena, level, max_states, numberings)))
            progress(number * len(policies) + len(explored), len(arenas) * len(policies))
        for (left, one), (right, two) in combinations(explored, 2):
            if isinstance(one, System) and isinstance(two, System):
                comparison = compare(one, two)
                found.append(exploration(arena, level, (left, right), (one, two), comparison))
            else:
                error = next(item for item in (one, two) if isinstance(item, Exception))
                found.append(failed_exploration(arena, level, left.name, right.name, error))
    return found


def _explored(
    policy: Policy, arena: Arena, level: Level, max_states: int, numberings: Numberings
) -> System | Exception:
    try:
        return build(policy, arena, level=level, max_states=max_states, numberings=numberings)
    except Exception as error:
        return error
