"""Zones and blocks after boot, as measured on v4.10 for each guest."""

from __future__ import annotations

import pytest

from tests.conftest import BootLab
from zonediff.engine.boot import boot_memory, movable_starts, usable_ram
from zonediff.engine.machine import Config, Dimm, Machine
from zonediff.engine.memory import OFFLINE_FLAG, PINNED
from zonediff.engine.units import PAGE, SECTION_PAGES, parse_size
from zonediff.engine.zones import OnlineType

LOW = {"0/DMA": (1, 4095, 3998)}

GUESTS: dict[tuple[str, str], tuple[str, dict[str, tuple[int, int, int]]]] = {
    ("256M", ""): ("0 none; 1 DMA32", {**LOW, "0/DMA32": (4096, 61408, 61408)}),
    ("512M", ""): ("0 none; 1-3 DMA32", {**LOW, "0/DMA32": (4096, 126944, 126944)}),
    ("1G", ""): ("0 none; 1-7 DMA32", {**LOW, "0/DMA32": (4096, 258016, 258016)}),
    ("3584M", ""): (
        "0 none; 1-23 DMA32; 32-34 Normal; 35 Normal Movable",
        {
            **LOW,
            "0/DMA32": (4096, 1044480, 782304),
            "0/Normal": (1048576, 131072, 131072),
        },
    ),
    ("5G", ""): (
        "0 none; 1-23 DMA32; 32-46 Normal; 47 Normal Movable",
        {
            **LOW,
            "0/DMA32": (4096, 1044480, 782304),
            "0/Normal": (1048576, 524288, 524288),
        },
    ),
    ("512M+512M", ""): (
        # Node 0's DMA32 ends where block 3 does, so that one could move.
        "0 none; 1-2 DMA32; 3 DMA32 Normal Movable; 4-7 DMA32",
        {**LOW, "0/DMA32": (4096, 126976, 126976), "1/DMA32": (131072, 131040, 131040)},
    ),
    ("1G+0", ""): ("0 none; 1-7 DMA32", {**LOW, "0/DMA32": (4096, 258016, 258016)}),
    ("0+1G", ""): (
        "0 none; 1-7 DMA32",
        {"1/DMA": (1, 4095, 3998), "1/DMA32": (4096, 258016, 258016)},
    ),
    ("3G+3G", ""): (
        "0 none; 1-23 DMA32; 32-54 Normal; 55 Normal Movable",
        {
            **LOW,
            "0/DMA32": (4096, 782304, 782304),
            "1/Normal": (1048576, 786432, 786432),
        },
    ),
    ("1G", "kernelcore=512M"): (
        "0 none; 1-3 DMA32; 4 none; 5-7 Movable",
        {**LOW, "0/DMA32": (4096, 128000, 128000), "0/Movable": (132096, 130016, 130016)},
    ),
    ("1G", "movablecore=512M"): (
        "0 none; 1-2 DMA32; 3 DMA32 Normal Movable; 4 Movable Normal; 5-7 Movable",
        {**LOW, "0/DMA32": (4096, 126976, 126976), "0/Movable": (131072, 131040, 131040)},
    ),
    ("5G", "movablecore=1G"): (
        "0 none; 1-23 DMA32; 32-38 Normal; 39 Normal Movable; 40 Movable Normal; 41-47 Movable",
        {
            **LOW,
            "0/DMA32": (4096, 1044480, 782304),
            "0/Normal": (1048576, 262144, 262144),
            "0/Movable": (1310720, 262144, 262144),
        },
    ),
    ("512M+512M", "kernelcore=512M"): (
        "0 none; 1 DMA32; 2 none; 3 Movable; 4 DMA32; 5 DMA32 Normal Movable; 6 Movable Normal; "
        "7 Movable",
        {
            **LOW,
            "0/DMA32": (4096, 62464, 62464),
            "0/Movable": (66560, 64512, 64512),
            "1/DMA32": (131072, 65536, 65536),
            "1/Movable": (196608, 65504, 65504),
        },
    ),
}


@pytest.mark.parametrize(("nodes", "cmdline"), GUESTS)
def test_zones_and_blocks_after_boot(boot: BootLab, nodes: str, cmdline: str) -> None:
    layout, zones = GUESTS[nodes, cmdline]
    lab = boot(nodes, cmdline)
    assert lab.end == "ran"
    assert lab.layout == layout
    shown = {
        name: (zone.start_pfn, zone.spanned, zone.present)
        for name, zone in lab.observation.zones.items()
    }
    assert shown == zones


@pytest.mark.parametrize(
    ("nodes", "cmdline", "masks"),
    [
        ("1G", "", ("0", "0", "0")),
        ("1G+0", "", ("0", "0", "0")),
        ("0+1G", "", ("0-1", "1", "1")),
        ("512M+512M", "", ("0-1", "0-1", "0-1")),
        # The kernel numbers what SRAT names: a node without memory in between is not in it.
        ("512M+0+512M", "", ("0-1", "0-1", "0-1")),
        ("0+0+1G", "", ("0-1", "1", "1")),
        # All of node 1 lies above 4G, from where on Movable is cut.
        ("3G+3G", "kernelcore=2G", ("0-1", "0-1", "0")),
    ],
)
def test_node_masks_after_boot(
    boot: BootLab, nodes: str, cmdline: str, masks: tuple[str, str, str]
) -> None:
    seen = boot(nodes, cmdline).observation.nodes
    assert (seen["online"], seen["has_memory"], seen["has_normal_memory"]) == masks


def test_without_movable_node_there_is_one_mask_of_memory(boot: BootLab) -> None:
    assert boot("0+1G", MOVABLE_NODE=False).observation.nodes == {
        "online": "0-1",
        "has_normal_memory": "1",
    }


def test_movable_node_changes_nothing_at_boot(boot: BootLab) -> None:
    assert boot("1G+0", "movable_node").observation == boot("1G+0").observation


@pytest.mark.parametrize(
    ("cmdline", "starts"),
    [
        ("kernelcore=0", {}),
        ("kernelcore=junk", {}),
        ("kernelcore=8G", {}),
        ("kernelcore=512M", {0: 132096}),
        ("kernelcore=1G kernelcore=512M", {0: 132096}),
        ("movablecore=512M", {0: 131072}),
        # Whichever leaves more memory to the kernel counts.
        ("kernelcore=256M movablecore=512M", {0: 131072}),
        ("kernelcore=512M movablecore=768M", {0: 132096}),
        # Movable starts at a whole 4 MiB, so that one byte too many moves the start by that.
        ("kernelcore=524289K", {0: 132096}),
        # Of memory below 4 GiB all can be movable but the first 16 MiB.
        ("movablecore=8G", {}),
        ("movablecore=1020M", {0: 4096}),
        # movable_node takes unpluggable boot memory instead, and finds none.
        ("movable_node kernelcore=512M", {}),
        # Shares of memory came with 4.17; memparse() reads 50 bytes here.
        ("kernelcore=50%", {}),
    ],
)
def test_where_movable_starts(cmdline: str, starts: dict[int, int]) -> None:
    machine = Machine(cmdline=cmdline)
    assert movable_starts(machine, usable_ram(machine)) == starts


def test_without_its_option_movable_node_changes_nothing() -> None:
    machine = Machine(cmdline="movable_node kernelcore=512M", config=Config(MOVABLE_NODE=False))
    assert movable_starts(machine, usable_ram(machine)) == {0: 132096}


@pytest.mark.parametrize(
    ("cmdline", "start"),
    [("kernelcore=50%", 132096), ("movablecore=50%", 131072), ("kernelcore=512M", 132096)],
)
def test_kernel_memory_can_be_a_share_of_all(boot: BootLab, cmdline: str, start: int) -> None:
    # find_zone_movable_pfns_for_nodes(), seen on 6.1.
    machine = Machine(cmdline=cmdline)
    assert movable_starts(machine, usable_ram(machine), percent=True) == {0: start}
    assert boot(variant="v6.1", cmdline=cmdline).observation.zones["0/Movable"].start_pfn == start


@pytest.mark.parametrize(
    ("nodes", "cmdline", "starts"),
    [
        # Half of it on each; node 0 lacks page 0 and the hole below 1M, so its half ends higher.
        (("512M", "512M"), "kernelcore=512M", {0: 66560, 1: 196608}),
        # What node 0 is too small for is taken from node 1.
        (("256M", "768M"), "kernelcore=768M", {0: 65536, 1: 197632}),
        # Boot memory above 4 GiB: everything below stays with the kernel.
        (("2G", "2G"), "movablecore=1G", {0: 524288, 1: 1048576}),
        (("3G", "3G"), "movablecore=1G", {0: 786432, 1: 1572864}),
    ],
)
def test_kernel_memory_is_spread_over_nodes(
    nodes: tuple[str, ...], cmdline: str, starts: dict[int, int]
) -> None:
    machine = Machine(tuple(parse_size(size) for size in nodes), cmdline=cmdline)
    assert movable_starts(machine, usable_ram(machine)) == starts


@pytest.mark.parametrize(
    ("nodes", "size"), [("62G", "8000000"), ("63G", "80000000"), ("31G+32G", "80000000")]
)
def test_blocks_are_large_when_boot_memory_ends_at_64_gib(
    boot: BootLab, nodes: str, size: str
) -> None:
    # 3 GiB lie below the hole, so that 63 GiB of memory end at 64 GiB.
    lab = boot(nodes)
    assert lab.guest.block_size == int(size, 16)


def test_boot_blocks_are_online_for_the_driver_core_and_have_no_type_pending() -> None:
    memory = boot_memory(Machine())
    assert all(memory.is_online(block) for block in range(8))
    assert not any(status & OFFLINE_FLAG for status in memory.status)
    assert set(memory.online_type) == {OnlineType.NONE}


def test_the_top_block_of_boot_memory_holds_early_allocations() -> None:
    memory = boot_memory(Machine())
    assert [block for block in range(8) if memory.status[block] & PINNED] == [7]


@pytest.mark.parametrize(
    ("nodes", "cmdline", "last"),
    [("1G", "", 7), ("5G", "", 23), ("512M+512M", "", 7), ("1G", "kernelcore=512M", 7)],
)
def test_firmware_tables_take_the_top_of_low_memory(nodes: str, cmdline: str, last: int) -> None:
    machine = Machine(tuple(parse_size(size) for size in nodes.split("+")), cmdline=cmdline)
    memory = boot_memory(machine)
    # Block 0 lacks page 0 and the hole below 1 MiB.
    assert memory.ragged == {0: SECTION_PAGES - 98, last: SECTION_PAGES - 32}
    assert max(item.pages.end for item in usable_ram(machine) if item.pages.end < 1 << 20) == (
        machine.low_ram // PAGE - 32
    )


def test_a_blocks_last_page_can_be_of_another_zone_than_its_first() -> None:
    memory = boot_memory(Machine(cmdline="kernelcore=512M"))
    zone_of_last = {block: link for block, link in memory.tails.items() if link}
    assert zone_of_last == {0: 2, 4: 4}  # DMA32 and Movable of node 0
    assert memory.tails[7] == 0
    assert 7 not in boot_memory(Machine(), links_missing_pages=True).tails
    # Missing pages that DMA32 spans, up to 4 GiB, are of it for every kernel (memmap_init_zone).
    assert 23 not in boot_memory(Machine((parse_size("5G"),))).tails


def test_dimms_that_are_there_at_power_on_are_added_offline(boot: BootLab) -> None:
    lab = boot(dimms=[Dimm("dimm0", parse_size("384M")), Dimm("dimm1", parse_size("128M"))])
    assert lab.hot == ["32-34 offline [Normal]", "35 offline [Normal Movable]"]
    assert lab.boot_uevents == ("add memory32-35",)


def test_dimms_without_a_driver_stay_unseen(boot: BootLab) -> None:
    lab = boot(cmdline="acpi_no_memhotplug", dimms=[Dimm("dimm0", parse_size("384M"))])
    assert lab.hot == []
    assert [reason.rule for reason in lab.boot_reasons] == ["acpi_memory_hotplug_init"]
    assert lab.unplug("dimm0") == "REFUSED"


def test_a_block_holds_whole_sections() -> None:
    assert boot_memory(Machine()).block_pages == SECTION_PAGES
    assert boot_memory(Machine((parse_size("64G"),))).block_pages == 16 * SECTION_PAGES
