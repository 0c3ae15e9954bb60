"""The same work several times at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Outcome = TypeVar("Outcome")


async def repeated(
    once: Callable[[], Awaitable[Outcome]], times: int, at_once: int
) -> list[Outcome]:
    """Return the outcomes of the same work, done so many times. Raises what it raises first."""
    slots = asyncio.Semaphore(at_once)

    async def in_slot() -> Outcome:
        async with slots:
            return await once()

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(in_slot()) for _ in range(times)]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]
