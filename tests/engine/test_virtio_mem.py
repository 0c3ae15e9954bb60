"""Virtio-mem devices: their driver plugs and unplugs parts of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import BootLab, Lab, boot_lab
from zonediff.engine.actors import Attributes
from zonediff.engine.devices import VirtioMemDevice
from zonediff.engine.machine import Dimm
from zonediff.engine.managed_devices import VirtioMem
from zonediff.engine.observation import run_length
from zonediff.engine.steps import Blocks, Boot, Fill, Online, Resize, Udev
from zonediff.engine.units import MIB, format_size, parse_size

MOVABLE = "memhp_default_state=online_movable"


def device(size: str = "1G", block: str = "2M", requested: str = "0", node: int = 0) -> VirtioMem:
    sizes = (parse_size(size), parse_size(block), parse_size(requested))
    return VirtioMem("vmem0", *sizes, node)


def resize(lab: Lab, to: str) -> str | None:
    return lab.do(Resize("vmem0", parse_size(to)))


def blocks(lab: Lab) -> list[str]:
    """The blocks of the device that are there, as ranges."""
    first, last = lab.guest.places["vmem0"]
    own = (item for item in lab.observation.each() if first <= item[0] <= last)
    return [str(item).removeprefix("memory") for item in run_length(own)]


def sizes(lab: Lab) -> str:
    return lab.observation.devices["vmem0"]


@pytest.mark.parametrize("variant", ["v6.12", "v7.2"])
def test_what_is_requested_at_boot_is_plugged(boot: BootLab, variant: str) -> None:
    lab = boot("1G", MOVABLE, variant=variant, virtio_mem=[device(requested="192M")])
    assert sizes(lab) == "192M requested, 192M plugged"
    assert blocks(lab) == ["32-33 online [Movable]"]
    assert lab.guest.places["vmem0"] == (32, 39)


def test_offline_blocks_are_plugged_and_unplugged_in_part(boot: BootLab) -> None:
    lab = boot("1G", variant="v7.2", virtio_mem=[device()])
    assert blocks(lab) == []
    assert resize(lab, "128M") is None
    assert resize(lab, "256M") is None
    assert lab.events == ["add memory33"]
    assert resize(lab, "192M") is None
    assert blocks(lab) == ["32-33 offline [Normal Movable]"]
    assert sizes(lab) == "192M requested, 192M plugged"
    assert resize(lab, "0") is None
    assert lab.events == ["remove memory33", "remove memory32"]


def test_each_block_is_added_and_onlined_by_itself(boot: BootLab) -> None:
    lab = boot("1G", MOVABLE, variant="v7.2", virtio_mem=[device()])
    resize(lab, "256M")
    assert lab.events == ["add memory32", "online memory32", "add memory33", "online memory33"]


def test_a_block_is_present_as_a_whole_whatever_is_plugged(boot: BootLab) -> None:
    lab = boot("1G", "memhp_default_state=online", variant="v7.2", virtio_mem=[device()])
    free = lab.guest.kernel.free_kib
    resize(lab, "130M")
    assert blocks(lab) == ["32-33 online [Normal]"]
    assert lab.present("Normal") == 2
    memmap = 2 * lab.guest.policy.memmap_kib(lab.guest.kernel, 1)
    assert lab.guest.kernel.free_kib == free + 130 * 1024 - memmap
    resize(lab, "256M")
    assert lab.events == []
    assert lab.guest.kernel.free_kib == free + 256 * 1024 - memmap
    resize(lab, "64M")
    assert lab.events == ["offline memory33", "remove memory33"]
    assert sizes(lab) == "64M requested, 64M plugged"
    assert lab.guest.kernel.free_kib == free + 64 * 1024 - memmap // 2


def test_offline_memory_goes_first_then_movable_memory_from_the_top(boot: BootLab) -> None:
    lab = boot("1G", MOVABLE, variant="v7.2", virtio_mem=[device()])
    resize(lab, "130M")
    resize(lab, "64M")
    assert lab.events == ["offline memory33", "remove memory33"]
    resize(lab, "384M")
    assert blocks(lab) == ["32-34 online [Movable]"]
    lab.write(32, "offline")
    resize(lab, "0")
    assert lab.events == [
        *("remove memory32", "offline memory34", "remove memory34"),
        *("offline memory33", "remove memory33"),
    ]


def test_kernel_memory_goes_last(boot: BootLab) -> None:
    lab = boot("1G", variant="v7.2", virtio_mem=[device(requested="512M")])
    lab.do(Online(Blocks("32,34"), "online_movable"))
    lab.do(Online(Blocks("33,35"), "online_kernel"))
    resize(lab, "256M")
    assert blocks(lab) == ["33 online [Normal]", "35 online [Normal]"]


def test_a_block_plugged_in_part_is_onlined_and_offlined(boot: BootLab) -> None:
    lab = boot("1G", variant="v7.2", virtio_mem=[device(requested="192M")])
    assert lab.write(33, "online_movable") is None
    assert lab.present("Movable") == 1
    assert resize(lab, "256M") is None
    assert lab.events == []
    assert lab.write(33, "offline") is None
    resize(lab, "128M")
    assert lab.events == ["remove memory33"]
    lab.write(32, "online")
    assert resize(lab, "64M") is None
    assert lab.events == []
    assert lab.write(32, "offline") is None


def test_the_driver_waits_until_half_of_what_may_be_offline_is_online(boot: BootLab) -> None:
    lab = boot("1G", variant="v7.2", virtio_mem=[device("4G")])
    assert resize(lab, "2G") == "REFUSED"
    assert sizes(lab) == "2G requested, 1G plugged"
    assert "virtio_mem_could_add_memory" in lab.rules
    for block in (32, 33, 34):
        lab.write(block, "online_movable")
        assert lab.events == [f"online memory{block}"]
    lab.write(35, "online_movable")
    assert lab.events == ["online memory35", "add memory40-43"]
    assert sizes(lab) == "2G requested, 1536M plugged"


def test_memory_that_cannot_move_stays(boot: BootLab) -> None:
    lab = boot("1G", "memhp_default_state=online", variant="v7.2", virtio_mem=[device()])
    resize(lab, "256M")
    lab.do(Fill(Blocks("33"), "kernel-objects"))
    assert resize(lab, "0") == "REFUSED"
    assert blocks(lab) == ["33 online [Normal]"]
    assert sizes(lab) == "0 requested, 128M plugged"
    assert "virtio_mem_fake_offline" in lab.rules


@pytest.mark.parametrize(
    ("block", "events"),
    [
        ("128M", ["add memory32", "online memory32", "add memory33", "online memory33"]),
        ("256M", ["add memory32-33", "online memory32-33"]),
    ],
)
def test_large_device_blocks_are_plugged_as_a_whole(
    boot: BootLab, block: str, events: list[str]
) -> None:
    lab = boot("1G", MOVABLE, variant="v7.2", virtio_mem=[device(block=block)])
    assert resize(lab, "256M") is None
    assert lab.events == events
    lab.write(32, "offline")
    if block == "128M":
        resize(lab, "128M")
        assert lab.events == ["remove memory32"]
    assert resize(lab, "0") is None
    assert blocks(lab) == []


def test_a_large_block_with_kernel_objects_stays_as_a_whole(boot: BootLab) -> None:
    lab = boot("1G", variant="v7.2", virtio_mem=[device(block="256M", requested="256M")])
    lab.write(32, "online_kernel")
    lab.do(Fill(Blocks("32"), "kernel-objects"))
    before = blocks(lab)
    assert resize(lab, "0") == "REFUSED"
    assert blocks(lab) == before
    assert sizes(lab) == "0 requested, 256M plugged"


def test_a_region_that_begins_within_a_block(boot: BootLab) -> None:
    vmem = VirtioMem("vmem0", parse_size("512M"), addr=parse_size("4160M"))
    lab = boot("1G", variant="v7.2", virtio_mem=[vmem])
    assert resize(lab, "512M") == "REFUSED"
    assert blocks(lab) == ["33-35 offline [Normal Movable]"]


def test_its_region_comes_before_dimms(boot: BootLab) -> None:
    dimms = [Dimm("dimm1", parse_size("128M"))]
    lab = boot("1G", variant="v7.2", dimms=dimms, virtio_mem=[device()])
    assert lab.guest.places == {"vmem0": (32, 39), "dimm1": (40, 40)}


def test_no_more_than_the_region(boot: BootLab) -> None:
    lab = boot("1G", variant="v7.2", virtio_mem=[device()])
    assert resize(lab, "2G") == "REFUSED"
    assert sizes(lab) == "0 requested, 0 plugged"
    assert lab.do(Resize("vmem1", parse_size("2M"))) == "REFUSED"


def test_after_a_reboot_what_is_requested_is_plugged_again(boot: BootLab) -> None:
    lab = boot("1G", variant="v7.2", virtio_mem=[device()])
    resize(lab, "256M")
    lab.do(Boot(MOVABLE))
    assert blocks(lab) == ["32-33 online [Movable]"]
    assert sizes(lab) == "256M requested, 256M plugged"


def test_its_node_comes_and_goes_with_it(boot: BootLab) -> None:
    lab = boot("1G+0", variant="v7.2", virtio_mem=[device(node=1)])
    assert lab.observation.nodes["online"] == "0"
    resize(lab, "128M")
    assert lab.observation.nodes["online"] == "0-1"
    resize(lab, "0")
    assert lab.observation.nodes["online"] == "0"


def test_a_udev_rule_asks_for_the_driver(boot: BootLab) -> None:
    lab = boot("1G", variant="v7.2", virtio_mem=[device()])
    resize(lab, "256M")
    lab.do(Udev("online_movable", Attributes(driver="virtio_mem")))
    assert blocks(lab) == ["32-33 online [Movable]"]


POLICY = "memhp_default_state=online memory_hotplug.online_policy=auto-movable"


def test_auto_movable_within_the_ratio(boot: BootLab) -> None:
    lab = boot("1G", POLICY, variant="v7.2", virtio_mem=[device("3G")])
    for size in ("1G", "2G", "3G"):
        assert resize(lab, size) is None
    assert blocks(lab) == ["32-55 online [Movable]"]


def test_kernel_memory_of_a_device_allows_for_movable_memory_of_it(boot: BootLab) -> None:
    # A dynamic memory group: as block 39 went to a kernel zone, block 40 may be movable.
    ratio = f"{POLICY} memory_hotplug.auto_movable_ratio=100"
    lab = boot("1G", ratio, variant="v7.2", virtio_mem=[device("3G")])
    resize(lab, "2944M")
    shown = blocks(lab)
    assert shown[:3] == ["32-38 online [Movable]", "39 online [Normal]", "40 online [Movable]"]
    # It allows for none of another device: 15 movable blocks less 8 kernel blocks of vmem0 need
    # 7 of the 8 blocks of kernel memory from boot, of which a few pages are missing.
    assert lab.plug("dimm1", "128M") is None
    first, _ = lab.guest.places["dimm1"]
    assert lab.view(first).valid_zones == "Normal"


@given(st.lists(st.integers(0, 256), max_size=12), st.booleans())
def test_what_is_requested_is_plugged_and_no_block_is_there_in_vain(
    sizes_in_2m: list[int], movable: bool
) -> None:
    lab = boot_lab("1G", MOVABLE if movable else "", variant="v7.2", virtio_mem=[device("512M")])
    for number in sizes_in_2m:
        size = format_size(number * 2 * MIB)
        assert resize(lab, size) is None
        assert sizes(lab) == f"{size} requested, {size} plugged"
        entry = lab.guest.devices["vmem0"]
        assert isinstance(entry, VirtioMemDevice)
        there = [lab.observation.block(block) is not None for block in range(32, 36)]
        assert there == [bool(bits) for bits in entry.plugged]
        lab.write(32 + number % 4, "offline" if number % 3 else "online_movable")


def test_parts_that_cannot_be_migrated_stay_plugged(boot: BootLab) -> None:
    lab = boot("1G", "memhp_default_state=online", variant="v7.2", virtio_mem=[device()])
    assert resize(lab, "256M") is None
    entry = lab.guest.devices["vmem0"]
    assert isinstance(entry, VirtioMemDevice)
    lab.guest.devices["vmem0"] = replace(entry, busy=(3, 1, *entry.busy[2:]))
    assert resize(lab, "64M") is None
    assert blocks(lab) == ["32-33 online [Normal]"]
    assert resize(lab, "0") == "REFUSED"
    assert sizes(lab) == "0 requested, 8M plugged"
    assert "6M of it stay plugged" in "\n".join(str(reason) for reason in lab.reasons)
