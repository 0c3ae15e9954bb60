"""What each variant changes, and that it changes nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.conftest import BootLab
from zonediff.engine.machine import Config, Dimm, Machine
from zonediff.engine.steps import Blocks, Online, Udev, Unplug
from zonediff.engine.units import parse_size
from zonediff.variants.registry import COMPARED, OURS, Registry

ON, OFF = "online", "offline"
WITH_DEFAULT = ("upstream", "igor-movable", "michal-split/1", "v4.12", "v4.13", "v4.14", "v6.1")


def policy(name: str) -> Any:
    return Registry().model(name).policy


@pytest.mark.parametrize(
    ("name", "knob", "parameter", "option"),
    [
        ("upstream", (ON, OFF), (ON, OFF), True),
        ("igor-movable", (ON, OFF), (ON, OFF), True),
        ("michal-split/1", (ON, OFF), (ON, OFF), True),
        ("michal-split/2", (ON, OFF), None, False),
        ("michal-split/3", None, None, False),
        ("michal-split", None, None, False),
        ("hyperv-xen-only", None, None, False),
        ("pre-auto-online", None, None, False),
        ("v4.12", (ON, OFF), (ON, OFF), True),
        ("v4.13", (ON, OFF), (ON, OFF), True),
    ],
)
def test_what_user_space_can_use(
    name: str, knob: tuple[str, ...] | None, parameter: tuple[str, ...] | None, option: bool
) -> None:
    interface = Registry().resolve(name).interface
    assert interface.files.get("auto_online_blocks") == knob
    assert interface.parameters.get("memhp_default_state") == parameter
    assert ("MEMORY_HOTPLUG_DEFAULT_ONLINE" in interface.options) == option
    assert "probe" in interface.files
    assert interface.files["memoryN/state"] == (ON, "online_kernel", "online_movable", OFF)


def test_the_knob_of_v6_1_takes_zones() -> None:
    interface = Registry().resolve("v6.1").interface
    four = (OFF, ON, "online_kernel", "online_movable")
    assert interface.files["auto_online_blocks"] == four
    assert interface.parameters["memhp_default_state"] == four


@pytest.mark.parametrize("name", WITH_DEFAULT)
@pytest.mark.parametrize("how", ["parameter", "option"])
def test_the_default_is_online_where_it_can_be_set(name: str, how: str) -> None:
    machine = (
        Machine(cmdline="memhp_default_state=online")
        if how == "parameter"
        else Machine(config=Config(MEMORY_HOTPLUG_DEFAULT_ONLINE=True))
    )
    assert policy(name).knob_at_boot(machine) == ON


@pytest.mark.parametrize("how", ["parameter", "option"])
def test_after_patch_2_the_knob_is_off_after_boot(how: str) -> None:
    machine = (
        Machine(cmdline="memhp_default_state=online")
        if how == "parameter"
        else Machine(config=Config(MEMORY_HOTPLUG_DEFAULT_ONLINE=True))
    )
    assert policy("michal-split/2").knob_at_boot(machine) == OFF
    assert policy("michal-split/3").knob_at_boot(machine) is None
    assert policy("hyperv-xen-only").knob_at_boot(machine) is None


@pytest.mark.parametrize(
    ("name", "end", "state"),
    [
        ("upstream", "hang", None),
        ("igor-movable", "hang", None),
        ("michal-split/1", "hang", None),
        ("michal-split/2", "ran", (OFF, "0")),
        ("michal-split/3", "ran", (OFF, "0")),
        ("hyperv-xen-only", "ran", (OFF, "0")),
        ("v4.12", "ran", (ON, "1")),
    ],
)
def test_dimms_at_power_on_with_the_default_set(
    boot: BootLab, name: str, end: str, state: tuple[str, str] | None
) -> None:
    dimm = Dimm("dimm0", parse_size("128M"))
    lab = boot(variant=name, cmdline="memhp_default_state=online", dimms=[dimm])
    assert lab.end == end
    if state is not None:
        assert lab.state(32) == state


@pytest.mark.parametrize("name", ["upstream", "igor-movable", "michal-split/2", "michal-split/3"])
def test_zones_of_a_dimm_as_it_is_added(boot: BootLab, name: str) -> None:
    lab = boot(variant=name)
    lab.plug("dimm0", "384M")
    assert lab.hot == (
        ["32 offline [Movable Normal]", "33-34 offline [Movable]"]
        if name == "igor-movable"
        else ["32-33 offline [Normal]", "34 offline [Normal Movable]"]
    )


@pytest.mark.parametrize(
    ("value", "results"),
    [
        ("online", [None] * 3),
        ("online_movable", [None] * 3),
        ("online_kernel", [None] * 3),
    ],
)
@pytest.mark.parametrize("order", ["first-to-last", "last-to-first", "middle-outward"])
def test_with_igors_patch_any_order_makes_movable_memory(
    boot: BootLab, value: Any, results: list[str | None], order: Any
) -> None:
    lab = boot(variant="igor-movable")
    lab.plug("dimm0", "384M")
    lab.do(Online(Blocks("dimm0"), value, order))
    if value == "online_kernel" and order != "first-to-last":
        # Kernel memory has to be taken from the lowest block up.
        assert "EINVAL" in lab.results
    else:
        assert lab.results == results


def test_igors_patch_and_the_knob_make_movable_memory_and_keep_its_bug(boot: BootLab) -> None:
    lab = boot(variant="igor-movable")
    lab.knob("online")
    lab.plug("dimm0", "256M")
    assert lab.hot == ["32 online [Movable Normal]", "33 online [Movable]"]
    assert lab.state(32) == ("online", "0")
    assert lab.unplug("dimm0") == "BUG"


def test_igors_patch_lets_movable_overlap_normal(boot: BootLab) -> None:
    lab = boot(variant="igor-movable")
    lab.plug("middle", "256M", at=36)
    lab.do(Online(Blocks("36-37"), "online_kernel"))
    lab.plug("low", "256M", at=32)
    lab.plug("high", "256M", at=38)
    assert (lab.span("Movable"), lab.span("Normal")) == ((32, 40), (36, 38))


def test_igors_patch_says_why(boot: BootLab) -> None:
    lab = boot(variant="igor-movable")
    lab.plug("dimm0", "256M")
    assert lab.reasons[1].text == (
        "block 32 on belongs to a removable device (an ACPI DIMM): it goes to zone Movable of "
        "node 0"
    )
    lab = boot(variant="igor-movable")
    lab.probe(32)
    assert lab.zones(32) == "Normal Movable"


@pytest.mark.parametrize("name", COMPARED)
def test_whole_dimms_are_onlined_by_a_udev_rule_and_ejected_again(boot: BootLab, name: str) -> None:
    lab = boot(variant=name)
    before = lab.observation
    lab.plug("dimm0", "1G")
    assert lab.do(Udev("online")) is None
    assert lab.do(Unplug("dimm0")) is None
    assert lab.observation == before


def test_the_whole_series_is_its_last_patch() -> None:
    series = Registry().resolve("michal-split")
    last = Registry().resolve("michal-split/3")
    assert series.interface == last.interface
    assert series.lineage[1:] == last.lineage


@pytest.mark.parametrize(
    ("name", "lineage"),
    [
        ("upstream", ("upstream",)),
        ("igor-movable", ("igor-movable", "upstream")),
        ("michal-split/2", ("michal-split/2", "michal-split/1", "upstream")),
        ("hyperv-xen-only", ("hyperv-xen-only", "upstream")),
        ("v4.14-stable", ("v4.14-stable", "v4.14", "v4.13", "v4.12", "upstream")),
    ],
)
def test_what_each_variant_builds_on(name: str, lineage: tuple[str, ...]) -> None:
    assert Registry().resolve(name).lineage == lineage


@pytest.mark.parametrize("name", OURS)
def test_every_variant_says_what_it_is(name: str) -> None:
    variant = Registry().resolve(name)
    assert variant.name == name
    assert variant.summary.endswith((".", ";"))
    assert "\n" not in variant.summary
    assert variant.description.startswith(variant.summary)
    assert re.search(r"[4-7]\.[0-9]", variant.origin)
    assert variant.where.startswith("zonediff.variants.")
