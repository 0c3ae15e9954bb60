"""Balloon drivers on every variant: no recording shows them, so their paths are stated here."""

from __future__ import annotations

import pytest

from tests.conftest import BootLab, Lab
from zonediff.engine.steps import HypervAdd, Plug, Udev, XenAdd
from zonediff.engine.units import Bytes
from zonediff.variants.registry import OURS

MIB = 1 << 20
DRIVERS = {"hyperv": HypervAdd, "xen": XenAdd}

FOLLOW_THE_KNOB = (
    *("upstream", "igor-movable", "v4.12", "v4.13", "v4.14", "v4.14-stable"),
    *("v4.9", "v4.17", "v5.4", "v5.10", "v6.1", "v6.12", "v7.2"),
)
ALWAYS_ONLINE = (
    *("michal-split/1", "michal-split/2", "michal-split/3", "michal-split"),
    "hyperv-xen-only",
)
NEVER_ONLINE = ("pre-auto-online", "v4.3")
HAVE_A_KNOB = (*FOLLOW_THE_KNOB, "michal-split/1", "michal-split/2")


def states(lab: Lab) -> set[str]:
    return {view.state for number, view in lab.observation.each() if number >= 32}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("variant", FOLLOW_THE_KNOB)
@pytest.mark.parametrize("knob", ["online", "offline"])
def test_the_knob_decides_about_balloon_memory(
    boot: BootLab, variant: str, driver: str, knob: str
) -> None:
    lab = boot(variant=variant)
    lab.knob(knob)
    assert lab.do(DRIVERS[driver]("balloon", Bytes(384 * MIB))) is None
    assert states(lab) == {knob}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("variant", ALWAYS_ONLINE)
@pytest.mark.parametrize("knob", ["online", "offline"])
def test_the_drivers_online_what_they_add_whatever_the_knob_says(
    boot: BootLab, variant: str, driver: str, knob: str
) -> None:
    lab = boot(variant=variant)
    assert lab.knob(knob) == (None if variant in HAVE_A_KNOB else "ENOENT")
    assert lab.do(DRIVERS[driver]("balloon", Bytes(384 * MIB))) is None
    assert states(lab) == {"online"}
    assert lab.hot == ["32-33 online [Normal]", "34 online [Normal Movable]"]
    # They go on to online as 4.10 does, behind the driver core's back.
    assert lab.state(33) == ("online", "0")


@pytest.mark.parametrize("variant", ["michal-split/3", "michal-split", "hyperv-xen-only"])
def test_without_the_knob_only_the_drivers_online(boot: BootLab, variant: str) -> None:
    lab = boot(variant=variant, MEMORY_HOTPLUG_DEFAULT_ONLINE=True)
    lab.plug("dimm0", "128M")
    lab.do(HypervAdd("balloon", Bytes(128 * MIB)))
    lab.probe(34)
    assert lab.hot == [
        *("32 offline [Normal]", "33 online [Normal]"),
        "34 offline [Normal Movable]",
    ]


@pytest.mark.parametrize("variant", ["michal-split/1", "michal-split/2"])
def test_with_it_acpi_and_probe_go_on_to_follow_it(boot: BootLab, variant: str) -> None:
    lab = boot(variant=variant)
    lab.knob("online")
    lab.plug("dimm0", "128M")
    lab.probe(33)
    assert states(lab) == {"online"}
    lab.knob("offline")
    lab.plug("dimm1", "128M", at=34)
    assert lab.hot[-1] == "34 offline [Normal Movable]"


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("variant", NEVER_ONLINE)
def test_before_auto_online_the_drivers_leave_it_to_user_space(
    boot: BootLab, variant: str, driver: str
) -> None:
    lab = boot(variant=variant, cmdline="memhp_default_state=online")
    assert lab.knob("online") == "ENOENT"
    lab.do(DRIVERS[driver]("balloon", Bytes(256 * MIB)))
    lab.plug("dimm0", "128M")
    assert states(lab) == {"offline"}
    assert lab.reasons[-1].text == (
        "this kernel never onlines memory: what acpi_memory_device_add adds waits for user space"
    )


def test_every_variant_is_told_of_above() -> None:
    listed = {*FOLLOW_THE_KNOB, *ALWAYS_ONLINE, *NEVER_ONLINE}
    assert listed >= {*OURS}


@pytest.mark.parametrize(
    ("variant", "driver", "reason"),
    [
        (
            "michal-split/1",
            "hyperv",
            "hv_mem_hot_add asks for what it adds to be onlined, whatever the knob says",
        ),
        (
            "michal-split/3",
            "xen",
            "reserve_additional_memory asks for what it adds to be onlined, whatever the knob says",
        ),
        (
            "hyperv-xen-only",
            "xen",
            "the caller decides: reserve_additional_memory passes online=true",
        ),
    ],
)
def test_why_the_drivers_online(boot: BootLab, variant: str, driver: str, reason: str) -> None:
    lab = boot(variant=variant)
    lab.do(DRIVERS[driver]("balloon", Bytes(128 * MIB)))
    assert reason in [given.text for given in lab.reasons]


@pytest.mark.parametrize(
    ("variant", "reason"),
    [
        (
            "michal-split/3",
            "the generic path (acpi_memory_device_add) never onlines: what it adds waits for user "
            "space",
        ),
        (
            "hyperv-xen-only",
            "the caller decides: acpi_memory_device_add passes online=false",
        ),
    ],
)
def test_why_acpi_does_not(boot: BootLab, variant: str, reason: str) -> None:
    lab = boot(variant=variant)
    lab.plug("dimm0", "128M")
    assert reason in [given.text for given in lab.reasons]


@pytest.mark.parametrize("driver", DRIVERS)
def test_balloon_memory_is_not_removable_to_igors_patch(boot: BootLab, driver: str) -> None:
    lab = boot(variant="igor-movable")
    lab.do(DRIVERS[driver]("balloon", Bytes(256 * MIB)))
    lab.plug("dimm0", "128M")
    lab.probe(36)
    assert lab.hot == [
        *("32 offline [Normal]", "33 offline [Normal Movable]", "34 offline [Movable Normal]"),
        "36 offline [Movable]",
    ]
    lab.do(DRIVERS[driver]("balloon2", Bytes(128 * MIB)))
    assert lab.zones(35) == "Movable"


def test_below_its_movable_zone_balloon_memory_is_normal(boot: BootLab) -> None:
    lab = boot(variant="igor-movable")
    lab.plug("dimm0", "128M", at=34)
    lab.do(XenAdd("balloon", Bytes(256 * MIB)))
    assert lab.hot == [
        *("32 offline [Normal]", "33 offline [Normal Movable]"),
        "34 offline [Movable Normal]",
    ]


@pytest.mark.parametrize(
    ("size", "blocks", "text"),
    [(256, 2, "in 2 chunks"), (128, 1, "in 1 chunk of"), (192, 2, "in 2 chunks")],
)
def test_hyperv_adds_chunks_of_a_section(boot: BootLab, size: int, blocks: int, text: str) -> None:
    lab = boot()
    lab.do(HypervAdd("balloon", Bytes(size * MIB)))
    assert lab.guest.places["balloon"] == (32, 31 + blocks)
    assert text in lab.reasons[0].text
    assert lab.rules.count("zone_for_memory.normal") == blocks
    assert lab.events == [f"add memory{blocks + 31 if blocks == 1 else f'32-{31 + blocks}'}"]


@pytest.mark.parametrize(("size", "blocks"), [(256, 2), (1, 1), (129, 2)])
def test_xen_adds_one_range_of_whole_sections(boot: BootLab, size: int, blocks: int) -> None:
    lab = boot()
    lab.do(XenAdd("balloon", Bytes(size * MIB)))
    assert lab.guest.places["balloon"] == (32, 31 + blocks)
    assert lab.reasons[0].text == (
        f"the balloon adds {blocks} sections at 0x100000000 in one range"
    )
    assert lab.rules.count("zone_for_memory.normal") == 1


def test_each_chunk_is_onlined_before_the_next_is_added(boot: BootLab) -> None:
    lab = boot(variant="v4.12")
    lab.knob("online")
    lab.do(HypervAdd("balloon", Bytes(256 * MIB)))
    assert lab.events == ["add memory32", "online memory32", "add memory33", "online memory33"]
    lab = boot(variant="v4.12")
    lab.knob("online")
    lab.do(XenAdd("balloon", Bytes(256 * MIB)))
    assert lab.events == ["add memory32-33", "online memory32-33"]


@pytest.mark.parametrize("driver", DRIVERS)
def test_balloons_have_a_node_and_a_name(boot: BootLab, driver: str) -> None:
    lab = boot("1G+0")
    lab.do(DRIVERS[driver]("balloon", Bytes(128 * MIB), 1))
    assert lab.view(32).node == 1
    assert "add node1" in lab.events
    assert lab.do(DRIVERS[driver]("balloon", Bytes(128 * MIB))) == "REFUSED"
    assert lab.do(Plug("balloon", Bytes(128 * MIB))) == "REFUSED"


def test_chunks_that_were_added_stay_when_a_later_one_fails(boot: BootLab) -> None:
    lab = boot()
    lab.probe(33)
    assert lab.do(HypervAdd("balloon", Bytes(384 * MIB))) == "EEXIST"
    assert [number for number, _ in lab.observation.each() if number >= 32] == [32, 33]


@pytest.mark.parametrize("driver", DRIVERS)
def test_user_space_can_online_balloon_memory(boot: BootLab, driver: str) -> None:
    lab = boot()
    lab.do(DRIVERS[driver]("balloon", Bytes(256 * MIB)))
    assert lab.do(Udev("online")) is None
    assert states(lab) == {"online"}
