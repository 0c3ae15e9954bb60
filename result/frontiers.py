"""Frontiers: the amounts of added memory that machines survive, on each variant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from zonediff.engine.units import GIB, MIB


@dataclass(frozen=True, slots=True)
class FrontierRow:
    """A machine with `base` bytes of boot memory.

    free_kib: KiB free in kernel zones before memory is added. least_kib: for each size of the
    frontier, the smallest number of KiB that was free there; None if the kernel does not survive.
    inferred: indices of the sizes that were not run; such a size has the value of the next larger
    one, a lower bound.
    """

    base: int
    free_kib: int
    least_kib: list[int | None]
    inferred: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Frontier:
    """The amounts of added memory that machines survive, on one variant.

    path: the way to add memory. onliner: the actor that onlines it (zonediff.compare.sweep.plan
    lists both).
    added: the sizes in bytes, ascending.
    """

    variant: str
    path: str
    onliner: str
    added: list[int]
    rows: list[FrontierRow]


State = Literal["ok", "tight", "dies"]
"""The outcome of an addition. tight: survived with less than half of the free memory left."""


def state(free_kib: int, least_kib: int | None) -> State:
    """Return the outcome of an addition, from the values of a FrontierRow."""
    if least_kib is None:
        return "dies"
    return "tight" if 2 * least_kib < free_kib else "ok"


def survives(frontier: Frontier, row: FrontierRow) -> int:
    """Return the largest size in bytes such that the machine survives it and all smaller ones."""
    most = 0
    for added, least in zip(frontier.added, row.least_kib, strict=True):
        if least is None:
            break
        most = added
    return most


EXAMPLE: Final = (256 * MIB, 8 * GIB)
"""Boot memory and added memory, in bytes, in the example of the patches' discussion.

A sweep whose grid has this point always runs it.
"""
