"""Which zone new memory starts in, and which blocks can go to which zone (v4.10)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import BootLab
from zonediff.engine.steps import Blocks, Daemon, Online


@pytest.fixture
def dimm(boot: BootLab) -> Any:
    """A gigabyte in blocks 32 to 39."""
    lab = boot()
    lab.plug("dimm0", "1G")
    return lab


def test_new_memory_starts_in_normal_and_only_its_last_block_may_move(dimm: Any) -> None:
    assert dimm.hot == ["32-38 offline [Normal]", "39 offline [Normal Movable]"]
    assert dimm.span("Normal") == (32, 40)
    assert dimm.present("Normal") == 0


def test_the_first_block_cannot_be_onlined_as_movable(dimm: Any) -> None:
    before = dimm.observation
    assert dimm.write(32, "online_movable") == "EINVAL"
    [reason] = dimm.reasons
    assert reason.rule == "zone_can_shift.not-at-zone-end"
    assert reason.text == (
        "block 32 ends at pfn 1081344, zone Normal ends at 1310720: not at the zone's end, so it "
        "cannot move up to zone Movable -> EINVAL"
    )
    assert dimm.observation == before


def test_from_the_last_block_down_all_can_be_onlined_as_movable(dimm: Any) -> None:
    dimm.do(Online(Blocks("dimm0"), "online_movable", "last-to-first"))
    assert dimm.results == [None] * 8
    assert dimm.hot == ["32 online [Movable Normal]", "33-39 online [Movable]"]
    assert dimm.span("Normal") == (0, 0)
    assert dimm.span("Movable") == (32, 40)
    assert dimm.present("Movable") == 8


def test_each_pass_from_the_first_block_up_onlines_one(dimm: Any) -> None:
    for done in range(8):
        dimm.do(Online(Blocks("dimm0"), "online_movable", "first-to-last"))
        assert dimm.results == ["EINVAL"] * (7 - done) + [None] + ["EINVAL"] * done
        assert dimm.present("Movable") == done + 1


def test_what_a_block_that_moves_leaves_and_joins(dimm: Any) -> None:
    dimm.write(39, "online_movable")
    assert (dimm.span("Normal"), dimm.span("Movable")) == ((32, 39), (39, 40))
    assert dimm.hot == [
        "32-37 offline [Normal]",
        "38 offline [Normal Movable]",
        "39 online [Movable Normal]",
    ]


def test_the_state_of_a_neighbour_does_not_matter(dimm: Any) -> None:
    dimm.write(38, "online_kernel")
    assert dimm.write(39, "online_movable") is None
    assert dimm.write(37, "online_movable") == "EINVAL"
    dimm.write(38, "offline")
    assert dimm.write(37, "online_movable") == "EINVAL"
    assert dimm.write(38, "online_movable") is None
    assert dimm.write(37, "online_movable") is None


def test_a_movable_block_goes_back_from_the_start_of_its_zone_only(dimm: Any) -> None:
    dimm.do(Online(Blocks("dimm0"), "online_movable", "last-to-first"))
    for block in (34, 33, 32):
        dimm.write(block, "offline")
    assert dimm.write(33, "online_kernel") == "EINVAL"
    [reason] = dimm.reasons
    assert reason.rule == "zone_can_shift.not-at-zone-start"
    assert reason.text == (
        "block 33 starts at pfn 1081344, zone Movable starts at 1048576: not at the zone's start, "
        "so it cannot move down to zone Normal -> EINVAL"
    )
    assert dimm.write(32, "online_kernel") is None
    assert (dimm.span("Normal"), dimm.span("Movable")) == ((32, 33), (33, 40))
    assert dimm.write(33, "online_kernel") is None
    assert (dimm.span("Normal"), dimm.span("Movable")) == ((32, 34), (34, 40))
    # In the middle only what keeps the zone is possible.
    assert dimm.write(36, "offline") is None
    assert dimm.zones(36) == "Movable"
    assert dimm.write(36, "online_kernel") == "EINVAL"
    assert dimm.write(36, "online_movable") is None
    assert [reason.text for reason in dimm.reasons] == [
        "block 36 asked for with online_movable is in zone Movable and stays there"
    ]


def test_a_hole_above_keeps_blocks_from_becoming_movable(boot: BootLab) -> None:
    lab = boot("1G+0")
    lab.plug("low", "256M", at=32)
    lab.plug("far", "256M", at=38)
    assert lab.span("Normal") == (32, 40)
    lab.write(39, "online_movable")
    lab.write(38, "online_movable")
    # Normal still ends at 38, above a hole, where no block of it ends.
    assert lab.span("Normal") == (32, 38)
    assert lab.hot == [
        "32-33 offline [Normal]",
        "38 online [Movable Normal]",
        "39 online [Movable]",
    ]
    assert lab.write(33, "online_movable") == "EINVAL"
    # Only a block that ends there can make the next step.
    lab.plug("gap", "512M", at=34)
    assert lab.zones(37) == "Normal Movable"


def test_movable_swallows_the_hole_below_it(boot: BootLab) -> None:
    lab = boot()
    lab.plug("far", "256M", at=36)
    lab.do(Online(Blocks("36-37"), "online_movable", "last-to-first"))
    lab.plug("low", "256M", at=32)
    assert lab.span("Normal") == (32, 34)
    assert lab.write(33, "online_movable") is None
    assert (lab.span("Normal"), lab.span("Movable")) == ((32, 33), (33, 38))


@pytest.mark.parametrize(("low", "first"), [(32, 40), (40, 32)])
def test_a_zone_spans_the_holes_between_what_it_was_given(
    boot: BootLab, low: int, first: int
) -> None:
    lab = boot()
    lab.plug("a", "256M", at=first)
    lab.plug("b", "256M", at=low)
    assert lab.span("Normal") == (32, 42)


@pytest.mark.parametrize(
    ("at", "zone", "rule"),
    [
        (40, "Movable", "zone_for_memory.movable"),
        (32, "Normal Movable", "zone_for_memory.normal"),
    ],
)
def test_memory_above_a_movable_zone_is_movable(
    boot: BootLab, at: int, zone: str, rule: str
) -> None:
    lab = boot()
    lab.plug("a", "128M", at=36)
    lab.write(36, "online_movable")
    lab.plug("b", "128M", at=at)
    assert rule in lab.rules
    assert lab.zones(at) == zone


def test_memory_that_starts_where_a_movable_zone_does_is_movable(boot: BootLab) -> None:
    lab = boot()
    lab.plug("mixed", "256M")
    lab.write(33, "online_movable")
    lab.unplug("mixed")
    assert lab.span("Movable") == (33, 34)
    lab.plug("above", "128M", at=33)
    assert lab.hot == ["33 offline [Movable Normal]"]


def test_memory_above_an_empty_normal_zone_goes_to_movable_for_good(dimm: Any) -> None:
    dimm.do(Online(Blocks("dimm0"), "online_movable", "last-to-first"))
    dimm.plug("dimm1", "256M")
    assert dimm.hot[-1] == "40-41 offline [Movable]"
    assert dimm.write(40, "online_kernel") == "EINVAL"
    assert dimm.write(41, "online_kernel") == "EINVAL"
    assert dimm.write(41, "online") is None


def test_kernelcore_makes_all_memory_above_movable(boot: BootLab) -> None:
    lab = boot(cmdline="kernelcore=512M")
    lab.plug("dimm0", "384M")
    assert lab.hot == ["32-34 offline [Movable]"]
    assert lab.span("Movable") == (4.03125, 35)
    assert lab.write(32, "online_kernel") == "EINVAL"
    assert lab.write(33, "online") is None


@pytest.mark.parametrize("value", ["online_kernel", "online_movable"])
def test_dma32_blocks_come_back_with_plain_online_only(boot: BootLab, value: str) -> None:
    lab = boot()
    lab.write(3, "offline")
    assert lab.write(3, value) == "EINVAL"
    assert lab.rules == ["zone_can_shift.not-at-zone-end"]
    assert lab.write(3, "online") is None
    assert lab.zones(3) == "DMA32"


@pytest.mark.parametrize(
    ("value", "zones"),
    [("online_kernel", "Normal DMA32 Movable"), ("online_movable", "Movable Normal")],
)
def test_a_block_at_the_end_of_dma32_can_leave_it(boot: BootLab, value: str, zones: str) -> None:
    lab = boot("512M+512M")
    assert lab.zones(3) == "DMA32 Normal Movable"
    lab.write(3, "offline")
    assert lab.write(3, value) is None
    assert lab.zones(3) == zones.replace(" DMA32", "")
    assert lab.span("DMA32") == (0.125, 3)


def test_nothing_jumps_over_a_zone_that_was_ever_used(boot: BootLab) -> None:
    lab = boot("512M+512M")
    lab.plug("dimm0", "128M")
    lab.unplug("dimm0")
    assert lab.span("Normal") == (0, 0)
    assert lab.zones(3) == "DMA32 Normal"
    lab.write(3, "offline")
    assert lab.write(3, "online_movable") == "EINVAL"
    [reason] = lab.reasons
    assert reason.rule == "zone_can_shift.zone-between"
    assert reason.text == (
        "zone Normal of node 0 is in use between zones DMA32 and Movable: block 3 cannot move -> "
        "EINVAL"
    )
    assert lab.write(3, "online_kernel") is None


def test_moves_are_explained_with_their_numbers(dimm: Any) -> None:
    dimm.write(39, "online_movable")
    assert [(reason.rule, reason.text) for reason in dimm.reasons] == [
        (
            "zone_can_shift.up",
            "block 39 ends at pfn 1310720, where zone Normal ends: it may move up to zone Movable",
        )
    ]
    dimm.write(39, "offline")
    dimm.write(39, "online_kernel")
    assert [(reason.rule, reason.text) for reason in dimm.reasons] == [
        (
            "zone_can_shift.down",
            "block 39 starts at pfn 1277952, where zone Movable starts: it may move down to zone "
            "Normal",
        )
    ]


def test_asking_for_the_zone_it_is_in_moves_nothing(dimm: Any) -> None:
    dimm.write(35, "online_kernel")
    assert dimm.reasons[0].text == (
        "block 35 asked for with online_kernel is in zone Normal and stays there"
    )
    assert dimm.span("Normal") == (32, 40)


def test_without_movable_node_a_node_needs_normal_memory_first(boot: BootLab) -> None:
    lab = boot("1G+0", MOVABLE_NODE=False)
    lab.plug("dimm0", "256M", node=1)
    assert lab.write(33, "online_movable") == "EINVAL"
    [reason] = lab.reasons
    assert reason.rule == "can_online_high_movable"
    assert reason.text == (
        "CONFIG_MOVABLE_NODE is off and node 1 has no normal memory online: block 33 cannot be "
        "onlined as movable -> EINVAL"
    )
    # The file knows nothing of that, so what it offers can be refused.
    assert lab.zones(33) == "Normal Movable"
    assert lab.write(32, "online") is None
    assert lab.write(33, "online_movable") is None


def test_without_movable_node_what_is_movable_needs_normal_memory_for_any_type(
    boot: BootLab,
) -> None:
    lab = boot("1G+0", MOVABLE_NODE=False)
    lab.plug("dimm0", "256M", node=1)
    lab.write(32, "online_kernel")
    lab.write(33, "online_movable")
    lab.write(33, "offline")
    lab.write(32, "offline")
    for value in ("online", "online_kernel", "online_movable"):
        assert lab.write(33, value) == "EINVAL"
        assert lab.rules == ["can_online_high_movable"]
    assert lab.switch(33, "1") == "EINVAL"
    assert lab.write(32, "online") is None
    assert lab.write(33, "online") is None


def test_a_daemon_onlines_all_of_a_dimm_in_either_zone(boot: BootLab) -> None:
    lab = boot()
    lab.plug("dimm0", "1G")
    lab.do(Daemon("online_movable"))
    assert lab.files == [f"memory{b}/state" for b in range(39, 31, -1)]
    assert lab.results == [None] * 8
    lab = boot(variant="igor-movable")
    lab.plug("dimm0", "1G")
    lab.do(Daemon("online_kernel"))
    assert lab.files == [f"memory{b}/state" for b in range(32, 40)]
    assert lab.results == [None] * 8
    assert lab.hot == ["32-38 online [Normal]", "39 online [Normal Movable]"]
