"""Boot memory anywhere: ranges, parameters that cut it, CPUs of nodes, DIMMs at any address."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.conftest import Lab
from zonediff.engine.guest import Guest
from zonediff.engine.kernel import NotModelled
from zonediff.engine.machine import BootMemory, Dimm, Machine, Platform
from zonediff.engine.steps import Plug
from zonediff.engine.units import GIB, MIB, Bytes
from zonediff.variants.registry import Registry


def lab_of(machine: Machine, variant: str = "v6.1") -> Lab:
    return Lab(machine, Registry().model(variant).policy)


def ranges(*parts: tuple[int, int, int]) -> tuple[BootMemory, ...]:
    """Ranges of (address, size, node) in MiB."""
    return tuple(BootMemory(Bytes(at * MIB), Bytes(size * MIB), node) for at, size, node in parts)


# --- ranges


def test_nodes_may_interleave() -> None:
    machine = Machine(memory=ranges((0, 1024, 0), (1024, 1024, 1), (2048, 1024, 0)))
    assert machine.nodes == (2 * GIB, GIB)
    assert machine.problems() == []
    lab = lab_of(machine)
    assert [lab.view(block).node for block in (7, 8, 15, 16)] == [0, 1, 1, 0]
    assert (lab.span("DMA32", 0), lab.span("DMA32", 1)) == ((0.125, 24), (8, 16))


def test_the_lower_node_may_be_node_1() -> None:
    # Node 1 lies below node 0, and they meet in the middle of block 3.
    machine = Machine(memory=ranges((448, 576, 0), (0, 448, 1)))
    lab = lab_of(machine)
    assert lab.view(3).nodes == (0, 1)
    assert lab.view(3).valid_zones == "none"
    assert lab.write(3, "offline") == "EINVAL"
    assert (lab.view(2).nodes, lab.view(4).nodes) == ((1,), (0,))


def test_a_hole_between_ranges_has_no_block() -> None:
    lab = lab_of(Machine(memory=ranges((0, 512, 0), (1024, 512, 0), (6144, 1024, 0))))
    blocks = [block for block, _ in lab.observation.each()]
    assert blocks == [*range(4), *range(8, 12), *range(48, 56)]
    assert lab.guest.machine.hotplug_base == 7 * GIB


def test_memory_says_how_many_nodes_there_are() -> None:
    machine = Machine(memory=ranges((0, 512, 2)), cpus=(1, 0, 0, 1))
    assert machine.nodes == (0, 0, 512 * MIB, 0)
    assert machine.problems() == []


@pytest.mark.parametrize(
    ("machine", "message"),
    [
        (Machine(nodes=(Bytes(2 * GIB),), memory=ranges((0, 1024, 0))), "`nodes` or `memory`"),
        (Machine(memory=ranges((1024, 1024, 0))), "at address 0"),
        (Machine(memory=ranges((0, 32, 0), (32, 512, 0))), "at least 64M at address 0"),
        (Machine(memory=ranges((0, 512, 0), (256, 512, 1))), "overlaps the range at 0x0"),
        (Machine(memory=ranges((0, 512, 99))), "a node from 0 to 62"),
        (Machine(cpus=(1, 1)), "CPUs of each of 1 nodes"),
        (Machine(cpus=(0,)), "one at least"),
    ],
)
def test_mistakes_in_a_layout(machine: Machine, message: str) -> None:
    assert any(message in text for _, text in machine.problems())


# --- CPUs


def test_a_node_with_a_cpu_is_online_without_memory() -> None:
    machine = Machine(nodes=(Bytes(GIB), Bytes(0)), cpus=(1, 1))
    lab = lab_of(machine)
    assert (lab.observation.nodes["online"], lab.observation.nodes["has_memory"]) == ("0-1", "0")
    assert lab.plug("dimm1", "256M", node=1) is None
    assert lab.unplug("dimm1") is None
    assert lab.observation.nodes["online"] == "0-1"


def test_nodes_with_cpus_are_numbered_first() -> None:
    machine = Machine(nodes=(Bytes(0), Bytes(GIB), Bytes(0)), cpus=(0, 0, 1))
    assert machine.node_numbers == (2, 1, 0)


# --- parameters


@pytest.mark.parametrize(
    ("cmdline", "blocks"),
    [
        ("mem=512M", [0, 1, 2, 3]),
        ("mem=514M", [0, 1, 2, 3, 4]),
        ("mem=2G", [*range(8)]),
        ("mem=512M mem=1G", [0, 1, 2, 3]),
        ("mem=nopentium", [*range(8)]),
        ("memmap=512M", [0, 1, 2, 3]),
        ("memmap=256M$256M", [0, 1, 4, 5, 6, 7]),
        ("memmap=0x10000000!0x20000000", [0, 1, 2, 3, 6, 7]),
        ("memmap=64M$448M,64M$512M", [*range(8)]),
        ("memmap=64M@128M", [*range(8)]),
    ],
)
def test_parameters_cut_boot_memory(cmdline: str, blocks: list[int]) -> None:
    lab = lab_of(Machine(cmdline=cmdline))
    assert [block for block, _ in lab.observation.each()] == blocks


def test_a_block_that_mem_cuts_has_holes() -> None:
    # As on Debian's 6.1 with mem=514M.
    lab = lab_of(Machine(cmdline="mem=514M"))
    assert lab.view(4).valid_zones == "DMA32"
    assert lab.write(4, "offline") == "EINVAL"
    assert lab.write(6, "online") == "ENOENT"


@pytest.mark.parametrize("cmdline", ["numa=off", "memmap=exactmap", "memmap=1G@8G", "mem=0x1000"])
def test_parameters_that_are_not_followed_are_named(cmdline: str) -> None:
    with pytest.raises(NotModelled):
        Guest(Machine(cmdline=cmdline), Registry().model("v6.1").policy)


@pytest.mark.parametrize(
    ("variant", "at_boot", "later"),
    [("v4.14", None, None), ("v5.4", "E2BIG", "E2BIG"), ("v6.1", "E2BIG", None)],
)
def test_memory_above_mem(variant: str, at_boot: str | None, later: str | None) -> None:
    cold = (Dimm("cold", Bytes(256 * MIB)),)
    lab = lab_of(Machine(cmdline="mem=1G", dimms=cold), variant)
    assert lab.guest.failures.get("cold") == at_boot
    assert lab.plug("warm", "256M") == later


def test_a_dash_is_an_underscore_in_a_parameter() -> None:
    lab = lab_of(Machine(cmdline='memory-hotplug.online-policy="auto-movable"'))
    lab.plug("dimm1", "256M")
    assert lab.write(32, "online") is None
    assert lab.zones(32) == "Movable"


def test_the_last_policy_that_is_one_counts() -> None:
    name = "memory_hotplug.online_policy"
    lab = lab_of(Machine(cmdline=f"{name}=auto-movable {name}=automovable"))
    lab.plug("dimm1", "256M")
    assert lab.write(32, "online") is None
    assert lab.zones(32) == "Movable"


# --- DIMMs


@pytest.mark.parametrize(
    ("platform", "result"), [("vmware", None), ("bare-metal", None), ("kvm", "REFUSED")]
)
def test_a_dimm_below_4g(platform: Platform, result: str | None) -> None:
    lab = lab_of(Machine(nodes=(Bytes(2 * GIB),), platform=platform))
    assert lab.do(Plug("dimm1", Bytes(GIB), addr=Bytes(2 * GIB))) == result
    if result is None:
        assert [block for block, _ in lab.observation.each() if block > 15] == [*range(16, 24)]


def test_a_dimm_in_boot_memory_is_refused_by_the_machine() -> None:
    lab = lab_of(Machine(nodes=(Bytes(2 * GIB),), platform="vmware"))
    assert lab.do(Plug("dimm1", Bytes(GIB), addr=Bytes(GIB))) == "REFUSED"


def test_a_dimm_at_an_unaligned_address() -> None:
    lab = lab_of(Machine(nodes=(Bytes(512 * MIB),)))
    assert lab.do(Plug("dimm1", Bytes(GIB), addr=Bytes(0x100200000))) == "EINVAL"


# --- free memory


def test_free_memory_can_be_given() -> None:
    machine = replace(Machine(), free_memory=Bytes(64 * MIB))
    lab = lab_of(machine)
    assert lab.guest.kernel.free_kib == 64 * 1024


def test_a_range_may_go_on_above_4g() -> None:
    lab = lab_of(Machine(memory=ranges((0, 5120, 0))))
    assert [lab.view(block).valid_zones for block in (31, 32)] == ["DMA32", "Normal"]


def test_dimms_at_power_on_may_be_of_further_nodes() -> None:
    machine = Machine(memory=ranges((0, 1024, 0)), dimms=(Dimm("a", Bytes(GIB), node=2),))
    assert replace(machine, dimms=()).problems() == []
    assert lab_of(machine).observation.nodes["online"] == "0-1"
