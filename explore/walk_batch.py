"""Drawing random walks and shrinking one, with Hypothesis: a batch of walks has one seed.

Shrinking is delta debugging that also tries simpler steps: no step of the result can be left out.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from random import Random
from typing import Final, NamedTuple

from zonediff.engine.policy import Policy
from zonediff.explore.arena import Arena
from zonediff.explore.kinds import Kind
from zonediff.explore.lockstep import differences
from zonediff.explore.views import Level

STEPS: Final = 64
"""The greatest number of steps of a walk."""

_STRETCH: Final = 8
"""The most steps of each list in a walk, a list of lists: a flat one would rarely exceed ten
steps."""


class WalkBatch(NamedTuple):
    """Walks that are drawn from one seed. kind: the kind of difference to shrink a walk for."""

    seed: str
    walks: int
    kind: Kind | None = None


class WalkSetting(NamedTuple):
    """The two policies, the arena they walk in, and the level of the views."""

    policies: tuple[Policy, Policy]
    arena: Arena
    level: Level

    def kinds(self, actions: Sequence[int]) -> dict[Kind, int]:
        """Return the kinds of difference of a walk, and after how many steps each first occurs."""
        first: dict[Kind, int] = {}
        for steps, after in enumerate(differences(*self, actions)):
            for kind, _ in after:
                first.setdefault(kind, steps)
        return first


def count_kinds(setting: WalkSetting, batch: WalkBatch) -> dict[Kind, int]:
    """Count the walks of a batch that show each kind, in the order in which kinds first occur."""
    counts: dict[Kind, int] = {}

    def count(actions: tuple[int, ...]) -> bool:
        for kind in setting.kinds(actions):
            counts[kind] = counts.get(kind, 0) + 1
        return False

    find_walk(setting.arena, batch, count)
    return counts


def shrink(setting: WalkSetting, batch: WalkBatch) -> tuple[int, ...]:
    """Return the first walk of a batch that shows the batch's kind, shrunk."""
    kind = batch.kind
    walk = find_walk(setting.arena, batch, lambda actions: kind in setting.kinds(actions))
    if walk is None or kind is None:
        raise AssertionError("the same seed drew other walks")
    return walk[: setting.kinds(walk)[kind]]


def find_walk(
    arena: Arena, batch: WalkBatch, condition: Callable[[tuple[int, ...]], bool]
) -> tuple[int, ...] | None:
    """Draw the walks of a batch until one meets the condition, and shrink that one."""
    from hypothesis import HealthCheck, configuration, find, settings, strategies
    from hypothesis.errors import HypothesisDeprecationWarning, NoSuchExample

    action = strategies.integers(0, len(arena.actions) - 1)
    stretches = strategies.lists(strategies.lists(action, max_size=_STRETCH), max_size=_STRETCH)
    walks = stretches.map(lambda walk: tuple(action for stretch in walk for action in stretch))
    chosen = settings(
        max_examples=batch.walks,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    with warnings.catch_warnings():
        # It warns when other threads, as in a cluster's worker, use Python's random numbers. The
        # walks do not depend on those.
        warnings.simplefilter("ignore", HypothesisDeprecationWarning)
        # Hypothesis keeps a cache of constants in its home directory, and does without one where
        # none can be made. A folder, even a temporary one, would stay behind a killed worker.
        configuration.set_hypothesis_home_dir(os.devnull)
        try:
            return find(walks, condition, settings=chosen, random=Random(batch.seed))
        except NoSuchExample:
            return None
        finally:
            configuration.set_hypothesis_home_dir(None)
