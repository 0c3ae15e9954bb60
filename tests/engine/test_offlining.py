from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import BootLab
from zonediff.engine.steps import Blocks, Fill, Offline, Online


@pytest.fixture
def online(boot: BootLab) -> Any:
    """Blocks 32 to 37 online in Normal, 38 and 39 in Movable."""
    lab = boot()
    lab.plug("dimm0", "1G")
    lab.write(39, "online_movable")
    lab.write(38, "online_movable")
    lab.do(Online(Blocks("32-37"), "online_kernel"))
    return lab


def test_going_offline_takes_pages_away_and_nothing_else(online: Any) -> None:
    assert (online.present("Normal"), online.present("Movable")) == (6, 2)
    for block, zone in ((34, "Normal"), (39, "Movable")):
        span, before = online.span(zone), online.present(zone)
        zones = online.zones(block)
        assert online.write(block, "offline") is None
        assert online.reasons[0].text == (
            f"block {block} leaves zone {zone}'s count; the zone's span and the pages' link to it "
            "stay"
        )
        assert (online.span(zone), online.present(zone)) == (span, before - 1)
        assert online.zones(block) == zones


def test_a_zone_without_pages_keeps_its_span(online: Any) -> None:
    online.do(Offline(Blocks("32-39")))
    assert online.results == [None] * 8
    assert (online.present("Normal"), online.present("Movable")) == (0, 0)
    assert (online.span("Normal"), online.span("Movable")) == ((32, 38), (38, 40))


def test_a_block_of_two_zones_cannot_go_offline(boot: BootLab) -> None:
    lab = boot(cmdline="kernelcore=512M")
    for block in (0, 4):
        assert lab.write(block, "offline") == "EINVAL"
        [reason] = lab.reasons
        assert reason.rule == "test_pages_in_a_zone"
        assert reason.text == f"block {block} holds pages of more than one zone -> EINVAL"
        assert lab.switch(block, "0") == "EINVAL"


def test_kernel_objects_keep_a_block_online_until_they_are_gone(online: Any) -> None:
    online.do(Fill(Blocks("33"), "kernel-objects"))
    assert online.reasons[0].text == "block 33 in zone Normal now holds kernel-objects"
    assert online.observation.block(33).removable == "0"
    assert online.write(33, "offline") == "EBUSY"
    assert online.reasons[0].text == (
        "block 33 in zone Normal holds pages that cannot be migrated -> EBUSY"
    )
    assert online.switch(33, "0") == "EBUSY"
    for content in ("movable-pages", "nothing"):
        online.do(Fill(Blocks("33"), "kernel-objects"))
        online.do(Fill(Blocks("33"), content))
        assert online.observation.block(33).removable == "1"
        assert online.write(33, "offline") is None
        online.write(33, "online")


def test_kernel_objects_are_never_in_movable_nor_where_nothing_is_online(online: Any) -> None:
    online.write(34, "offline")
    online.do(Fill(Blocks("34,38,50"), "kernel-objects"))
    assert [reason.text for reason in online.reasons] == [
        "no kernel-objects in block 34: it is offline",
        "no kernel-objects in block 38: it is in zone Movable, which kernel objects never use",
        "no kernel-objects in block 50: it is not there",
    ]
    online.write(34, "online")
    assert online.write(34, "offline") is None
    assert online.write(38, "offline") is None


def test_movable_pages_may_be_in_movable(online: Any) -> None:
    online.do(Fill(Blocks("38"), "movable-pages"))
    assert online.reasons[0].text == "block 38 in zone Movable now holds movable-pages"
    assert online.write(38, "offline") is None


def test_what_a_block_held_is_gone_when_it_comes_back(online: Any) -> None:
    online.do(Fill(Blocks("33"), "kernel-objects"))
    online.do(Fill(Blocks("33"), "nothing"))
    online.write(33, "offline")
    online.write(33, "online")
    assert online.observation.block(33).removable == "1"


@pytest.mark.parametrize("block", range(1, 7))
def test_boot_memory_can_go_offline(boot: BootLab, block: int) -> None:
    lab = boot()
    assert lab.write(block, "offline") is None
    assert lab.observation.zones["0/DMA32"].present == 258016 - 32768


@pytest.mark.parametrize(("nodes", "top"), [("1G", 7), ("5G", 47)])
def test_the_top_of_boot_memory_cannot(boot: BootLab, nodes: str, top: int) -> None:
    lab = boot(nodes)
    assert lab.write(top, "offline") == "EBUSY"
    assert lab.write(top, "offline") == "EBUSY"
    assert lab.rules == ["has_unmovable_pages"]


def test_without_movable_node_the_last_normal_block_stays_while_there_is_movable_memory(
    boot: BootLab,
) -> None:
    lab = boot("1G+0", MOVABLE_NODE=False)
    lab.plug("dimm0", "384M", node=1)
    lab.do(Online(Blocks("32-33"), "online_kernel"))
    lab.write(34, "online_movable")
    assert lab.write(33, "offline") is None
    assert lab.write(32, "offline") == "EINVAL"
    [reason] = lab.reasons
    assert reason.rule == "can_offline_normal"
    assert reason.text == (
        "CONFIG_MOVABLE_NODE is off and block 32 is the last normal memory of node 1, which has "
        "32768 pages online in zone Movable -> EINVAL"
    )
    assert lab.switch(32, "0") == "EINVAL"
    assert lab.write(34, "offline") is None
    assert lab.write(32, "offline") is None


def test_with_movable_node_a_node_may_have_movable_memory_only(boot: BootLab) -> None:
    lab = boot("1G+0")
    lab.plug("dimm0", "384M", node=1)
    lab.write(32, "online_kernel")
    lab.write(34, "online_movable")
    assert lab.write(32, "offline") is None
    assert lab.observation.nodes == {"online": "0-1", "has_memory": "0-1", "has_normal_memory": "0"}
