"""Two models explored over all sequences of an arena's steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zonediff.engine.policy import Policy
from zonediff.explore.arena import Arena
from zonediff.explore.breadth_first import Progress
from zonediff.explore.build import build
from zonediff.explore.compare import compare
from zonediff.explore.explain import exploration
from zonediff.explore.kinds import Witness
from zonediff.explore.system import Numberings, System
from zonediff.explore.views import Level
from zonediff.result.explorations import Exploration


@dataclass(frozen=True, slots=True)
class ModelExploration:
    """An exploration of two models, with both systems.

    stopped: the variants whose systems ended at the greatest number of states. witnesses: as the
    explorer found them; scenario_text() makes scenarios of them.
    """

    exploration: Exploration
    systems: tuple[System, System]
    stopped: tuple[str, ...]
    witnesses: Sequence[Witness]


def explore_models(
    policies: tuple[Policy, Policy],
    arena: Arena,
    *,
    level: Level,
    depth: int | None,
    max_states: int,
    progress: Progress,
) -> ModelExploration:
    """Build the systems of both models, with states numbered alike, and compare them.

    depth: the greatest number of steps, None for any. max_states: of each system.
    Raises ArenaError for a machine that cannot be explored, NotModelled, VariantFailed.
    """
    numberings = Numberings()

    def system(policy: Policy) -> System:
        return build(
            policy,
            arena,
            level=level,
            depth=depth,
            max_states=max_states,
            numberings=numberings,
            progress=progress,
        )

    systems = system(policies[0]), system(policies[1])
    comparison = compare(*systems)
    stopped = tuple(
        item.name for item in systems if not item.complete and (depth is None or item.depth < depth)
    )
    return ModelExploration(
        exploration(arena, level, policies, systems, comparison),
        systems,
        stopped,
        comparison.witnesses,
    )
