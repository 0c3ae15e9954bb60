"""The time that the explorer takes to find each bug that people found in the rework of v4.13."""

from __future__ import annotations

from functools import partial

from benchmarks.measure import best, table
from tests.explore.mutants import REWORK, THREE_BLOCKS, mutant
from zonediff.engine.policy import Policy
from zonediff.explore.build import build
from zonediff.explore.compare import Comparison, compare
from zonediff.explore.system import Numberings
from zonediff.variants.v4_13 import V4_13


def report(**_: object) -> None:
    """Print the seconds to explore and compare each bug, and the steps of the shortest trace."""
    rows = []
    for name, (change, _steps) in REWORK.items():
        broken = mutant(V4_13, *change)
        shortest = min(len(witness.actions) for witness in _comparison(broken).witnesses)
        rows.append((name, shortest, best(partial(_comparison, broken), 3)))
    table("rework", "v4.13 against itself with one token broken", ("bug", "steps", "seconds"), rows)


def _comparison(broken: Policy) -> Comparison:
    numberings = Numberings()
    systems = (build(p, THREE_BLOCKS, numberings=numberings) for p in (V4_13(), broken))
    return compare(*systems)
