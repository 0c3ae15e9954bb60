"""The shortest sequence that still shows something, by delta debugging.

Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002): leave out ever
smaller parts, as long as what is left shows it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def shrink(
    items: Sequence[T], shows: Callable[[Sequence[T]], Awaitable[bool]], tries: int
) -> list[T]:
    """A short subsequence of `items`, which show it, that shows it as well.

    No item of it can be left out, unless `tries` questions were too few to find out.
    """
    found = list(items)
    size = max(1, len(found) // 2)
    while found and tries > 0:
        start, length = 0, len(found)
        while start < len(found) and tries > 0:
            rest = found[:start] + found[start + size :]
            tries -= 1
            if await shows(rest):
                found = rest
            else:
                start += size
        if size == 1 and len(found) == length:
            break
        size = max(1, size // 2)
    return found
