"""The bounds of a comparison of two kernels, all of which its result states."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one comparison.

    steps: of a sequence. pairs: of states. seconds: of exploring; confirming takes more.
    hidden_depth: last steps by which states are told apart beside what they show.
    boots: fresh boots on which a difference has to show. guests: pairs of guests at the same time;
    None: one for each two CPUs, at least two.
    """

    steps: int = 8
    pairs: int = 4000
    seconds: float = 60.0
    hidden_depth: int = 1
    boots: int = 3
    guests: int | None = None
