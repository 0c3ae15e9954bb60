"""Adding memory, and the kernel onlining it (v4.10)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.conftest import BootLab
from zonediff.engine.adding import add_memory
from zonediff.engine.devices import Source
from zonediff.engine.kernel import Kernel, NotModelled
from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.rules import Decision
from zonediff.engine.state import KernelState
from zonediff.engine.steps import Allocate, Blocks, Boot, Daemon, Online, Plug, Udev
from zonediff.engine.units import SECTION, Bytes, parse_size
from zonediff.engine.zones import OnlineType, Zone
from zonediff.variants.igor_movable import REMOVABLE
from zonediff.variants.v4_13 import V4_13


@pytest.mark.parametrize("size", ["64M", "130M", "192M"])
def test_a_dimm_that_is_no_whole_sections_adds_no_block(boot: BootLab, size: str) -> None:
    lab = boot()
    assert lab.plug("dimm0", size) == "EINVAL"
    assert lab.hot == []
    assert lab.rules == ["check_hotplug_memory_range", "acpi_memory_enable_device"]
    assert lab.reasons[1].text == (
        "add_memory() returned EINVAL for dimm0: no block appears; the machine has the DIMM all "
        "the same"
    )
    # The virtual machine keeps the place.
    assert lab.plug("dimm0", "128M") == "REFUSED"
    assert lab.unplug("dimm0") == "REFUSED"


def test_later_steps_on_blocks_that_were_not_added_say_why(boot: BootLab) -> None:
    lab = boot()
    lab.plug("dimm0", "192M")
    assert lab.do(Online(Blocks("dimm0"), "online")) == "ENOENT"
    assert [act.result for act in lab.acts] == ["ENOENT", "ENOENT"]
    assert lab.acts[0].reasons[-1].text == (
        "block 32 would be of dimm0, which add_memory() did not add (EINVAL)"
    )


@pytest.mark.parametrize(
    ("variant", "result", "end", "left"),
    [
        ("v4.12", None, "panic", 0),
        ("v4.13", "ENOMEM", "ran", 76),
        ("v5.10", "ENOMEM", "ran", 0),
        ("v6.1", "ENOMEM", "ran", 0),
    ],
)
def test_a_memmap_that_does_not_fit(
    boot: BootLab, variant: str, result: str | None, end: str, left: int
) -> None:
    # Since 4.13 nobody is killed for a memmap: the add fails.
    lab = boot("256M", variant=variant)
    lab.do(Allocate("agent", Bytes(20 << 20)))
    assert lab.plug("dimm1", "15G") == (result or "panic")
    assert lab.end == end
    if result is None:
        assert lab.acts[0].killed == ("agent",)
        return
    assert not lab.acts[0].killed
    assert len(lab.hot) == (1 if left else 0)
    assert sum(1 for block, _ in lab.observation.each() if block >= 32) == left
    assert lab.guest.kernel.free_kib == lab.guest.kernel.reserve_kib
    # The next process that needs memory brings the OOM killer.
    assert lab.do(Allocate("shell", Bytes(1 << 20), -1000)) is None
    assert [name for act in lab.acts for name in act.killed] == ["agent"]


def test_after_a_memmap_that_does_not_fit_nothing_can_run(boot: BootLab) -> None:
    lab = boot("256M", variant="v6.1")
    assert lab.plug("dimm1", "15G") == "panic"
    assert lab.rules[-2:] == ["vmemmap_alloc_block", "out_of_memory.after-enomem"]


def test_v6_1_with_128m_takes_a_small_dimm(boot: BootLab) -> None:
    lab = boot("128M", variant="v6.1")
    assert lab.plug("dimm1", "384M") is None


def test_a_dimm_that_starts_within_a_section_adds_no_block(boot: BootLab) -> None:
    lab = boot()
    assert lab.do(Plug("dimm0", parse_size("128M"), 0, Bytes((4 << 30) + (64 << 20)))) == "EINVAL"
    assert lab.hot == []
    assert lab.rules[0] == "check_hotplug_memory_range"


def test_ranges_that_are_taken_or_cannot_be_addressed_are_refused(boot: BootLab) -> None:
    kernel = boot().guest.kernel
    add = partial(add_memory, kernel)
    limit = 1 << 40
    assert add(0, (4 << 30) - (128 << 20), 128 << 20, Source.PROBE) == "EEXIST"
    assert add(0, limit - (128 << 20), 256 << 20, Source.PROBE) == "EEXIST"
    assert add(0, 4 << 30, 256 << 20, Source.PROBE) is None
    assert add(0, (4 << 30) + (128 << 20), 256 << 20, Source.PROBE) == "EEXIST"
    assert add(0, 4 << 30, 64 << 20, Source.PROBE) == "EEXIST"
    assert add(0, (5 << 30) + (64 << 20), 128 << 20, Source.PROBE) == "EINVAL"
    assert add(0, 5 << 30, 0, Source.PROBE) == "EINVAL"
    assert add(0, limit - (128 << 20), 128 << 20, Source.PROBE) is None


def test_a_wider_cpu_can_address_more(boot: BootLab) -> None:
    assert add_memory(boot(bits=41).guest.kernel, 0, 1 << 40, 128 << 20, Source.PROBE) is None


def test_a_part_of_a_large_block_waits_for_the_rest(boot: BootLab) -> None:
    # As recorded on 4.10 in a guest with 63G, whose blocks are 2G.
    lab = boot("63G")
    assert lab.plug("dimm0", "1G") is None
    assert str(lab.observation.block(32)).startswith("offline [Normal")
    assert lab.view(32).nodes == ()
    assert lab.write(32, "online") == "EBUSY"
    assert lab.rules == ["pages_correctly_reserved"]
    assert lab.plug("dimm1", "1G") == "ENODEV"
    assert lab.view(32).nodes == (0,)
    assert lab.write(32, "online") is None
    again = boot("63G")
    again.plug("dimm0", "1G")
    with pytest.raises(NotModelled, match="fills no whole memory block"):
        again.unplug("dimm0")
    assert boot("63G").plug("dimm0", "4G") is None


def test_memory_joins_a_boot_block_that_has_room(boot: BootLab) -> None:
    # 64G end at 65G, in the middle of block 32: the DIMM fills it and half of block 33.
    lab = boot("64G")
    assert lab.plug("dimm1", "2G") == "ENODEV"
    assert str(lab.observation.block(33)) == "offline [Normal]"
    assert lab.view(32).state == "online"


@pytest.mark.parametrize(("variant", "result"), [("v4.14", "ENODEV"), ("v4.17", None)])
def test_blocks_of_1g_take_what_blocks_of_2g_do_not(
    boot: BootLab, variant: str, result: str | None
) -> None:
    lab = boot("64G", variant=variant)
    assert lab.plug("dimm1", "2G") == result
    assert lab.do(Online(Blocks("dimm1"), "online_movable")) == ("EINVAL" if result else None)


def test_large_blocks_come_and_go_like_small_ones(boot: BootLab) -> None:
    lab = boot("63G")
    assert lab.plug("dimm0", "4G") is None
    base = lab.guest.places["dimm0"][0]
    assert base == 32
    shown = {number: str(view) for number, view in lab.observation.each() if number >= base}
    assert shown == {32: "offline [Normal]", 33: "offline [Normal Movable]"}
    assert lab.write(33, "online_movable") is None
    assert lab.unplug("dimm0") is None
    assert lab.observation.block(32) is None


def test_the_memmap_comes_from_memory_that_is_online(boot: BootLab) -> None:
    lab = boot()
    free = lab.guest.kernel.free_kib
    lab.plug("dimm0", "1G")
    # 2 MiB a block, and what comes with it.
    assert 8 * 2048 <= free - lab.guest.kernel.free_kib <= 8 * 2062
    assert "sparse_mem_map_populate" in lab.rules
    lab.unplug("dimm0")
    assert lab.guest.kernel.free_kib == free


# --- the knob


@pytest.mark.parametrize(
    ("cmdline", "config", "reads"),
    [
        ("", False, "offline"),
        ("", True, "online"),
        ("memhp_default_state=online", False, "online"),
        ("memhp_default_state=offline", True, "offline"),
        ("memhp_default_state=online_movable", True, "online"),
        ("memhp_default_state=online_movable", False, "offline"),
        ("memhp_default_state=", True, "online"),
        ("memhp_default_state", False, "offline"),
        ("memhp_default_state=online memhp_default_state=offline", False, "offline"),
        ("memhp_default_state=offline memhp_default_state=online", False, "online"),
        ("memhp_default_state=online memhp_default_state=junk", False, "online"),
        ("other=online", False, "offline"),
    ],
)
def test_what_the_knob_reads_after_boot(
    boot: BootLab, cmdline: str, config: bool, reads: str
) -> None:
    lab = boot(cmdline=cmdline, MEMORY_HOTPLUG_DEFAULT_ONLINE=config)
    assert lab.observation.auto_online_blocks == reads


def test_the_kernel_onlines_what_is_added_in_the_zone_it_is_in(boot: BootLab) -> None:
    lab = boot()
    lab.plug("before", "128M")
    lab.knob("online")
    assert lab.hot == ["32 offline [Normal Movable]"]
    lab.plug("dimm0", "256M")
    assert lab.hot == [
        "32 offline [Normal]",
        "33 online [Normal]",
        "34 online [Normal Movable]",
    ]
    assert lab.state(33) == lab.state(34) == ("online", "0")
    assert lab.events == ["add memory33-34"]
    assert [reason.text for reason in lab.reasons][-3:] == [
        "auto_online_blocks reads online: the kernel onlines what acpi_memory_device_add adds, in "
        "the zone it is in",
        "block 33-34 asked for with online is in zone Normal and stays there",
        "the kernel onlines without the driver core: dev->offline stays set, so the file online "
        "reads 0, and no event is sent",
    ]
    assert lab.present("Normal") == 2
    lab.knob("offline")
    assert lab.state(33) == ("online", "0")
    lab.plug("after", "128M")
    assert lab.hot[-1] == "35 offline [Normal Movable]"
    assert lab.reasons[-1].text == (
        "auto_online_blocks reads offline: what acpi_memory_device_add adds waits for user space"
    )


def test_above_a_movable_zone_it_onlines_movable_memory(boot: BootLab) -> None:
    lab = boot(cmdline="kernelcore=512M")
    lab.knob("online")
    lab.plug("dimm0", "256M")
    assert lab.hot == ["32-33 online [Movable]"]
    lab = boot()
    lab.plug("dimm0", "128M")
    lab.write(32, "online_movable")
    lab.knob("online")
    lab.plug("dimm1", "128M")
    assert lab.zones(33) == "Movable"
    assert lab.state(33) == ("online", "0")


def test_a_block_that_fails_ends_the_walk_and_nobody_hears_of_it(boot: BootLab) -> None:
    # Movable memory cannot be onlined on a node without normal memory.
    lab = boot("1G+0", MOVABLE_NODE=False)
    lab.plug("dimm0", "256M", node=1)
    lab.write(32, "online_kernel")
    lab.write(33, "online_movable")
    lab.write(33, "offline")
    lab.write(32, "offline")
    lab.knob("online")
    assert lab.plug("dimm1", "256M", node=1) is None
    assert lab.hot[-1] == "34-35 offline [Movable]"
    assert lab.reasons[-1].text == (
        "block 34 could not be onlined: the walk stops there and the error is dropped"
    )
    assert lab.rules.count("can_online_high_movable") == 1


def test_dimms_at_power_on_hang_a_kernel_that_onlines_them(boot: BootLab) -> None:
    dimm = Dimm("dimm0", parse_size("128M"))
    lab = boot(cmdline="memhp_default_state=online", dimms=[dimm])
    assert lab.end == "hang"
    assert lab.observation.blocks == ()
    assert lab.boot_reasons[1].text == (
        "dimm0 is there at power-on, and the kernel's own ACPI scan would online it: 4.10 hangs "
        "there"
    )
    assert boot(cmdline="memhp_default_state=online acpi_no_memhotplug", dimms=[dimm]).end == "ran"


def test_a_reboot_finds_the_dimms_in_their_places(boot: BootLab) -> None:
    lab = boot()
    lab.plug("dimm0", "256M", at=40)
    lab.plug("dimm1", "128M")
    lab.write(41, "online_movable")
    assert lab.do(Boot()) is None
    assert lab.hot == [
        "32 offline [Normal]",
        "40 offline [Normal]",
        "41 offline [Normal Movable]",
    ]
    assert lab.events == ["add memory40-41", "add memory32"]
    assert lab.do(Boot("memhp_default_state=online")) == "hang"
    assert lab.end == "hang"


def test_a_reboot_has_its_own_parameters_and_the_knob_anew(boot: BootLab) -> None:
    lab = boot()
    lab.knob("online")
    lab.do(Boot("kernelcore=512M"))
    assert lab.observation.auto_online_blocks == "offline"
    assert lab.zones(5) == "Movable"
    lab.do(Boot())
    assert lab.zones(5) == "Movable"
    lab.do(Boot(""))
    assert lab.zones(5) == "DMA32"


# --- user space


@pytest.mark.parametrize(
    ("value", "results", "hot"),
    [
        ("online", [None] * 4, ["32-34 online [Normal]", "35 online [Normal Movable]"]),
        ("online_kernel", [None] * 4, ["32-34 online [Normal]", "35 online [Normal Movable]"]),
        (
            "online_movable",
            ["EINVAL"] * 3 + [None],
            [
                "32-33 offline [Normal]",
                "34 offline [Normal Movable]",
                "35 online [Movable Normal]",
            ],
        ),
    ],
)
def test_a_udev_rule_writes_in_the_order_of_events(
    boot: BootLab, value: Any, results: list[str | None], hot: list[str]
) -> None:
    lab = boot()
    lab.plug("dimm0", "512M")
    lab.do(Udev(value))
    assert lab.results == results
    assert lab.hot == hot
    # No event is left.
    lab.do(Udev(value))
    assert lab.results == []


def test_a_udev_rule_after_the_kernel_succeeds_and_moves_nothing(boot: BootLab) -> None:
    lab = boot()
    lab.knob("online")
    lab.plug("dimm0", "512M")
    lab.do(Udev("online_movable"))
    assert lab.results == [None] * 4
    assert lab.hot == ["32-34 online [Normal]", "35 online [Normal Movable]"]
    assert set(lab.rules) == {"memory_subsys_online.already"}


def test_udev_handles_one_dimm_after_another(boot: BootLab) -> None:
    lab = boot()
    lab.plug("dimm1", "128M", at=40)
    lab.plug("dimm0", "128M", at=32)
    lab.do(Udev("online"))
    assert lab.files == ["memory40/state", "memory32/state"]


def test_a_daemon_takes_what_waits_and_leaves_what_it_cannot_have(boot: BootLab) -> None:
    lab = boot(cmdline="kernelcore=512M")
    lab.plug("dimm0", "256M")
    lab.do(Daemon("online_kernel"))
    assert lab.results == []
    # The events are handled, for all that.
    lab.do(Udev("online"))
    assert lab.results == []
    lab.plug("dimm1", "128M")
    lab.do(Daemon("online"))
    assert lab.results == [None]
    assert lab.hot == ["32-33 offline [Movable]", "34 online [Movable]"]


def test_a_daemon_passes_over_blocks_that_are_online(boot: BootLab) -> None:
    lab = boot()
    lab.plug("dimm0", "384M")
    lab.write(34, "online_movable")
    lab.do(Daemon("online_movable"))
    assert lab.files == ["memory33/state", "memory32/state"]


@pytest.mark.parametrize(
    ("order", "files"),
    [("last-to-first", (34, 33, 32)), ("edges-inward", (32, 34, 33))],
)
def test_blocks_are_named_by_device_number_or_as_all_that_were_added(
    boot: BootLab, order: Any, files: tuple[int, ...]
) -> None:
    for blocks in ("dimm0", "32-34", "34,32,33", "added"):
        lab = boot()
        lab.plug("dimm0", "384M")
        lab.do(Online(Blocks(blocks), "online", order))
        assert lab.files == [f"memory{block}/state" for block in files]


def test_the_name_of_a_device_that_left_means_where_it_was(boot: BootLab) -> None:
    lab = boot()
    lab.plug("dimm0", "256M")
    lab.unplug("dimm0")
    lab.do(Online(Blocks("dimm0")))
    assert lab.results == ["ENOENT", "ENOENT"]
    lab.do(Online(Blocks("dimm9")))
    assert lab.results == []
    lab.do(Online(Blocks("added")))
    assert lab.results == []


def test_a_policy_may_choose_zones_both_when_adding_and_when_onlining() -> None:
    """Movable memory of a DIMM, as the patch for 4.10 has it, on top of 4.13's rules."""

    class MovableDimms(V4_13):
        name = "movable-dimms"

        def zone_of_new_memory(
            self, kernel: KernelState, node: int, first: int, source: Source
        ) -> Decision[Zone | None]:
            if source is Source.ACPI:
                return Decision(Zone.MOVABLE, REMOVABLE.because(node=node, first=first))
            return super().zone_of_new_memory(kernel, node, first, source)

    kernel = Kernel(Machine(), MovableDimms())
    add_memory(kernel, 0, 32 * SECTION, 2 * SECTION, Source.ACPI)
    # Spanned from the start, so that kernel memory is refused there.
    assert kernel.tables.span(0, Zone.MOVABLE) == kernel.tables.pages(32, 2)
    assert kernel.policy.zone_to_online(kernel, 33, OnlineType.KERNEL).value is None
    assert kernel.policy.zone_to_online(kernel, 33, OnlineType.KEEP).value is Zone.MOVABLE
    add_memory(kernel, 0, 40 * SECTION, SECTION, Source.PROBE)
    assert kernel.tables.span(0, Zone.MOVABLE) == kernel.tables.pages(32, 2)
