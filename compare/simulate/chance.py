"""Random delays that depend on a seed and on the actor, and on nothing else."""

from __future__ import annotations

import math
from functools import cache
from random import Random
from statistics import NormalDist
from typing import Final

from zonediff.engine.actors import Delay, Law, parse_delay

_read: Final = cache(parse_delay)
_NORMAL: Final = NormalDist()
_LAST_PERCENT: Final = _NORMAL.inv_cdf(0.99)


class Chance:
    """The random choices of one run.

    Each actor has a random stream of its own, so variants that act differently still meet the same
    delays. used: whether anything depended on chance.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.used = False
        self._streams: dict[str, Random] = {}

    def delay(self, actor: str, delay: Delay) -> int:
        """Draw a delay, in microseconds."""
        law = _read(delay)
        if law.name == "constant":
            return law.times[0]
        self.used = True
        if actor not in self._streams:
            self._streams[actor] = Random(f"{self.seed}/{actor}")
        return round(quantile(law, self._streams[actor].random()))


def quantile(law: Law, share: float) -> float:
    """The time, in microseconds, below which this share (0..1, 1 excluded) of draws lies."""
    first, last = law.times[0], law.times[-1]
    match law.name:
        case "uniform":
            return first + (last - first) * share
        case "exponential":
            return -first * math.log1p(-share)
        case "lognormal":
            spread = math.log(last / first) / _LAST_PERCENT
            return first * math.exp(spread * _NORMAL.inv_cdf(share)) if share else 0.0
    return first
