from __future__ import annotations

import pytest

from tests.conftest import BootLab
from zonediff.engine.guest import boot_blocks
from zonediff.engine.machine import Config, Dimm, Machine, first_free
from zonediff.engine.units import Bytes, parse_size

G = 1 << 30
M = 1 << 20


def machine(nodes: str = "1G", *dimms: Dimm, cmdline: str = "") -> Machine:
    return Machine(tuple(parse_size(size) for size in nodes.split("+")), dimms, cmdline)


@pytest.mark.parametrize(
    ("nodes", "low", "ranges", "base"),
    [
        ("256M", 256 * M, ((0, 0, 256 * M),), 4 * G),
        ("1G", G, ((0, 0, G),), 4 * G),
        # Under 3.5 GiB all of it is low memory, from there on only 3 GiB are.
        ("3583M", 3583 * M, ((0, 0, 3583 * M),), 4 * G),
        ("3584M", 3 * G, ((0, 0, 3 * G), (0, 4 * G, 4 * G + 512 * M)), 5 * G),
        ("5G", 3 * G, ((0, 0, 3 * G), (0, 4 * G, 6 * G)), 6 * G),
        ("512M+512M", G, ((0, 0, 512 * M), (1, 512 * M, G)), 4 * G),
        ("1G+0", G, ((0, 0, G),), 4 * G),
        ("0+1G", G, ((1, 0, G),), 4 * G),
        ("3G+3G", 3 * G, ((0, 0, 3 * G), (1, 4 * G, 7 * G)), 7 * G),
        # A node can lie on both sides of the hole.
        ("2G+2G", 3 * G, ((0, 0, 2 * G), (1, 2 * G, 3 * G), (1, 4 * G, 5 * G)), 5 * G),
        ("4G+1G", 3 * G, ((0, 0, 3 * G), (0, 4 * G, 5 * G), (1, 5 * G, 6 * G)), 6 * G),
    ],
)
def test_where_boot_memory_lies(
    nodes: str, low: int, ranges: tuple[tuple[int, int, int], ...], base: int
) -> None:
    made = machine(nodes)
    assert (made.low_ram, made.boot_ranges, made.hotplug_base) == (low, ranges, base)


@pytest.mark.parametrize(
    ("taken", "size", "address"),
    [
        ([], 1, 10),
        ([(10, 12)], 1, 12),
        ([(12, 14)], 2, 10),
        ([(12, 14)], 3, 14),
        ([(20, 30), (10, 12)], 8, 12),
        ([(20, 30), (10, 12)], 9, 30),
        ([(5, 30), (6, 12)], 1, 30),
    ],
)
def test_a_device_goes_to_the_first_gap_that_fits(
    taken: list[tuple[int, int]], size: int, address: int
) -> None:
    assert first_free(10, size, taken) == address


def test_dimms_are_packed_without_a_gap(boot: BootLab) -> None:
    lab = boot("5G")
    assert lab.plug("dimm0", "256M") is None
    assert lab.plug("dimm1", "128M") is None
    assert lab.guest.places == {"dimm0": (48, 49), "dimm1": (50, 50)}
    assert lab.unplug("dimm0") is None
    assert lab.plug("dimm2", "384M") is None
    assert lab.plug("dimm3", "256M") is None
    assert lab.guest.places["dimm2"] == (51, 53)
    assert lab.guest.places["dimm3"] == (48, 49)


@pytest.mark.parametrize(
    ("id", "size", "at"),
    [
        ("dimm0", "128M", 40),  # the name is taken
        ("dimm1", "128M", 33),  # the place is taken
        ("dimm1", "256M", 31),  # below where DIMMs start
        ("dimm1", "512M", 30),
        ("dimm1", "384M", 31),
    ],
)
def test_the_machine_refuses_what_has_no_place(boot: BootLab, id: str, size: str, at: int) -> None:
    lab = boot()
    lab.plug("dimm0", "256M")
    before = lab.observation
    assert lab.plug(id, size, at=at) == "REFUSED"
    assert lab.rules == ["qemu.memory-device"]
    assert lab.observation == before
    assert lab.guest.places == {"dimm0": (32, 33)}


def test_dimms_may_touch_and_leave_holes(boot: BootLab) -> None:
    lab = boot()
    assert lab.plug("dimm0", "256M", at=34) is None
    assert lab.plug("dimm1", "128M", at=36) is None
    assert lab.plug("dimm2", "128M", at=33) is None
    assert lab.plug("dimm3", "128M", at=40) is None
    assert lab.hot == ["33-36 offline [Normal]", "40 offline [Normal Movable]"]


def test_the_last_value_of_a_parameter_counts() -> None:
    made = machine(cmdline="a=1  b a=2 a c=x=y")
    assert made.parameters == (("a", "1"), ("b", None), ("a", "2"), ("a", None), ("c", "x=y"))
    assert made.parameter("a") == "2"
    assert made.parameter("b") is None
    assert made.parameter("c") == "x=y"
    assert made.has_parameter("b")
    assert not made.has_parameter("d")
    assert made.with_cmdline("d").has_parameter("d")


def test_a_machine_that_can_be_built_has_no_problems() -> None:
    dimms = (Dimm("a", parse_size("128M"), 1, Bytes(4 * G)), Dimm("b", parse_size("1G")))
    assert machine("64M+0", *dimms).problems() == []
    assert Machine().problems() == []
    assert Config() == Config(MOVABLE_NODE=True, MEMORY_HOTPLUG_DEFAULT_ONLINE=False)


@pytest.mark.parametrize(
    ("made", "problems"),
    [
        (
            Machine(nodes=()),
            [
                (("nodes",), "a machine has 1 to 63 nodes, not 0"),
                (("nodes",), "0 of boot memory: at least 64M"),
            ],
        ),
        (
            Machine(nodes=(Bytes(G),) + (Bytes(0),) * 63),
            [(("nodes",), "a machine has 1 to 63 nodes, not 64")],
        ),
        (machine("63M"), [(("nodes",), "63M of boot memory: at least 64M")]),
        (
            machine("1G+1025K"),
            [(("nodes", 1), "boot memory is whole MiB, not 1049600 bytes")],
        ),
        (
            machine("1G", Dimm("a", parse_size("1G"), 1)),
            [(("dimms", 0, "node"), "no node 1: nodes are 0..0")],
        ),
        (
            machine("1G", Dimm("a", Bytes(1 << 19))),
            [(("dimms", 0, "size"), "512K: a DIMM is whole MiB")],
        ),
        (
            machine("1G", Dimm("a", parse_size("0"))),
            [(("dimms", 0, "size"), "0: a DIMM is whole MiB")],
        ),
        (
            machine("1G", Dimm("a", parse_size("1G")), Dimm("a", parse_size("1G"))),
            [(("dimms", 1, "id"), "there is already a DIMM 'a'")],
        ),
        (
            machine("1G", Dimm("a", parse_size("1G"), 0, Bytes(4 * G + 4096))),
            [(("dimms", 0, "addr"), "0x100001000: an address is whole MiB")],
        ),
        (
            machine("5G", Dimm("a", parse_size("1G"), 0, Bytes(4 * G))),
            [(("dimms", 0, "addr"), "0x100000000 is below 0x180000000, where DIMMs start")],
        ),
        (
            machine(
                "1G",
                Dimm("a", parse_size("1G"), 0, Bytes(4 * G)),
                Dimm("b", parse_size("256M"), 0, Bytes(5 * G)),
                Dimm("c", parse_size("256M"), 0, Bytes(5 * G + 128 * M)),
            ),
            [(("dimms", 2, "addr"), "overlaps DIMM 'b' at 0x140000000..0x150000000")],
        ),
    ],
)
def test_every_mistake_is_told_with_its_key(
    made: Machine, problems: list[tuple[tuple[str | int, ...], str]]
) -> None:
    assert made.problems() == problems


def test_boot_memory_fills_the_blocks_of_every_node() -> None:
    machine = Machine((parse_size("512M"), parse_size("512M")))
    assert boot_blocks(machine, parse_size("128M")) == {*range(8)}
