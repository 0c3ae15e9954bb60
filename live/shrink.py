"""Delta debugging: shortening a sequence that shows something.

Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002): leave out smaller
and smaller parts, as long as the rest still shows it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def shrink(
    items: Sequence[T], shows: Callable[[Sequence[T]], Awaitable[bool]], tries: int
) -> list[T]:
    """Return a subsequence of `items` for which shows() is still true; it is true for `items`.

    No single item can be left out of it, unless `tries` calls of shows() were too few to find out.
    """
    shortest = list(items)
    size = max(1, len(shortest) // 2)
    while shortest and tries > 0:
        start, length = 0, len(shortest)
        while start < len(shortest) and tries > 0:
            remaining = shortest[:start] + shortest[start + size :]
            tries -= 1
            if await shows(remaining):
                shortest = remaining
            else:
                start += size
        if size == 1 and len(shortest) == length:
            break
        size = max(1, size // 2)
    return shortest
