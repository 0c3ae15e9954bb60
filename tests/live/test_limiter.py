"""How many guests run side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from zonediff.live.limiter import GuestLimiter


def most_at_once(sizes: Sequence[int], max_guests: int, budget: int) -> tuple[int, int]:
    """The most guests, and the most memory, that were used at any time."""

    async def all_of_them() -> tuple[int, int]:
        limiter = GuestLimiter(max_guests, budget)
        running: list[int] = []
        most = [0, 0]

        async def guest(size: int) -> None:
            async with limiter.slot(size):
                running.append(size)
                most[0] = max(most[0], len(running))
                most[1] = max(most[1], sum(running))
                for _ in range(5):
                    await asyncio.sleep(0)
                running.remove(size)

        async with asyncio.TaskGroup() as group:
            for size in sizes:
                group.create_task(guest(size))
        return most[0], most[1]

    return asyncio.run(all_of_them())


@pytest.mark.parametrize(
    ("sizes", "max_guests", "budget", "most"),
    [
        ([1] * 8, 3, 100, (3, 3)),
        ([1] * 8, 8, 2, (2, 2)),
        ([5, 1, 1, 1], 4, 5, (3, 5)),
        ([9, 1, 9, 1], 4, 5, (2, 9)),  # what needs more than there is runs alone
    ],
)
def test_guests_keep_within_number_and_memory(
    sizes: list[int], max_guests: int, budget: int, most: tuple[int, int]
) -> None:
    assert most_at_once(sizes, max_guests, budget) == most


def test_a_guest_that_fails_leaves_its_room() -> None:
    async def fails_then_runs() -> str:
        limiter = GuestLimiter(1, 1)
        with pytest.raises(RuntimeError):
            async with limiter.slot(1):
                raise RuntimeError
        async with limiter.slot(1):
            return "ran"

    assert asyncio.run(fails_then_runs()) == "ran"
