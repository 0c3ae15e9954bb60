"""Random walks, for machines too large to exhaust; every difference met is made minimal.

A walk is the same random steps on both variants, on the engine itself, until their results
differ. Hypothesis draws the walks, and shrinks one for each kind of difference.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from random import Random
from typing import Any, Final, NamedTuple, NoReturn, TypeVar

from zonediff.engine.kernel import Kernel
from zonediff.engine.policy import Policy
from zonediff.explore.arena import Arena, ArenaError, check_block_size
from zonediff.explore.kinds import Kind, Witness
from zonediff.explore.lockstep import differences
from zonediff.explore.views import Level
from zonediff.variants.registry import Registry
from zonediff.work.fingerprint import fingerprint
from zonediff.work.json_outcomes import JsonOutcomes
from zonediff.work.outcome_table import OutcomeTable, map_stored
from zonediff.work.pool import WorkerPool
from zonediff.work.store import Store

R = TypeVar("R")

PACKAGES: Final = ("hypothesis",)
"""Who draws the walks: another version may draw others."""

STEPS: Final = 64
"""How many steps a walk has at most."""

_STRETCH: Final = 8
"""Walks are drawn as stretches of stretches: a plain list would rarely have more than ten steps."""

_STINT: Final = 25
"""How many walks are drawn from one seed: what one process does at a time."""


class _Stint(NamedTuple):
    """So many walks from one seed, and, to shrink the first that meets it, a kind of difference."""

    seed: str
    walks: int
    kind: Kind | None = None


class _Pair(NamedTuple):
    """Two policies, where they walk, and what is looked at."""

    policies: tuple[Policy, Policy]
    arena: Arena
    level: Level

    def met(self, steps: Sequence[int]) -> dict[Kind, int]:
        """The kinds that a walk meets, and after how many steps first."""
        found: dict[Kind, int] = {}
        for at, kinds in enumerate(differences(*self, steps)):
            for kind, _ in kinds:
                found.setdefault(kind, at)
        return found


def walk(
    policies: tuple[Policy, Policy],
    arena: Arena,
    *,
    walks: int,
    seed: int,
    level: Level = "sysfs",
    pool: WorkerPool | None = None,
    store: Store | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Witness]:
    """The kinds of difference that so many walks meet, each with a minimal sequence.

    No step can be left out of such a sequence, but a shorter one may exist. What is met depends
    on the seed (and the version of Hypothesis), not on the pool: who walks, and finds the variants
    by their names; without one, this process. store: keeps what the pool's walks met; what is in it
    is not walked again. Raises arena.ArenaError, StoreError, VariantFailed, and ModuleNotFoundError
    without Hypothesis.
    """
    import hypothesis  # noqa: F401  (said at once, and not by some process of a pool)

    check_block_size(Kernel(arena.machine, policies[0]))
    pair = _Pair(policies, arena, level)
    stints = [_Stint(f"{seed} {at}", min(_STINT, walks - at)) for at in range(0, walks, _STINT)]
    shelves = (_Met(store, pair), _Shrunk(store, pair)) if store else (None, None)
    done = 0
    met: dict[_Stint, dict[Kind, int]] = {}
    for chunk in _chunks(pool, pair, _met, stints, shelves[0]):
        met.update(chunk)
        done += sum(stint.walks for stint, _ in chunk)
        progress(done, walks)
    counts: dict[Kind, int] = {}
    first: dict[Kind, _Stint] = {}
    for stint in stints:
        for kind, count in met[stint].items():
            counts[kind] = counts.get(kind, 0) + count
            first.setdefault(kind, stint._replace(kind=kind))
    shrunk = dict(chain(*_chunks(pool, pair, _shrunk, first.values(), shelves[1])))
    found = []
    for kind, stint in first.items():
        last = differences(*pair, shrunk[stint])[-1]
        part = next(part for other, part in last if other == kind)
        found.append(Witness(kind, shrunk[stint], part, counts[kind]))
    return found


def _chunks(
    pool: WorkerPool | None,
    pair: _Pair,
    work: Callable[[_Pair, _Stint], R],
    stints: Iterable[_Stint],
    table: OutcomeTable[_Stint, R] | None,
) -> Iterator[list[tuple[_Stint, R]]]:
    """Each stint and what came of it, in chunks."""
    if pool is None:
        yield from ([(stint, work(pair, stint))] for stint in stints)
        return
    names = pair.policies[0].name, pair.policies[1].name
    do = partial(_named, work, names, pair.arena, pair.level)
    yield from map_stored(pool, do, stints, _killed, table)


class _Stints(JsonOutcomes[_Stint, R]):
    """What came of stints, in a store."""

    def __init__(self, store: Store, pair: _Pair) -> None:
        super().__init__(store)
        names = [policy.name for policy in pair.policies]
        code = fingerprint(*pair.policies, packages=PACKAGES)
        self._needs = [code, names, repr(pair.arena), pair.level]
        self._where = f"{' and '.join(names)} on {pair.arena.name}"

    def depends_on(self, item: _Stint) -> Sequence[object]:
        return [*self._needs, *item]

    def describe(self, item: _Stint) -> str:
        return f"{item.walks} walks from seed {item.seed!r}, {self._where}"


class _Met(_Stints[dict[Kind, int]]):
    """The kinds that stints meet, in the order in which they do."""

    def dump(self, outcome: dict[Kind, int]) -> Any:
        return [[kind, count] for kind, count in outcome.items()]

    def load(self, item: _Stint, body: Any) -> dict[Kind, int]:
        return {Kind(*kind): count for kind, count in body}


class _Shrunk(_Stints[tuple[int, ...]]):
    """What walks can be shrunk to."""

    def describe(self, item: _Stint) -> str:
        return f"{super().describe(item)}, shrunk to {' '.join(map(str, item.kind or ()))}"

    def dump(self, outcome: tuple[int, ...]) -> Any:
        return outcome

    def load(self, item: _Stint, body: Any) -> tuple[int, ...]:
        return tuple(body)


def _named(
    work: Callable[[_Pair, _Stint], R],
    names: tuple[str, str],
    arena: Arena,
    level: Level,
    registry: Registry,
    stint: _Stint,
) -> R:
    one, two = (registry.model(name).policy for name in names)
    return work(_Pair((one, two), arena, level), stint)


def _killed(stint: _Stint) -> NoReturn:
    raise ArenaError("a walk ends its worker process")


def _met(pair: _Pair, stint: _Stint) -> dict[Kind, int]:
    """How many of the walks meet each kind, in the order in which kinds are met."""
    counts: dict[Kind, int] = {}

    def note(steps: tuple[int, ...]) -> bool:
        for kind in pair.met(steps):
            counts[kind] = counts.get(kind, 0) + 1
        return False

    _find(pair.arena, stint, note)
    return counts


def _shrunk(pair: _Pair, stint: _Stint) -> tuple[int, ...]:
    """What the first of the walks that meets the stint's kind can be shrunk to."""
    kind = stint.kind
    walked = _find(pair.arena, stint, lambda steps: kind in pair.met(steps))
    if walked is None or kind is None:
        raise AssertionError("the same walks meet the same")
    return walked[: pair.met(walked)[kind]]


def _find(
    arena: Arena, stint: _Stint, condition: Callable[[tuple[int, ...]], bool]
) -> tuple[int, ...] | None:
    """Draw the walks of a stint until one fits, and shrink that one; always the same walks."""
    from hypothesis import HealthCheck, configuration, find, settings, strategies
    from hypothesis.errors import HypothesisDeprecationWarning, NoSuchExample

    step = strategies.integers(0, len(arena.actions) - 1)
    stretches = strategies.lists(strategies.lists(step, max_size=_STRETCH), max_size=_STRETCH)
    drawn = stretches.map(lambda walk: tuple(step for stretch in walk for step in stretch))
    chosen = settings(
        max_examples=stint.walks,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    # Its cache of constants goes there, and not into the user's folder.
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # Other threads of a cluster's worker use Python's own random numbers; strategies do not.
        warnings.simplefilter("ignore", HypothesisDeprecationWarning)
        configuration.set_hypothesis_home_dir(folder)
        try:
            return find(drawn, condition, settings=chosen, random=Random(stint.seed))
        except NoSuchExample:
            return None
        finally:
            configuration.set_hypothesis_home_dir(None)
