"""Limiting the guests that run at the same time, by number and by memory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from zonediff.live.host import memory_available


class GuestLimiter:
    """Lets a limited number of guests run at the same time.

    max_guests: by default one per CPU. budget: bytes of memory for all guests together; by default
    half of the memory that is free now. A guest that needs more runs alone.
    """

    def __init__(self, max_guests: int | None = None, budget: int | None = None) -> None:
        self.max_guests = max_guests or os.cpu_count() or 1
        self.budget = budget or memory_available() // 2
        self._guests = 0
        self._used = 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def slot(self, size: int) -> AsyncIterator[None]:
        """Wait until a guest of `size` bytes fits, and reserve its memory for the context."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._fits(size))
            self._guests += 1
            self._used += size
        try:
            yield
        finally:
            self._guests -= 1
            self._used -= size
            async with self._changed:
                self._changed.notify_all()

    def _fits(self, size: int) -> bool:
        if self._guests == 0:
            return True
        return self._guests < self.max_guests and self._used + size <= self.budget
