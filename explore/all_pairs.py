"""Compare all pairs of variants in some arenas: which behave alike?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations
from typing import Final

from zonediff.engine.policy import Policy
from zonediff.engine.run import run
from zonediff.explore.arena import STANDARD, Arena
from zonediff.explore.build import build
from zonediff.explore.compare import Comparison, compare
from zonediff.explore.explain import exploration, failed_exploration
from zonediff.explore.system import Numberings, System
from zonediff.explore.views import Level
from zonediff.result.explorations import Exploration

ARENAS: Final = tuple(STANDARD[name] for name in ("one-dimm", "two-dimms", "two-nodes", "hotplug"))
"""One DIMM of four blocks; two of two; one on each of two nodes; DIMMs that are plugged, and the
knob."""


def explore_all_pairs(
    policies: Sequence[Policy],
    arenas: Sequence[Arena] = ARENAS,
    *,
    level: Level = "sysfs",
    max_states: int = 100_000,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Exploration]:
    """Compare each pair of variants in each arena; by arena, then in the order of the variants.

    A pair with a variant that raises an exception has the verdict `error`. progress: called with
    the number of systems built, and of all, over all arenas.
    """
    explorations: list[Exploration] = []
    for number, arena in enumerate(arenas):
        numberings = Numberings()
        systems: list[tuple[Policy, System | Exception]] = []
        for policy in policies:
            systems.append((policy, _try_build(policy, arena, level, max_states, numberings)))
            progress(number * len(policies) + len(systems), len(arenas) * len(policies))
        # Many variants have equal systems, which are compared once; many witnesses are the same.
        run_once = cache(run)
        comparisons: dict[tuple[bytes, bytes], Comparison] = {}
        for (left_policy, left), (right_policy, right) in combinations(systems, 2):
            policies_here = left_policy, right_policy
            if isinstance(left, System) and isinstance(right, System):
                contents = left.content, right.content
                if contents not in comparisons:
                    comparisons[contents] = compare(left, right)
                comparison = comparisons[contents]
                explorations.append(
                    exploration(arena, level, policies_here, (left, right), comparison, run_once)
                )
            else:
                error = next(item for item in (left, right) if isinstance(item, Exception))
                names = left_policy.name, right_policy.name
                explorations.append(failed_exploration(arena, level, *names, error))
    return explorations


def _try_build(
    policy: Policy, arena: Arena, level: Level, max_states: int, numberings: Numberings
) -> System | Exception:
    try:
        return build(policy, arena, level=level, max_states=max_states, numberings=numberings)
    except Exception as error:
        return error
