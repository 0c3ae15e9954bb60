"""Files that a guest's looks hold beside its memory, with each agent on a real kernel."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.units import GIB, MIB, Bytes
from zonediff.live.guest_spec import GuestSpec
from zonediff.live.host import Host
from zonediff.live.image import read_image
from zonediff.live.qemu_arguments import window_for
from zonediff.live.templates import booted

MACHINE = Machine((Bytes(GIB),), dimms=(Dimm("dimm0", Bytes(256 * MIB)),))
DEVICE = "/sys/bus/acpi/devices/PNP0C80:00"
IOMEM = "/proc/iomem"


@pytest.mark.parametrize("agent", ["C", "shell"])
def test_watched_files_follow_what_the_kernel_does(agent: str, host: Host, kernel: Path) -> None:
    if agent == "C" and host.agent is None:
        pytest.skip("no C compiler made agent.c")
    with_agent = host if agent == "C" else replace(host, agent=None)
    image, window = read_image(kernel), window_for(MACHINE, ())
    spec = GuestSpec(with_agent, image, MACHINE, window, watched=(IOMEM, DEVICE, "/sys/none"))

    async def look() -> tuple[dict[str, str], dict[str, str], list[str]]:
        async with booted(spec) as guest:
            before = dict(guest.files)
            writable = await guest.writable(DEVICE)
            await guest.unplug("dimm0")
            await guest.observe()
            return before, guest.files, writable

    before, after, writable = asyncio.run(look())
    assert "100000000-10fffffff : System RAM" in before[IOMEM].splitlines()
    assert before[f"{DEVICE}/hid"] == "PNP0C80"
    assert before[f"{DEVICE}/physical_node"].endswith("/memory/memory32")
    assert f"{DEVICE}/eject" in writable
    assert f"{DEVICE}/hid" not in writable
    assert "100000000-10fffffff : System RAM" not in after[IOMEM].splitlines()
    assert f"{DEVICE}/physical_node" not in after
