"""Memory that a Hyper-V host adds: whole chunks, the last one maybe without all of its pages."""

from __future__ import annotations

import pytest

from tests.conftest import BootLab
from zonediff.engine.steps import HypervAdd
from zonediff.engine.units import PAGE, SECTION, parse_size

ONLINE = "memhp_default_state=online"


@pytest.mark.parametrize("variant", ["v4.14", "v5.10", "v6.1"])
def test_a_block_that_the_host_gave_in_part_cannot_go_offline(boot: BootLab, variant: str) -> None:
    lab = boot("1G", ONLINE, variant=variant)
    assert lab.do(HypervAdd("hot", parse_size("160M"), 0)) is None
    assert lab.view(32).state == lab.view(33).state == "online"
    assert lab.write(33, "offline") == "EBUSY"
    assert lab.write(32, "offline") is None


@pytest.mark.parametrize("size", ["2M", "32M", "126M", "128M"])
def test_the_kernel_gains_what_the_host_gave(boot: BootLab, size: str) -> None:
    lab = boot("1G")
    kernel = lab.runner.guest.kernel
    assert lab.do(HypervAdd("hot", parse_size(size), 0)) is None
    before = kernel.free_kib
    assert lab.write(32, "online") is None
    assert kernel.free_kib - before == parse_size(size) // 1024
    # All pages of the block count as present, also those that the host did not give.
    assert lab.observation.zones["0/Normal"].present == SECTION // PAGE
