"""Parts that both pictures of a frontier share: the axis of added memory, and the example."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from zonediff.engine.units import GIB, MIB
from zonediff.reports.page.frontier import ADDED, BASE, short_size
from zonediff.result.frontiers import Frontier

LEFT: Final = 52
WIDTH: Final = 520
TOP: Final = 8
FOOT: Final = 40

_TICKS: Final = 9


def largest(frontier: Frontier) -> int:
    """The largest added size, at the right end of the axis."""
    return max(frontier.added, default=GIB)


def x_of(size: int, last: int) -> int:
    """The x coordinate of a size on an axis that ends with the last one."""
    return LEFT + WIDTH * size // last


def ticks(last: int, y: int) -> Iterator[str]:
    """Labels at round sizes up to the last one."""
    step = 128 * MIB
    while last // step > _TICKS:
        step *= 2
    for size in range(step, last + 1, step):
        yield f'<text x="{x_of(size, last)}" y="{y}">{short_size(size)}</text>'


def example(last: int, y: float) -> str:
    """A ring at the size that the discussion argues about (8G into 256M)."""
    return (
        f'<circle class="example" cx="{x_of(ADDED, last)}" cy="{y:g}" r="7">'
        f"<title>{short_size(ADDED)} into {short_size(BASE)}</title></circle>"
    )


def opening(kind: str, right: int, bottom: int, says: str) -> str:
    """The opening tag. right: the room to the right of the axis; bottom: the axis' y coordinate."""
    width, height = LEFT + WIDTH + right, bottom + FOOT
    return (
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{says}">'
    )
