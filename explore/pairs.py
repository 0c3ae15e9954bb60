"""Compare each pair of variants in one arena: each variant's system is built once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import combinations
from typing import Final

from zonediff.engine.policy import Policy
from zonediff.engine.run import run
from zonediff.explore.arena import Arena
from zonediff.explore.build import build
from zonediff.explore.compare import Comparison, compare
from zonediff.explore.explain import exploration, failed_exploration
from zonediff.explore.system import Numberings, System
from zonediff.explore.views import Level
from zonediff.result.explorations import Exploration

MAX_STATES: Final = 100_000
"""The greatest number of states of a system."""


def explore_pairs(
    policies: Sequence[Policy], arena: Arena, *, level: Level = "sysfs"
) -> list[Exploration]:
    """Compare each pair of variants in one arena, in the order of the variants.

    A pair with a variant that raises an exception has the verdict `error`.
    """
    numberings = Numberings()
    systems = [(policy, _try_build(policy, arena, level, numberings)) for policy in policies]
    # Many variants have equal systems, which are compared once; many witnesses are the same.
    run_once = cache(run)
    comparisons: dict[tuple[bytes, bytes], Comparison] = {}
    explorations: list[Exploration] = []
    for (left_policy, left), (right_policy, right) in combinations(systems, 2):
        pair = left_policy, right_policy
        if isinstance(left, System) and isinstance(right, System):
            contents = left.content, right.content
            if contents not in comparisons:
                comparisons[contents] = compare(left, right)
            explorations.append(
                exploration(arena, level, pair, (left, right), comparisons[contents], run_once)
            )
        else:
            error = next(item for item in (left, right) if isinstance(item, Exception))
            names = left_policy.name, right_policy.name
            explorations.append(failed_exploration(arena, level, *names, error))
    return explorations


def _try_build(
    policy: Policy, arena: Arena, level: Level, numberings: Numberings
) -> System | Exception:
    try:
        return build(policy, arena, level=level, max_states=MAX_STATES, numberings=numberings)
    except Exception as error:
        return error
