"""Devices are given to the driver under review, where another one has them after boot."""

from __future__ import annotations

import asyncio

import pytest

from zonediff.review.guest_side import hand_over
from zonediff.review.machines import MACHINES

UNBIND = "/sys/bus/dax/drivers/device_dax/unbind"
NEW_ID = "/sys/bus/dax/drivers/kmem/new_id"


@pytest.mark.parametrize(
    ("refused", "written"), [({}, [UNBIND, NEW_ID]), ({UNBIND: "ENODEV"}, [UNBIND])]
)
def test_a_dax_device_is_given_to_kmem(refused: dict[str, str], written: list[str]) -> None:
    writes: list[tuple[str, str]] = []

    async def write(path: str, text: str) -> str | None:
        writes.append((path, text))
        return refused.get(path)

    asyncio.run(hand_over(MACHINES["dax"].handover, write))
    assert writes == [(path, "dax0.0\n") for path in written]
