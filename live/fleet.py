"""Guests side by side, as many as there is room for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from zonediff.live.host import memory_available


class Fleet:
    """Lets guests run side by side.

    at_once: how many at most; by default one for each CPU. budget: bytes of memory that they may
    use together; by default half of what is free now. A guest that needs more runs alone.
    """

    def __init__(self, chunks_in_flight: int | None = None, budget: int | None = None) -> None:
        self.chunks_in_flight = chunks_in_flight or os.cpu_count() or 1
        self.budget = budget or memory_available() // 2
        self._guests = 0
        self._used = 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def room(self, size: int) -> AsyncIterator[None]:
        """Wait until there is room for a guest that needs so many bytes, and keep it."""
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
        return self._guests < self.chunks_in_flight and self._used + size <= self.budget
