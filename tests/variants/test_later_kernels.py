"""Kernels after 4.10: zones that are chosen when blocks go online, and spans that shrink."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import BootLab
from zonediff.engine.adding import add_memory
from zonediff.engine.devices import Source
from zonediff.engine.guest import Guest
from zonediff.engine.machine import Config, Machine, Platform
from zonediff.engine.steps import Blocks, Fill, HypervAdd, Offline, Online, Udev
from zonediff.engine.units import SECTION_PAGES, parse_size
from zonediff.engine.zones import Span, Zone
from zonediff.variants.registry import Registry
from zonediff.variants.v4_14 import lies_in_its_zone

LATER = ("v4.13", "v4.14", "v6.1")


def dimm(boot: BootLab, variant: str, size: str = "512M", cmdline: str = "") -> Any:
    lab = boot(variant=variant, cmdline=cmdline)
    lab.plug("dimm0", size)
    return lab


# --- 4.12


def test_4_12_tells_the_driver_core_what_it_onlines(boot: BootLab) -> None:
    lab = boot(variant="v4.12")
    lab.knob("online")
    lab.plug("dimm0", "256M")
    assert lab.events == ["add memory32-33", "online memory32-33"]
    assert lab.state(32) == ("online", "1")
    assert lab.write(32, "online_movable") == "EINVAL"
    assert lab.write(33, "offline") is None
    assert lab.unplug("dimm0") is None
    assert lab.events == ["offline memory32", "remove memory32-33"]


def test_4_12_has_the_zones_of_4_10(boot: BootLab) -> None:
    lab = dimm(boot, "v4.12")
    assert lab.hot == ["32-34 offline [Normal]", "35 offline [Normal Movable]"]
    assert lab.write(32, "online_movable") == "EINVAL"


# --- 4.13


def test_4_13_gives_new_memory_no_zone(boot: BootLab) -> None:
    lab = dimm(boot, "v4.13")
    assert lab.hot == ["32-35 offline [Normal Movable]"]
    assert (lab.span("Normal"), lab.span("Movable")) == ((0, 0), (0, 0))
    assert lab.reasons[1].text == "block 32 on belongs to no zone of node 0 until it is onlined"


@pytest.mark.parametrize("variant", LATER)
@pytest.mark.parametrize("order", ["first-to-last", "last-to-first", "edges-inward"])
def test_later_kernels_online_movable_in_any_order(boot: BootLab, variant: str, order: Any) -> None:
    lab = dimm(boot, variant)
    lab.do(Online(Blocks("dimm0"), "online_movable", order))
    assert lab.results == [None] * 4
    assert lab.hot == ["32-35 online [Movable]"]
    assert (lab.span("Normal"), lab.span("Movable")) == ((0, 0), (32, 36))


@pytest.mark.parametrize(
    ("variant", "refused"),
    [("upstream", False), ("v4.12", True), ("v4.13", True), ("v4.14", False), ("v6.1", False)],
)
def test_4_12_and_4_13_refuse_to_eject_all_the_movable_memory(
    boot: BootLab, variant: str, refused: bool
) -> None:
    lab = boot(variant=variant)
    lab.plug("dimm0", "256M")
    lab.do(Online(Blocks("32-33"), "online_movable", "last-to-first"))
    assert lab.unplug("dimm0") == ("REFUSED" if refused else None)
    if refused:
        assert "drain_all_pages.in-worker" in [reason.rule for reason in lab.reasons]
        assert [view.state for block, view in lab.observation.each() if block >= 32] == [
            "online"
        ] * 2
        # Through sysfs the same blocks go offline.
        lab.write(32, "offline")
        assert lab.write(33, "offline") is None
        assert lab.unplug("dimm0") is None


@pytest.mark.parametrize("variant", ["v4.12", "v4.13"])
def test_a_movable_block_that_takes_in_no_pages_of_the_same_eject_leaves(
    boot: BootLab, variant: str
) -> None:
    lab = boot(variant=variant)
    lab.plug("dimm0", "128M")
    lab.write(32, "online_movable")
    assert lab.unplug("dimm0") is None
    lab.plug("dimm0", "256M")
    lab.plug("dimm1", "128M")
    lab.do(Online(Blocks("32-34"), "online_movable", "last-to-first"))
    # There is other movable memory for the pages of the first DIMM to go to.
    assert lab.unplug("dimm0") is None


def test_4_13_keeps_movable_above_the_kernel_zones(boot: BootLab) -> None:
    lab = dimm(boot, "v4.13")
    lab.write(33, "online_movable")
    assert lab.hot == [
        "32 offline [Normal Movable]",
        "33 online [Movable]",
        "34-35 offline [Movable]",
    ]
    assert lab.write(34, "online_kernel") == "EINVAL"
    assert lab.reasons[0].text == (
        "block 34 ends at pfn 1146880, above the start of zone Movable at 1081344: it cannot go to "
        "zone Normal -> EINVAL"
    )
    assert lab.write(34, "online") is None
    assert lab.reasons[0].text == (
        "block 34 asked for with online goes to zone Movable: zone Movable starts below its end"
    )
    assert lab.write(32, "online_kernel") is None
    assert lab.reasons[0].text == (
        "zone Movable of node 0 is empty or starts at or above the end of block 32: it may go to "
        "zone Normal"
    )


def test_4_13_keeps_the_kernel_zones_below_movable(boot: BootLab) -> None:
    lab = dimm(boot, "v4.13")
    lab.write(34, "online_kernel")
    assert lab.hot == [
        "32-33 offline [Normal]",
        "34 online [Normal]",
        "35 offline [Normal Movable]",
    ]
    assert lab.write(33, "online_movable") == "EINVAL"
    assert lab.reasons[0].text == (
        "block 33 starts at pfn 1081344, below the end of zone Normal at 1146880: it cannot go to "
        "zone Movable -> EINVAL"
    )
    assert lab.write(35, "online_movable") is None
    assert lab.reasons[0].text == (
        "block 35 starts at pfn 1146880, zone Normal ends at 1146880: it may go to zone Movable"
    )
    assert lab.write(33, "online") is None
    assert lab.reasons[0].text == (
        "block 33 asked for with online goes to its default zone, Normal"
    )


def test_4_13_cannot_take_back_a_block_between_others(boot: BootLab) -> None:
    lab = dimm(boot, "v4.13", "1G")
    # These four work on 4.10 and on 4.14.
    results = [
        lab.write(39, "online_movable"),
        lab.write(38, "online_movable"),
        lab.write(38, "offline"),
        lab.write(38, "online_kernel"),
    ]
    assert results == [None, None, None, "EINVAL"]


@pytest.mark.parametrize("variant", ["upstream", "v4.12", "v4.14", "v6.1"])
def test_the_others_can(boot: BootLab, variant: str) -> None:
    lab = dimm(boot, variant, "1G")
    lab.write(39, "online_movable")
    lab.write(38, "online_movable")
    lab.write(38, "offline")
    assert lab.write(38, "online_kernel") is None


def test_4_13_with_movable_node_onlines_as_movable(boot: BootLab) -> None:
    lab = dimm(boot, "v4.13", cmdline="movable_node")
    # The file has the order of zones, whatever plain online does.
    assert lab.zones(32) == "Normal Movable"
    assert lab.write(32, "online") is None
    assert lab.zones(32) == "Movable"
    assert lab.reasons[0].text == (
        "block 32 asked for with online goes to zone Movable: movable_node is set and it is "
        "outside the kernel zones"
    )
    lab = dimm(boot, "v4.13", cmdline="movable_node")
    lab.write(33, "online_kernel")
    lab.write(33, "offline")
    assert lab.write(33, "online") is None
    assert lab.zones(33) == "Normal"


def test_4_13_with_movable_node_lets_movable_swallow_normal(boot: BootLab) -> None:
    lab = dimm(boot, "v4.13", "1G", cmdline="movable_node")
    lab.write(35, "online_kernel")
    lab.write(38, "online")
    assert lab.write(33, "online") is None
    # Whether there is a kernel zone above is not asked.
    assert (lab.span("Normal"), lab.span("Movable")) == ((35, 36), (33, 39))


@pytest.mark.parametrize(
    ("variant", "zones", "movable"),
    [
        ("v4.13", "DMA32", "EINVAL"),
        ("v4.14", "DMA32 Movable", None),
        ("v6.1", "DMA32 Movable", None),
    ],
)
def test_boot_memory_goes_back_to_dma32(
    boot: BootLab, variant: str, zones: str, movable: str | None
) -> None:
    lab = boot(variant=variant)
    assert lab.zones(3) == "DMA32"
    lab.write(3, "offline")
    assert lab.zones(3) == zones
    assert lab.write(3, "online_kernel") is None
    assert lab.zones(3) == "DMA32"
    lab.write(3, "offline")
    assert lab.write(3, "online_movable") == movable


@pytest.mark.parametrize("variant", LATER)
def test_above_boot_movable_memory_the_default_is_movable(boot: BootLab, variant: str) -> None:
    lab = dimm(boot, variant, cmdline="kernelcore=512M")
    assert lab.zones(32) == ("Movable" if variant == "v4.13" else "Normal Movable")
    lab.write(32, "online")
    assert lab.zones(32) == ("Movable" if variant == "v4.13" else "Normal")


# --- 4.14


def test_4_14_lets_zones_overlap(boot: BootLab) -> None:
    lab = dimm(boot, "v4.14", "1G")
    for block in range(32, 40):
        value = "online_movable" if block % 2 else "online_kernel"
        assert lab.write(block, value) is None
    assert (lab.span("Normal"), lab.span("Movable")) == ((32, 39), (33, 40))
    assert (lab.present("Normal"), lab.present("Movable")) == (4, 4)


@pytest.mark.parametrize(
    ("online", "zones", "where"),
    [
        ({}, "Normal Movable", "no zone"),
        ({32: "online_kernel", 34: "online_kernel"}, "Normal Movable", "Normal"),
        ({32: "online_movable", 34: "online_movable"}, "Movable Normal", "Movable"),
        (
            {32: "online_kernel", 31 + 4: "online_kernel", 34: "online_movable"},
            "Normal Movable",
            "Normal",
        ),
    ],
)
def test_4_14_inherits_the_only_zone_around(
    boot: BootLab, online: dict[int, str], zones: str, where: str
) -> None:
    lab = dimm(boot, "v4.14")
    for block, value in online.items():
        lab.write(block, value)
    assert lab.zones(33) == zones
    assert lab.write(33, "online") is None
    assert where in lab.reasons[0].text
    assert lab.zones(33) == zones.partition(" ")[0]


def test_4_14_in_two_zones_takes_the_kernels(boot: BootLab) -> None:
    lab = dimm(boot, "v4.14", "1G")
    for block, value in {32: "online_kernel", 38: "online_kernel", 34: "online_movable"}.items():
        lab.write(block, value)
    lab.write(39, "online_movable")
    assert lab.write(36, "online") is None
    assert lab.reasons[0].text == (
        "block 36 asked for with online lies in two zones: it goes to zone Normal, the default"
    )


def test_4_14_with_movable_node_prefers_movable(boot: BootLab) -> None:
    lab = dimm(boot, "v4.14", cmdline="movable_node")
    assert lab.zones(32) == "Movable Normal"
    assert lab.write(32, "online") is None
    assert lab.zones(32) == "Movable"
    assert lab.write(33, "online_kernel") is None


def test_4_14_stable_shows_no_zone_for_a_block_that_never_was_online(boot: BootLab) -> None:
    lab = dimm(boot, "v4.14-stable")
    assert lab.hot == ["32-35 offline [none]"]
    assert lab.write(33, "online_movable") is None
    lab.write(33, "offline")
    assert lab.hot[1] == "33 offline [Movable Normal]"


@pytest.mark.parametrize(
    ("variant", "span"), [("v4.13", (34, 38)), ("v4.14", (36, 38)), ("v6.1", (36, 38))]
)
def test_what_an_eject_leaves_of_a_span(boot: BootLab, variant: str, span: tuple[int, int]) -> None:
    lab = boot(variant=variant)
    for name in "abc":
        lab.plug(name, "256M")
    lab.do(Online(Blocks("32-37"), "online_kernel"))
    lab.do(Offline(Blocks("34-35")))
    lab.unplug("a")
    assert lab.span("Normal") == span


@pytest.mark.parametrize(
    ("start", "end", "lies"),
    [
        *((0, 0, True), (1024, 0, True), (1025, 0, False)),
        *((0, -1023, True), (0, -1024, False), (-5, 5, True)),
    ],
)
def test_4_14_stable_asks_for_each_4_mib_but_the_first(
    boot: BootLab, start: int, end: int, lies: bool
) -> None:
    # test_pages_in_a_zone() takes the zone from the first page and asks it about the others.
    lab = dimm(boot, "v4.14-stable")
    lab.write(33, "online_kernel")
    pages = lab.guest.kernel.tables.pages(33)
    lab.guest.kernel.tables.spans[Zone.NORMAL] = Span(pages.start + start, pages.end + end)
    assert lies_in_its_zone(lab.guest.kernel, 33) == lies


@pytest.mark.parametrize(
    ("variant", "spanned"), [("v4.13", True), ("v4.14", False), ("v6.1", True)]
)
def test_an_eject_from_the_middle_of_a_span_without_online_blocks(
    boot: BootLab, variant: str, spanned: bool
) -> None:
    # shrink_zone_span() of 4.14 gives a span up that holds no online block, 4.13 keeps it for
    # offline ones. In 6.1 it went with the last block that went offline.
    lab = boot(variant=variant)
    for name in "abc":
        lab.plug(name, "128M")
    lab.do(Online(Blocks("32-34"), "online_movable"))
    lab.do(Offline(Blocks("33")))
    lab.do(Offline(Blocks("32")))
    lab.do(Offline(Blocks("34")))
    before = lab.span("Movable")
    assert before == ((0, 0) if variant == "v6.1" else (32, 35))
    lab.unplug("b")
    assert lab.span("Movable") == (before if spanned else (0, 0))


@pytest.mark.parametrize("variant", ["v4.14", "v4.14-stable"])
def test_a_boot_block_counts_the_pages_that_it_has(boot: BootLab, variant: str) -> None:
    # Block 23 lacks the pages of firmware tables (walk_system_ram_range in online_pages); once it
    # went online again all its pages are linked, the missing ones too (memmap_init_zone).
    lab = boot("5G", variant=variant)
    assert lab.write(23, "offline") is None
    assert lab.write(23, "online_movable") is None
    assert lab.span("Movable") == (23, 24)
    assert lab.observation.zones["0/Movable"].present == SECTION_PAGES - 32
    lab.plug("dimm0", "128M")
    assert lab.write(48, "online_movable") is None
    lab.unplug("dimm0")
    assert lab.span("Movable") == (23, 24)
    assert lab.write(23, "offline") is None
    assert lab.observation.zones["0/Movable"].present == 0


# --- 6.1


def test_6_1_forgets_the_zone_of_a_block_that_goes_offline(boot: BootLab) -> None:
    lab = dimm(boot, "v6.1")
    lab.do(Online(Blocks("32-34"), "online_kernel"))
    lab.write(35, "online_movable")
    assert lab.write(35, "offline") is None
    assert lab.reasons[0].text == (
        "block 35 leaves zone Movable, whose span shrinks to its online blocks"
    )
    assert lab.span("Movable") == (0, 0)
    assert lab.zones(35) == "Normal Movable"
    lab.write(35, "online")
    assert lab.zones(35) == "Normal"
    lab.write(32, "offline")
    assert lab.span("Normal") == (33, 36)
    lab.write(34, "offline")
    assert lab.span("Normal") == (33, 36)


@pytest.mark.parametrize("value", ["online", "online_kernel", "online_movable", "offline"])
def test_6_1_has_zones_for_the_knob(boot: BootLab, value: str) -> None:
    for lab in (boot(variant="v6.1"), boot(variant="v6.1", cmdline=f"memhp_default_state={value}")):
        if not lab.guest.machine.cmdline:
            lab.knob(value)
        assert lab.observation.auto_online_blocks == value
        lab.plug("dimm0", "256M")
        state = "offline" if value == "offline" else "online"
        zone = {"online_movable": "Movable", "offline": "Normal Movable"}.get(value, "Normal")
        assert lab.hot == [f"32-33 {state} [{zone}]"]
        assert lab.write(32, "online_movable") == (None if value == "offline" else "EINVAL")


def test_6_1_refuses_blocks_with_holes_and_calls_all_removable(boot: BootLab) -> None:
    lab = boot(variant="v6.1")
    assert lab.write(7, "offline") == "EINVAL"
    assert lab.reasons[0].text == (
        "pages of block 7 are missing: a block with holes is not offlined -> EINVAL"
    )
    assert lab.write(0, "offline") == "EINVAL"
    assert all(view.removable == "1" for _, view in lab.observation.each())


@pytest.mark.parametrize(
    ("knob", "done"),
    [("online_movable", "onlined with online_movable"), ("offline", "left offline")],
)
def test_6_1_says_what_becomes_of_new_memory(boot: BootLab, knob: str, done: str) -> None:
    lab = boot(variant="v6.1")
    lab.knob(knob)
    lab.plug("dimm0", "128M")
    assert (f"auto_online_blocks reads {knob}: what acpi_memory_device_add adds is {done}") in [
        reason.text for reason in lab.reasons
    ]


AUTO_MOVABLE = "memory_hotplug.online_policy=auto-movable"


def test_6_1_auto_movable_says_what_the_ratio_decides(boot: BootLab) -> None:
    lab = boot(variant="v6.1", cmdline=f"{AUTO_MOVABLE} memory_hotplug.auto_movable_ratio=50")
    lab.plug("dimm0", "512M")
    lab.plug("dimm1", "128M")
    early = 3998 + 258016
    assert lab.write(33, "online") is None
    # Half of the boot memory is just less than these four blocks.
    assert lab.reasons[0].text == (
        f"auto-movable: 131072 more pages make 131072 movable ones, beyond 50 % of {early} kernel "
        "pages from boot: block 33 goes to zone Normal"
    )
    assert lab.write(36, "online") is None
    assert lab.reasons[0].text == (
        f"auto-movable: 32768 more pages make 32768 movable ones, within 50 % of {early} kernel "
        "pages from boot on node 0: block 36 goes to zone Movable"
    )
    assert lab.write(32, "online") is None
    assert lab.reasons[0].text == (
        "auto-movable: device dimm0 of block 32 has kernel memory online already: zone Normal"
    )


def test_6_1_auto_movable_counts_what_of_the_device_is_movable_once(boot: BootLab) -> None:
    lab = boot(variant="v6.1", cmdline=f"{AUTO_MOVABLE} memory_hotplug.auto_movable_ratio=50")
    lab.plug("dimm0", "384M")
    assert lab.write(32, "online") is None
    assert lab.write(33, "online") is None
    assert "65536 more pages make 98304 movable ones" in lab.reasons[0].text
    assert lab.zones(33) == "Movable"
    # What the file offers first is where plain online goes.
    assert lab.zones(34) == "Movable Normal"
    lab.plug("dimm1", "256M")
    assert lab.zones(35) == "Normal Movable"


@pytest.mark.parametrize("block", [40, 41])
def test_6_1_auto_movable_takes_a_block_without_device_by_itself(boot: BootLab, block: int) -> None:
    lab = boot(variant="v6.1", cmdline=AUTO_MOVABLE)
    lab.plug("dimm0", "128M", at=42)
    add_memory(lab.guest.kernel, 0, block << 27, 128 << 20, Source.PROBE)
    assert lab.write(block, "online") is None
    assert "32768 more pages make 32768 movable ones" in lab.reasons[-1].text


def test_6_1_auto_movable_takes_each_block_of_a_balloon_by_itself(boot: BootLab) -> None:
    ratio = "memory_hotplug.auto_movable_ratio=50"
    lab = boot(variant="v6.1", cmdline=f"{AUTO_MOVABLE} {ratio}")
    lab.do(HypervAdd("hot", parse_size("512M")))
    for block, zone in ((33, "Movable"), (34, "Movable"), (35, "Movable"), (32, "Normal")):
        assert lab.write(block, "online") is None
        assert lab.zones(block) == zone


def test_6_1_auto_movable_counts_boot_memory_that_is_still_online(boot: BootLab) -> None:
    # adjust_present_page_count() keeps present_early_pages; boot memory made movable leaves it.
    policy = "memory_hotplug.online_policy=auto-movable memory_hotplug.auto_movable_ratio=100"
    lab = boot(variant="v6.1", cmdline=policy)
    lab.plug("dimm0", "512M")
    assert lab.hot == ["32-35 offline [Movable Normal]"]
    lab.do(Offline(Blocks("2-6")))
    assert lab.hot == ["32-35 offline [Normal Movable]"]
    lab.write(2, "online_movable")
    assert lab.hot == ["32-35 offline [Normal Movable]"]
    lab.do(Online(Blocks("3-6"), "online_kernel"))
    assert lab.hot == ["32-35 offline [Movable Normal]"]
    # Hot-added kernel memory does not count.
    lab.plug("dimm1", "1G")
    lab.do(Online(Blocks("36-43"), "online_kernel"))
    lab.do(Offline(Blocks("3-6")))
    assert lab.hot[0] == "32-35 offline [Normal Movable]"


@pytest.mark.parametrize(
    ("text", "zone"),
    [("100", "Movable"), ("0", "Normal"), ("junk", "Movable"), ("-1", "Movable"), ("", "Movable")],
)
def test_6_1_takes_a_ratio_that_is_a_number(boot: BootLab, text: str, zone: str) -> None:
    cmdline = f"{AUTO_MOVABLE} memory_hotplug.auto_movable_ratio={text}"
    lab = boot(variant="v6.1", cmdline=cmdline)
    lab.plug("dimm0", "512M")
    lab.write(32, "online")
    assert lab.zones(32) == zone


@pytest.mark.parametrize("value", ["online_kernel", "online_movable"])
def test_6_1_auto_movable_decides_about_plain_online_only(boot: BootLab, value: str) -> None:
    lab = boot(variant="v6.1", cmdline=f"{AUTO_MOVABLE} memory_hotplug.auto_movable_ratio=0")
    lab.plug("dimm0", "128M")
    lab.write(32, value)
    assert lab.zones(32) == ("Normal" if value == "online_kernel" else "Movable")


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        *(("=1", True), ("=Y", True), ("=yes", True), ("=on", True), ("=true", True), ("", True)),
        *(("=0", False), ("=n", False), ("=x", False), ("=", False), ("=1 {}=off", False)),
        *(("=1 {}=x", True), ("=?", False), ("=1 {}=?", True)),
    ],
)
def test_6_1_a_block_may_hold_its_own_memmap(boot: BootLab, text: str, inside: bool) -> None:
    name = "memory_hotplug.memmap_on_memory"
    lab = boot(variant="v6.1", cmdline=name + text.format(name))
    free = lab.guest.kernel.free_kib
    lab.plug("dimm0", "128M")
    assert (lab.guest.kernel.free_kib == free) == inside
    lab.write(32, "online")
    # Either way what is left of the block is free in the end.
    assert lab.guest.kernel.free_kib == free + 128 * 1024 - 2058
    lab.unplug("dimm0")
    assert lab.guest.kernel.free_kib == free


def test_6_1_two_blocks_do_not_hold_theirs(boot: BootLab) -> None:
    lab = boot(variant="v6.1", cmdline="memory_hotplug.memmap_on_memory=1")
    free = lab.guest.kernel.free_kib
    lab.plug("dimm0", "256M")
    assert lab.guest.kernel.free_kib == free - 2 * 2058


@pytest.mark.parametrize(("variant", "result"), [("v4.14", "EINVAL"), ("v6.1", None)])
def test_6_1_takes_true_and_false_as_well(boot: BootLab, variant: str, result: str | None) -> None:
    lab = boot(variant=variant)
    lab.plug("dimm0", "128M")
    for value, state in (("true", "online"), ("F", "offline")):
        assert lab.switch(32, value) == result
        assert lab.view(32).state == ("offline" if result else state)
        assert ("strtobool" in lab.rules) == bool(result)


@pytest.mark.parametrize(
    ("nodes", "platform", "size"),
    [
        *(("62G", "kvm", 128), ("63G", "kvm", 2048), ("66G", "kvm", 1024), ("66G", "xen", 1024)),
        *(("65664M", "hyperv", 128), ("65792M", "kvm", 256), ("66G", "bare-metal", 2048)),
    ],
)
def test_6_1_has_blocks_that_divide_a_virtual_machines_memory(
    nodes: str, platform: Platform, size: int
) -> None:
    # probe_memory_block_size(), arch/x86/mm/init_64.c
    machine = Machine((parse_size(nodes),), platform=platform)
    assert Guest(machine, Registry().model("v6.1").policy).block_size == size << 20


def test_6_1_adds_whole_blocks_only(boot: BootLab) -> None:
    # check_hotplug_memory_range()
    lab = boot("66G", variant="v6.1")
    assert lab.plug("dimm0", "512M") == "EINVAL"
    assert lab.reasons[0].text.endswith("is not whole memory blocks of 1024 MiB -> EINVAL")
    assert lab.observation.blocks[-1].last == 66
    lab.plug("dimm1", "1G", at=68 * 8)
    assert str(lab.observation.block(68)) == "offline [Normal Movable]"
    older = boot("66G", variant="v4.14")
    assert older.plug("dimm0", "512M") == "ENODEV"
    assert "its new sections stay, and the device gets no driver" in older.reasons[1].text


# --- nodes that are left while they have blocks


@pytest.mark.parametrize(
    ("variant", "leaves"),
    [("upstream", False), ("v4.12", False), ("v4.13", True), ("v4.14", True), ("v6.1", False)],
)
def test_a_node_can_leave_before_blocks_that_were_never_online(
    boot: BootLab, variant: str, leaves: bool
) -> None:
    lab = boot("1G+0", variant=variant)
    lab.plug("dimm0", "128M", node=1)
    lab.plug("dimm1", "128M", node=1)
    lab.unplug("dimm0")
    assert lab.observation.nodes["online"] == ("0" if leaves else "0-1")
    assert lab.view(33).node == (-1 if leaves else 1)


@pytest.mark.parametrize(("variant", "leaves"), [("v4.13", False), ("v4.14", True)])
def test_what_a_node_spans_once_what_was_online_is_gone(
    boot: BootLab, variant: str, leaves: bool
) -> None:
    # Block 33 was never online. shrink_pgdat_span() of 4.13 goes by the node that pages are linked
    # to, and keeps it; update_pgdat_span() of late 4.14 goes by zones, which do not have it.
    lab = boot("1G+0", variant=variant)
    for number in range(3):
        lab.plug(f"dimm{number}", "128M", node=1)
    for block in (32, 34):
        lab.write(block, "online")
    for block, dimm in ((34, "dimm2"), (32, "dimm0")):
        lab.write(block, "offline")
        assert lab.unplug(dimm) is None
    assert lab.observation.nodes["online"] == ("0" if leaves else "0-1")


@pytest.mark.parametrize("variant", ["v4.13", "v4.14"])
def test_what_is_plugged_where_a_nodes_span_has_shrunk_is_outside_of_it(
    boot: BootLab, variant: str
) -> None:
    lab = boot("1G+0", variant=variant)
    for block, dimm in ((32, "dimm0"), (33, "dimm1")):
        lab.plug(dimm, "128M", node=1)
        lab.write(block, "online")
    lab.write(33, "offline")
    assert lab.unplug("dimm1") is None
    lab.plug("dimm1", "128M", at=33, node=1)
    lab.write(32, "offline")
    assert lab.unplug("dimm0") is None
    assert lab.observation.nodes["online"] == "0"


@pytest.mark.parametrize("variant", ["v4.13", "v4.14"])
def test_pages_of_a_node_that_came_back_are_counted_anew(boot: BootLab, variant: str) -> None:
    lab = boot("1G+0", variant=variant)
    lab.plug("dimm0", "128M", node=1)
    lab.plug("dimm1", "128M", node=1)
    lab.unplug("dimm0")
    assert lab.do(Udev("online")) is None
    assert lab.present("Normal", 1) == 1
    lab.plug("dimm0", "128M", node=1)
    assert lab.events == ["add memory32", "add node1"]
    assert lab.present("Normal", 1) == 0


def came_back(boot: BootLab, variant: str, value: str) -> Any:
    """Node 1 left and came back with block 33 online, whose pages it does not count."""
    lab = boot("1G+0", variant=variant)
    lab.plug("dimm0", "128M", node=1)
    lab.plug("dimm1", "128M", node=1)
    lab.unplug("dimm0")
    assert lab.write(33, value) is None
    lab.plug("dimm0", "128M", node=1)
    return lab


@pytest.mark.parametrize("variant", ["v4.13", "v4.14"])
def test_the_count_of_a_node_that_came_back_can_fall_below_nothing(
    boot: BootLab, variant: str
) -> None:
    # __offline_pages() subtracts from a count that hotadd_new_pgdat() has reset.
    lab = came_back(boot, variant, "online_movable")
    assert lab.write(33, "offline") is None
    assert lab.observation.zones["1/Movable"].present == (1 << 64) - SECTION_PAGES
    assert lab.observation.nodes["has_memory"] == "0"
    # With two blocks online the node counts the pages of one, and loses the state with it.
    for block in (32, 33):
        assert lab.write(block, "online_kernel" if variant == "v4.14" else "online") is None
    assert lab.observation.nodes["has_memory"] == "0-1"
    assert lab.write(32, "offline") is None
    assert lab.view(33).state == "online"
    assert lab.observation.nodes["has_memory"] == "0"


@pytest.mark.parametrize("variant", ["v4.13", "v4.14"])
def test_a_movable_block_does_not_touch_the_mask_of_normal_memory(
    boot: BootLab, variant: str
) -> None:
    # node_states_check_changes_offline() asks about normal memory for blocks of kernel zones only.
    lab = came_back(boot, variant, "online_kernel")
    assert lab.write(32, "online_movable") is None
    assert lab.write(32, "offline") is None
    assert lab.observation.nodes == {"online": "0-1", "has_memory": "0", "has_normal_memory": "0-1"}


@pytest.mark.parametrize(("variant", "result"), [("v4.14", None), ("v4.14-stable", "EINVAL")])
def test_4_14_stable_does_not_offline_a_block_outside_its_zone(
    boot: BootLab, variant: str, result: str | None
) -> None:
    lab = came_back(boot, variant, "online_kernel")
    shown = "Normal" if variant == "v4.14" else "none"
    assert lab.hot[1] == f"33 online [{shown}]"
    assert lab.write(33, "offline") == result
    if result:
        assert lab.rules == ["test_pages_in_a_zone.outside"]
        # An eject is refused by it, and the zone that spans the block again lets it go.
        assert lab.unplug("dimm1") == "REFUSED"
        assert lab.write(32, "online_kernel") is None
        lab.plug("dimm2", "128M", node=1)
        assert lab.write(34, "online_kernel") is None
        assert lab.write(33, "offline") is None


@pytest.mark.parametrize("variant", ["v4.13", "v4.14"])
def test_a_node_leaves_only_once(boot: BootLab, variant: str) -> None:
    lab = boot("1G+0", variant=variant)
    for name in ("dimm0", "dimm1"):
        lab.plug(name, "128M", node=1)
    lab.unplug("dimm0")
    assert lab.events == ["remove memory32", "remove node1"]
    lab.unplug("dimm1")
    assert lab.events == ["remove memory33"]


@pytest.mark.parametrize("variant", ["v4.13", "v4.14", "v6.1"])
def test_the_masks_do_not_depend_on_an_option_that_is_gone(variant: str) -> None:
    machine = Machine(config=Config(MOVABLE_NODE=False))
    trace = Registry().model(variant).run(machine, [])
    assert trace.boot.nodes["has_memory"] == "0"


def test_onlining_links_pages_that_a_block_lacks_as_well(boot: BootLab) -> None:
    # move_pfn_range_to_zone() of 4.14 links the whole block: its last pages, which the firmware
    # keeps, are of zone Movable then, to which its span shrinks back.
    lab = boot(variant="v4.14")
    lab.do(Fill(Blocks("7"), "nothing"))
    lab.plug("dimm0", "128M")
    for block in (7, 32):
        lab.write(block, "offline")
        assert lab.write(block, "online_movable") is None
    assert lab.span("Movable") == (7, 33)
    assert lab.unplug("dimm0") is None
    assert lab.span("Movable") == (7, 8)
