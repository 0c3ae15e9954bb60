"""How much added memory machines survive, on each variant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from zonediff.engine.units import GIB, MIB


@dataclass(frozen=True, slots=True)
class FrontierRow:
    """A machine with `base` bytes of boot memory, to which more and more is added.

    free_kib: free in kernel zones before. least_kib: for each size of the frontier what is left
    there when it is scarcest, None where the kernel does not survive the addition. inferred: the
    sizes, by their place, that were not run, as those around them tell what becomes of them; what
    is left there is no less.
    """

    base: int
    free_kib: int
    least_kib: list[int | None]
    inferred: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Frontier:
    """How much memory machines survive being added, on one variant.

    path: how it comes; onliner: who onlines it (zonediff.compare.sweep.plan has the words).
    added: the sizes that were tried, ascending, in bytes.
    """

    variant: str
    path: str
    onliner: str
    added: list[int]
    rows: list[FrontierRow]


State = Literal["ok", "tight", "dies"]
"""What became of an addition: survived, survived with less than half of the free memory left, or
not."""


def state(free_kib: int, least_kib: int | None) -> State:
    """free_kib: free in kernel zones before the addition; least_kib: None where it is a death."""
    if least_kib is None:
        return "dies"
    return "tight" if 2 * least_kib < free_kib else "ok"


def survives(frontier: Frontier, row: FrontierRow) -> int:
    """The most that can be added to the row's machine: it and all less are survived."""
    most = 0
    for added, least in zip(frontier.added, row.least_kib, strict=True):
        if least is None:
            break
        most = added
    return most


EXAMPLE: Final = (256 * MIB, 8 * GIB)
"""Boot memory and what is added to it in the example that the discussion of the patches argues
about; no sweep that has this point leaves it out."""
