"""Dax devices: kmem adds their memory, and removes it when it can."""

from __future__ import annotations

import pytest

from tests.conftest import BootLab, Lab
from zonediff.engine.actors import Attributes
from zonediff.engine.kernel import NotModelled
from zonediff.engine.machine import Dimm
from zonediff.engine.managed_devices import Dax, DaxDriver
from zonediff.engine.observation import run_length
from zonediff.engine.steps import Allocate, Bind, Blocks, Boot, Offline, Udev, Unbind
from zonediff.engine.units import Bytes, parse_size

MOVABLE = "memhp_default_state=online_movable"


def device(
    size: str = "256M", at: str | None = "1G", node: int = 0, driver: DaxDriver = "kmem"
) -> Dax:
    return Dax("dax0.0", parse_size(size), node, None if at is None else parse_size(at), driver)


def blocks(lab: Lab) -> list[str]:
    """The blocks of the device, as ranges."""
    first, last = lab.guest.places["dax0.0"]
    own = (item for item in lab.observation.each() if first <= item[0] <= last)
    return [str(item).removeprefix("memory") for item in run_length(own)]


@pytest.mark.parametrize("variant", ["upstream", "v5.10", "v6.1"])
def test_kernels_without_rules_for_it(boot: BootLab, variant: str) -> None:
    with pytest.raises(NotModelled, match=r"dax and virtio-mem devices are modelled from v6\.12"):
        boot("1536M", variant=variant, dax=[device()])


@pytest.mark.parametrize("variant", ["v6.12", "v7.2"])
@pytest.mark.parametrize(
    ("knob", "shown"),
    [
        ("offline", "8-9 offline [DMA32 Movable]"),
        ("online", "8-9 online [DMA32]"),
        ("online_kernel", "8-9 online [DMA32]"),
        ("online_movable", "8-9 online [Movable]"),
    ],
)
def test_kmem_adds_it_at_boot_and_the_knob_onlines_it(
    boot: BootLab, variant: str, knob: str, shown: str
) -> None:
    lab = boot("1536M", f"memhp_default_state={knob}", variant=variant, dax=[device()])
    assert blocks(lab) == [shown]
    assert lab.observation.devices == {"dax0.0": "kmem"}
    # The blocks beside it are boot memory.
    assert lab.view(7).state == lab.view(10).state == "online"


def test_device_dax_adds_nothing(boot: BootLab) -> None:
    lab = boot("1536M", variant="v7.2", dax=[device(driver="device_dax")])
    assert lab.observation.devices == {"dax0.0": "device_dax"}
    assert lab.observation.block(8) is None
    assert lab.do(Unbind("dax0.0")) == "ENODEV"
    assert lab.rules == ["unbind_store"]
    assert lab.do(Bind("dax0.0")) is None
    assert lab.events == ["add memory8-9"]
    assert lab.observation.devices == {"dax0.0": "kmem"}


def test_offline_blocks_leave_with_the_driver(boot: BootLab) -> None:
    lab = boot("1536M", variant="v7.2", dax=[device()])
    assert lab.do(Unbind("dax0.0")) is None
    assert lab.events == ["remove memory8-9"]
    assert lab.observation.block(8) is None
    assert lab.observation.devices == {"dax0.0": "none"}
    # The knob that counts is that of the time at which kmem adds the memory.
    lab.knob("online_movable")
    assert lab.do(Bind("dax0.0")) is None
    assert blocks(lab) == ["8-9 online [Movable]"]


def test_a_driver_that_has_it_is_not_bound_again(boot: BootLab) -> None:
    lab = boot("1536M", variant="v7.2", dax=[device()])
    assert lab.do(Bind("dax0.0")) == "EBUSY"
    assert lab.rules == ["__driver_probe_device.bound"]


@pytest.mark.parametrize("online", [1, 2])
def test_one_online_block_keeps_all_until_the_next_boot(boot: BootLab, online: int) -> None:
    lab = boot("1536M", variant="v7.2", dax=[device()])
    for block in (8, 9)[:online]:
        lab.write(block, "online_movable")
    before = lab.observation.blocks
    assert lab.do(Unbind("dax0.0")) is None
    assert lab.rules == ["dev_dax_kmem_remove.online"]
    assert lab.observation.blocks == before
    assert lab.observation.devices == {"dax0.0": "none"}
    assert lab.do(Unbind("dax0.0")) == "ENODEV"
    # Offlining all of it later does not help.
    lab.do(Offline(Blocks("dax0.0")))
    assert lab.do(Bind("dax0.0")) == "EBUSY"
    assert lab.rules == ["dev_dax_kmem_probe.reserved"]
    assert blocks(lab) == ["8-9 offline [DMA32 Movable]"]
    lab.do(Boot(MOVABLE))
    assert lab.observation.devices == {"dax0.0": "kmem"}
    assert blocks(lab) == ["8-9 online [Movable]"]


def test_the_rest_of_a_block_is_cut_off(boot: BootLab) -> None:
    lab = boot("2G", variant="v7.2", dax=[device("510M", at="1090M")])
    # Blocks 9 to 11; block 8 begins, and block 12 ends, with boot memory.
    assert blocks(lab) == ["9-11 offline [DMA32 Movable]"]
    assert lab.guest.places["dax0.0"] == (9, 11)
    [truncated] = [why for why in lab.boot_reasons if why.rule == "dev_dax_kmem_probe.truncated"]
    assert truncated.text == (
        "kmem adds blocks 9..11, which lie in dax0.0 as a whole: 62M below and 64M above them are "
        "no memory, as blocks are of 128M"
    )
    assert lab.view(8).state == lab.view(12).state == "online"
    assert lab.write(8, "offline") == "EINVAL"


def test_a_device_without_a_whole_block(boot: BootLab) -> None:
    lab = boot("1536M", variant="v7.2", dax=[device("224M", at="1026M")])
    assert lab.observation.devices == {"dax0.0": "none"}
    assert lab.guest.places == {}
    assert lab.do(Bind("dax0.0")) == "EINVAL"
    assert lab.reasons[0].text == (
        "no memory block of 128M lies in dax0.0 at 0x40200000..0x4e200000 as a whole -> EINVAL"
    )


def test_a_device_outside_boot_memory_takes_a_place_of_dimms(boot: BootLab) -> None:
    dimms = [Dimm("dimm1", parse_size("256M"))]
    lab = boot("1G", variant="v6.12", dimms=dimms, dax=[device(at=None)])
    assert lab.guest.places == {"dimm1": (32, 33), "dax0.0": (34, 35)}
    assert lab.plug("dimm2", "128M") is None
    assert lab.guest.places["dimm2"] == (36, 36)
    assert lab.plug("dimm3", "128M", at=34) == "REFUSED"
    # It stays where it is, whatever leaves below it.
    lab.unplug("dimm1")
    lab.do(Boot())
    assert lab.guest.places["dax0.0"] == (34, 35)


def test_its_node_comes_and_goes_with_it(boot: BootLab) -> None:
    lab = boot("1G+256M+128M", variant="v7.2", dax=[device(node=1)])
    assert lab.observation.nodes["online"] == "0-2"
    lab.write(8, "online_movable")
    assert lab.observation.nodes["has_memory"] == "0-2"
    lab.write(8, "offline")
    lab.do(Unbind("dax0.0"))
    assert lab.observation.nodes["online"] == "0,2"
    assert lab.events == ["remove memory8-9", "remove node1"]
    lab.do(Bind("dax0.0"))
    assert lab.observation.nodes["online"] == "0-2"


@pytest.mark.parametrize("wanted", [False, True])
def test_its_memmap_is_its_own_only_if_it_asks_for_it(boot: BootLab, wanted: bool) -> None:
    dax = Dax("dax0.0", parse_size("256M"), 0, parse_size("1G"), "kmem", wanted)
    lab = boot("1536M", "memory_hotplug.memmap_on_memory=1", variant="v7.2", dax=[dax])
    inside = "mhp_supports_memmap_on_memory" in [why.rule for why in lab.boot_reasons]
    assert inside is wanted


def test_there_is_no_memory_for_the_memmap(boot: BootLab) -> None:
    dax = Dax("dax0.0", Bytes(64 << 30), driver="device_dax")
    lab = boot("512M", variant="v7.2", dax=[dax])
    lab.do(Allocate("agent", Bytes(20 << 20)))
    assert lab.do(Bind("dax0.0")) == "ENOMEM"
    assert lab.rules[-1] == "dev_dax_kmem_probe.add-failed"
    assert lab.observation.devices == {"dax0.0": "none"}


def test_a_device_is_movable_as_a_whole_or_not_at_all(boot: BootLab) -> None:
    # kmem registers a static memory group, as the ACPI driver does for a DIMM.
    policy = "memory_hotplug.online_policy=auto-movable memhp_default_state=online"
    lab = boot("1536M", policy, variant="v7.2", dax=[device()])
    assert blocks(lab) == ["8-9 online [Movable]"]
    ratio = f"{policy} memory_hotplug.auto_movable_ratio=15"
    lab = boot("1536M", ratio, variant="v7.2", dax=[device()])
    assert blocks(lab) == ["8-9 online [DMA32]"]


def test_acpi_does_not_eject_it(boot: BootLab) -> None:
    lab = boot("1536M", variant="v7.2", dax=[device()])
    assert lab.unplug("dax0.0") == "REFUSED"


def test_there_is_no_such_device(boot: BootLab) -> None:
    lab = boot("1G", variant="v7.2")
    assert lab.do(Bind("dax1.0")) == lab.do(Unbind("dax1.0")) == "ENODEV"


@pytest.mark.parametrize(
    ("when", "written"),
    [
        (Attributes(driver="kmem|virtio_mem"), 2),
        (Attributes(driver="virtio_mem"), 0),
        (Attributes(driver="none"), 1),
        (Attributes(driver="kmem", auto_online_blocks="offline"), 2),
        (Attributes(driver="kmem", auto_online_blocks="online*"), 0),
    ],
)
def test_a_udev_rule_asks_for_the_driver_and_the_knob(
    boot: BootLab, when: Attributes, written: int
) -> None:
    lab = boot("1536M", variant="v7.2", dax=[device(driver="device_dax")])
    lab.do(Bind("dax0.0"))
    lab.plug("dimm1", "128M")
    lab.do(Udev("online_movable", when))
    assert len(lab.acts) == written
    assert lab.runner.pending == []
