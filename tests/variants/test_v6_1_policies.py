"""What the module parameters of memory_hotplug do on 6.1 (measured on Debian's kernel)."""

from __future__ import annotations

import pytest

from zonediff.engine.machine import Machine
from zonediff.engine.run import run
from zonediff.engine.steps import Blocks, Online, Plug, Step, Udev, Write
from zonediff.engine.trace import Trace
from zonediff.engine.units import Bytes, parse_size
from zonediff.variants.v6_1 import V6_1

AUTO = "memory_hotplug.online_policy=auto-movable"


def onlined(steps: list[Step], *, nodes: tuple[str, ...] = ("1G",), cmdline: str = AUTO) -> Trace:
    machine = Machine(nodes=tuple(parse_size(size) for size in nodes), cmdline=cmdline)
    return run(V6_1(), machine, steps)


def zones(trace: Trace) -> set[str]:
    return {view.zone for number, view in trace.last().each() if number >= 32}


@pytest.mark.parametrize(
    ("size", "zone"), [("3G", "Movable"), ("3200M", "Normal"), ("4G", "Normal")]
)
def test_a_device_is_movable_as_a_whole_within_the_ratio_or_not_at_all(
    size: str, zone: str
) -> None:
    assert zones(onlined([Plug("dimm1", parse_size(size)), Udev()])) == {zone}


@pytest.mark.parametrize(("size", "zone"), [("4G", "Movable"), ("6G", "Normal")])
def test_the_ratio_is_of_all_kernel_zones(size: str, zone: str) -> None:
    # 3 GiB of the machine's 5 are in DMA and DMA32, the rest in Normal.
    steps: list[Step] = [Plug("dimm1", parse_size(size)), Write("memory48/state", "online")]
    cmdline = f"{AUTO} memory_hotplug.auto_movable_ratio=100"
    seen = onlined(steps, nodes=("5G",), cmdline=cmdline).last().block(48)
    assert seen is not None
    assert seen.zone == zone


@pytest.mark.parametrize(("size", "zone"), [("19584M", "Movable"), ("19712M", "Normal")])
def test_the_ratio_is_301_per_cent_unless_said_otherwise(size: str, zone: str) -> None:
    trace = onlined([Plug("dimm1", parse_size(size)), Udev()], nodes=("6528M",))
    views = [trace.last().block(number) for number in trace.devices["dimm1"]]
    assert {view.zone for view in views if view} == {zone}


@pytest.mark.parametrize(("size", "zone"), [("3G", "Movable"), ("3200M", "Normal")])
def test_of_boot_memory_only_that_in_kernel_zones_counts_on_every_node(
    size: str, zone: str
) -> None:
    # auto_movable_can_online_movable(), mm/memory_hotplug.c; half of each node's 1 GiB is Movable.
    cmdline = f"{AUTO} memory_hotplug.auto_movable_numa_aware=N kernelcore=1536M"
    steps: list[Step] = [Plug("dimm1", parse_size(size)), Udev()]
    assert zones(onlined(steps, nodes=("1G", "1G", "1G"), cmdline=cmdline)) == {zone}


@pytest.mark.parametrize(("size", "zone"), [("1G", "Movable"), ("1152M", "Normal")])
def test_as_much_as_the_ratio_allows_is_movable(size: str, zone: str) -> None:
    # Of a node in the middle the firmware keeps nothing: it has 1 GiB in DMA32 to the page.
    cmdline = f"{AUTO} memory_hotplug.auto_movable_ratio=100"
    steps: list[Step] = [Plug("dimm1", parse_size(size), 1), Udev()]
    assert zones(onlined(steps, nodes=("1G", "1G", "1G"), cmdline=cmdline)) == {zone}


def test_blocks_that_are_alike_but_for_their_device_read_differently() -> None:
    steps: list[Step] = [
        Plug("dimm1", parse_size("512M")),
        Write("memory32/state", "online_kernel"),
        Plug("dimm2", parse_size("512M")),
    ]
    seen = onlined(steps).last()
    assert [str(view) for number, view in seen.each() if number > 32] == [
        *["offline [Normal Movable]"] * 3,
        *["offline [Movable Normal]"] * 4,
    ]


def test_devices_are_movable_until_the_ratio_is_used_up() -> None:
    dimms = [Plug(f"dimm{number}", parse_size("512M")) for number in range(8)]
    steps: list[Step] = []
    for dimm in dimms:
        steps += [dimm, Udev()]
    trace = onlined(steps)
    by_dimm = [trace.last().block(trace.devices[dimm.id][0]) for dimm in dimms]
    assert [view.zone for view in by_dimm if view] == ["Movable"] * 6 + ["Normal"] * 2


def test_one_kernel_block_makes_the_rest_of_its_device_kernel_memory() -> None:
    steps: list[Step] = [
        Plug("dimm1", parse_size("512M")),
        Write("memory32/state", "online_kernel"),
        Online(Blocks("added")),
    ]
    assert zones(onlined(steps)) == {"Normal"}


@pytest.mark.parametrize(("aware", "zone"), [("Y", "Normal"), ("N", "Movable")])
def test_a_node_without_kernel_memory_gets_movable_memory_only_when_nodes_do_not_count(
    aware: str, zone: str
) -> None:
    cmdline = f"{AUTO} memory_hotplug.auto_movable_numa_aware={aware}"
    steps: list[Step] = [Plug("dimm1", parse_size("512M"), 1), Udev()]
    assert zones(onlined(steps, nodes=("1G", "0"), cmdline=cmdline)) == {zone}


def test_a_ratio_of_nothing_makes_everything_kernel_memory() -> None:
    cmdline = f"{AUTO} memory_hotplug.auto_movable_ratio=0"
    assert zones(onlined([Plug("dimm1", parse_size("128M")), Udev()], cmdline=cmdline)) == {
        "Normal"
    }


def test_a_single_block_can_hold_its_own_memmap() -> None:
    inside = onlined([Plug("dimm1", Bytes(128 << 20))], cmdline="memory_hotplug.memmap_on_memory=1")
    outside = onlined(
        [Plug("dimm1", Bytes(256 << 20))], cmdline="memory_hotplug.memmap_on_memory=1"
    )
    rules = [{r.rule for _, _, act in t.acts() for r in act.reasons} for t in (inside, outside)]
    assert "mhp_supports_memmap_on_memory" in rules[0]
    assert "sparse_mem_map_populate" in rules[1]
