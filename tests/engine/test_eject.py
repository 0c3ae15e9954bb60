"""What becomes of a DIMM that is to be ejected (v4.10)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import BootLab
from zonediff.engine.observation import ZoneView
from zonediff.engine.steps import Blocks, Fill, HypervAdd, Online
from zonediff.engine.units import Bytes


@pytest.fixture
def dimm(boot: BootLab) -> Any:
    lab = boot()
    lab.plug("dimm0", "512M")
    return lab


def test_blocks_that_were_never_online_only_leave(dimm: Any) -> None:
    assert dimm.unplug("dimm0") is None
    assert dimm.events == ["remove memory32-35"]
    assert dimm.hot == []
    assert dimm.span("Normal") == (0, 0)
    assert dimm.guest.devices == {}
    assert dimm.reasons[0].text == "blocks 32..35 leave; zone Normal's span is now [0, 0)"


def test_blocks_that_are_online_go_offline_first(dimm: Any) -> None:
    dimm.do(Online(Blocks("33-34"), "online"))
    assert dimm.unplug("dimm0") is None
    assert dimm.events == ["offline memory33-34", "remove memory32-35"]
    assert dimm.present("Normal") == 0


def test_a_block_that_cannot_go_offline_brings_back_the_others(dimm: Any) -> None:
    dimm.write(35, "online_movable")
    dimm.write(32, "online")
    dimm.write(34, "online")
    dimm.do(Fill(Blocks("34"), "kernel-objects"))
    before = dimm.observation
    assert dimm.unplug("dimm0") == "REFUSED"
    assert dimm.events == [
        "offline memory32",
        "offline memory35",
        "online memory32",
        "online memory35",
    ]
    # 33 was offline before and stays so.
    assert dimm.observation == before
    given_up = dimm.reasons[-3]
    assert given_up.rule == "acpi_scan_try_to_offline"
    assert given_up.text == (
        "block 34 could not be offlined (EBUSY): the eject is given up and blocks that it offlined "
        "go online again"
    )
    assert "dimm0" in dimm.guest.devices


def test_blocks_that_come_back_take_a_type_that_was_left_behind(dimm: Any) -> None:
    dimm.do(Online(Blocks("32-35"), "online"))
    assert dimm.write(35, "online_movable") == "EINVAL"
    dimm.do(Fill(Blocks("32"), "kernel-objects"))
    assert dimm.unplug("dimm0") == "REFUSED"
    assert dimm.hot == [
        "32 online [Normal]",
        "33 online [Normal]",
        "34 online [Normal Movable]",
        "35 online [Movable Normal]",
    ]


def test_a_block_that_cannot_come_back_stays_offline(dimm: Any) -> None:
    dimm.do(Online(Blocks("32-35"), "online"))
    assert dimm.write(33, "online_movable") == "EINVAL"
    dimm.do(Fill(Blocks("35"), "kernel-objects"))
    assert dimm.unplug("dimm0") == "REFUSED"
    assert dimm.state(33) == ("offline", "0")
    assert dimm.events[-2:] == ["online memory32", "online memory34"]
    # What was pending is used up: it can be onlined as usual.
    assert dimm.switch(33, "1") is None
    assert dimm.zones(33) == "Normal"


def test_the_kernel_dies_of_a_dimm_that_it_onlined_itself(boot: BootLab) -> None:
    lab = boot()
    lab.knob("online")
    lab.plug("dimm0", "256M")
    assert lab.unplug("dimm0") == "BUG"
    assert lab.end == "BUG"
    [reason] = lab.reasons
    assert reason.rule == "check_memblock_offlined_cb"
    assert reason.text == "block 32 counts as offline for the driver core but is online: BUG()"


@pytest.mark.parametrize("value", ["online", "online_kernel", "online_movable"])
def test_it_lives_when_each_block_was_written_to_before(boot: BootLab, value: Any) -> None:
    lab = boot()
    lab.knob("online")
    lab.plug("dimm0", "256M")
    lab.do(Online(Blocks("32-33"), value))
    assert lab.unplug("dimm0") is None
    assert lab.events == ["offline memory32-33", "remove memory32-33"]


def test_it_dies_when_a_single_block_was_not(boot: BootLab) -> None:
    lab = boot()
    lab.knob("online")
    lab.plug("dimm0", "256M")
    lab.switch(32, "1")
    assert lab.unplug("dimm0") == "BUG"
    assert lab.reasons[-1].text.startswith("block 33 ")


def test_it_lives_when_another_block_keeps_the_dimm(boot: BootLab) -> None:
    lab = boot()
    lab.knob("online")
    lab.plug("dimm0", "384M")
    lab.switch(33, "1")
    lab.do(Fill(Blocks("33"), "kernel-objects"))
    assert lab.unplug("dimm0") == "REFUSED"
    assert lab.end == "ran"


def test_what_is_not_there_cannot_be_ejected(dimm: Any) -> None:
    assert dimm.unplug("dimm7") == "REFUSED"
    assert dimm.reasons[0].text == (
        "no driver is bound to dimm7, so it cannot be ejected: there is no such device"
    )


def test_balloon_memory_cannot_be_ejected(boot: BootLab) -> None:
    lab = boot()
    lab.do(HypervAdd("balloon", Bytes(256 << 20)))
    assert lab.unplug("balloon") == "REFUSED"
    assert lab.reasons[0].text == (
        "no driver is bound to balloon, so it cannot be ejected: it was not added through ACPI"
    )


@pytest.mark.parametrize(
    ("gone", "span"),
    [("a", (34, 38)), ("b", (32, 38)), ("c", (32, 36))],
)
def test_a_zone_gives_up_its_edges_and_keeps_a_hole(
    boot: BootLab, gone: str, span: tuple[int, int]
) -> None:
    lab = boot()
    for name in "abc":
        lab.plug(name, "256M")
    lab.unplug(gone)
    assert lab.span("Normal") == span


@pytest.mark.parametrize(("last", "span"), [("a", (32, 34)), ("c", (36, 38))])
def test_a_zone_shrinks_past_a_hole(boot: BootLab, last: str, span: tuple[int, int]) -> None:
    lab = boot()
    for name in "abc":
        lab.plug(name, "256M")
    lab.unplug("b")
    lab.unplug("c" if last == "a" else "a")
    assert lab.span("Normal") == span


def test_only_the_zone_of_the_first_block_gives_up_a_mixed_dimm(dimm: Any) -> None:
    dimm.write(35, "online_movable")
    dimm.write(34, "online_movable")
    assert dimm.unplug("dimm0") is None
    assert dimm.span("Normal") == (0, 0)
    assert dimm.span("Movable") == (34, 36)
    # The empty zone decides about all memory that comes above its start.
    dimm.plug("dimm1", "256M", at=36)
    assert dimm.hot == ["36-37 offline [Movable]"]
    assert dimm.write(36, "online_kernel") == "EINVAL"


def test_a_dimm_put_back_lies_in_two_zones_at_once(boot: BootLab) -> None:
    lab = boot()
    lab.plug("dimm0", "256M")
    lab.write(33, "online_movable")
    lab.unplug("dimm0")
    lab.plug("dimm0", "256M")
    assert (lab.span("Normal"), lab.span("Movable")) == ((32, 34), (33, 34))
    assert lab.hot == ["32 offline [Normal]", "33 offline [Normal Movable]"]


def test_a_block_can_end_up_outside_its_zone(boot: BootLab) -> None:
    lab = boot()
    lab.plug("dimm0", "256M")
    lab.write(33, "online_movable")
    lab.unplug("dimm0")
    lab.plug("dimm0", "384M")
    assert lab.write(34, "online_movable") is None
    # The stale span of Movable ended where the block starts, which leaves nothing of it.
    assert lab.span("Movable") == (0, 0)
    assert lab.present("Movable") == 1
    assert lab.zones(34) == "Movable"
    lab.write(34, "offline")
    assert lab.write(34, "online_kernel") == "EINVAL"
    # Nothing tells the kernel that there is a Movable zone below new memory.
    lab.plug("dimm1", "128M")
    assert lab.hot == [
        "32-33 offline [Normal]",
        "34 offline [Movable]",
        "35 offline [Normal Movable]",
    ]


def test_a_span_can_end_before_it_starts(boot: BootLab) -> None:
    lab = boot()
    lab.plug("dimm0", "256M")
    lab.write(33, "online_movable")
    lab.unplug("dimm0")
    lab.plug("dimm0", "512M")
    assert (lab.span("Normal"), lab.span("Movable")) == ((32, 36), (33, 34))
    assert lab.write(35, "online_movable") is None
    assert (lab.span("Normal"), lab.span("Movable")) == ((32, 35), (35, 34))
    # Page counts are unsigned.
    assert lab.observation.zones["0/Movable"].spanned == (1 << 64) - 32768
    assert lab.observation.zones["0/Movable"].present == 32768
    # The next block down leaves nothing of the span, and the two that are online outside it.
    assert lab.write(34, "online_movable") is None
    assert lab.observation.zones["0/Movable"] == ZoneView(0, 0, 2 * 32768)
    assert lab.hot == [
        "32 offline [Normal]",
        "33 offline [Normal Movable]",
        "34-35 online [Movable]",
    ]


def test_a_span_turned_inside_out_holds_no_block(boot: BootLab) -> None:
    lab = boot(variant="igor-movable")
    lab.plug("a", "128M", at=34)
    lab.write(34, "online_kernel")
    lab.plug("b", "128M", at=32)
    assert lab.write(32, "online_kernel") is None
    assert lab.span("Normal") == (34, 33)
    assert lab.observation.zones["0/Normal"].spanned == (1 << 64) - 32768
    lab.write(32, "offline")
    # The block ends where the zone does, so the file offers Movable, but it is not in the zone.
    assert lab.zones(32) == "Normal Movable"
    assert lab.write(32, "online_movable") == "EINVAL"
    assert lab.reasons[-1].text == (
        "block 32 is at an edge of zone Normal, whose span ends before it starts and does not "
        "hold it -> EINVAL"
    )
    assert lab.zones(32) == "Normal Movable"


def test_an_eject_drops_the_ragged_end_of_boot_memory(boot: BootLab) -> None:
    lab = boot(cmdline="kernelcore=512M")
    lab.plug("dimm0", "256M")
    assert lab.span("Movable") == (4.03125, 34)
    assert lab.unplug("dimm0") is None
    # Block 7's last page is no memory, so the zone ends in front of it and spans less than is
    # present in it.
    assert lab.span("Movable") == (4.03125, 7)
    assert lab.present("Movable") > 7 - 4.03125


def test_a_half_existing_dimm_cannot_be_removed(boot: BootLab) -> None:
    lab = boot()
    lab.probe(33)
    assert lab.plug("dimm0", "384M", at=32) == "EEXIST"
    assert lab.hot == ["33 offline [Normal Movable]"]
    assert [reason.text for reason in lab.reasons] == [
        "0x100000000..0x118000000 overlaps memory or a device that is already there -> EEXIST",
        "add_memory() returned EEXIST for dimm0: the driver takes the existing blocks for its own",
    ]
    assert lab.unplug("dimm0") == "BUG"
    assert lab.reasons[0].text == (
        "block 32 of dimm0 does not exist: its memmap is dereferenced all the same: oops"
    )


def test_blocks_that_left_have_no_events_waiting(dimm: Any) -> None:
    dimm.plug("dimm1", "128M")
    assert dimm.guest.kernel.pending == [32, 33, 34, 35, 36]
    dimm.unplug("dimm0")
    assert dimm.guest.kernel.pending == [36]
