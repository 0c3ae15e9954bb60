"""Several NUMA nodes: each has its own zones, and its own life (v4.10)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import BootLab, Lab
from zonediff.engine.steps import Blocks, Boot, Offline, Online


@pytest.fixture
def interleaved(boot: BootLab) -> Any:
    """DIMMs of two nodes in turn: node 0 has 32-33 and 36-37, node 1 has 34-35 and 38-39."""
    lab = boot("512M+512M")
    for index, node in enumerate((0, 1, 0, 1)):
        lab.plug(f"dimm{index}", "256M", node=node)
    return lab


def masks(lab: Lab) -> tuple[str, str, str]:
    nodes = lab.observation.nodes
    return nodes["online"], nodes["has_memory"], nodes["has_normal_memory"]


def test_a_block_of_two_nodes_is_linked_to_both(boot: BootLab) -> None:
    # As seen on Debian's 5.10 to 7.2 with these nodes.
    lab = boot("700M+500M", variant="v6.1")
    view = lab.view(5)
    assert (view.nodes, view.valid_zones) == ((0, 1), "none")
    assert (lab.view(4).nodes, lab.view(6).nodes) == ((0,), (1,))
    assert lab.write(5, "offline") == "EINVAL"


def test_a_node_without_memory_appears_with_its_first_dimm(boot: BootLab) -> None:
    lab = boot("1G+0")
    assert masks(lab) == ("0", "0", "0")
    lab.plug("dimm0", "256M", node=1)
    assert lab.events == ["add memory32-33", "add node1"]
    assert masks(lab) == ("0-1", "0", "0")
    lab.write(33, "online_movable")
    assert masks(lab) == ("0-1", "0-1", "0")
    lab.write(32, "online_kernel")
    assert masks(lab) == ("0-1", "0-1", "0-1")
    lab.plug("dimm1", "128M", node=1)
    assert lab.events == ["add memory34"]


def test_memory_that_goes_offline_leaves_the_masks_and_the_node_stays(boot: BootLab) -> None:
    lab = boot("1G+0")
    lab.plug("dimm0", "256M", node=1)
    lab.do(Online(Blocks("32-33"), "online_kernel"))
    lab.do(Offline(Blocks("32-33")))
    assert masks(lab) == ("0-1", "0", "0")
    lab.unplug("dimm0")
    assert lab.events == ["remove memory32-33", "remove node1"]
    assert masks(lab) == ("0", "0", "0")
    assert lab.reasons[-1].text == "node 1 has no memory and no CPU left and goes offline"


def test_a_node_that_comes_back_has_fresh_zones(boot: BootLab) -> None:
    lab = boot("1G+0")
    lab.plug("dimm0", "256M", node=1)
    lab.write(33, "online_movable")
    lab.unplug("dimm0")
    # Movable of node 1 was never given up, but the node starts anew.
    assert lab.span("Movable", 1) == (33, 34)
    assert not any(name.startswith("1/") for name in lab.observation.zones)
    lab.plug("dimm1", "256M", node=1)
    assert lab.events[-1] == "add node1"
    assert (lab.span("Normal", 1), lab.span("Movable", 1)) == ((32, 34), (0, 0))
    assert lab.hot == ["32 offline [Normal]", "33 offline [Normal Movable]"]


def test_a_node_stays_while_it_has_a_block(boot: BootLab) -> None:
    lab = boot("1G+0")
    lab.plug("dimm0", "128M", node=1)
    lab.plug("dimm1", "128M", node=1)
    lab.unplug("dimm0")
    assert lab.events == ["remove memory32"]
    assert masks(lab)[0] == "0-1"
    lab.unplug("dimm1")
    assert masks(lab)[0] == "0"


def test_the_node_with_the_cpus_never_leaves(boot: BootLab) -> None:
    lab = boot("0+1G")
    lab.plug("dimm0", "128M", node=0)
    assert lab.events == ["add memory32"]
    lab.unplug("dimm0")
    assert lab.events == ["remove memory32"]
    assert masks(lab) == ("0-1", "1", "1")


def test_spans_of_nodes_may_interleave(interleaved: Any) -> None:
    assert interleaved.span("Normal", 0) == (32, 38)
    assert interleaved.span("Normal", 1) == (34, 40)
    assert interleaved.layout.partition("; 32")[2] == (
        "-36 Normal; 37 Normal Movable; 38 Normal; 39 Normal Movable"
    )


def test_blocks_of_the_other_node_are_a_hole(interleaved: Any) -> None:
    lab = interleaved
    assert [lab.write(block, "online_movable") for block in (37, 36)] == [None, None]
    assert lab.span("Normal", 0) == (32, 36)
    assert lab.zones(33) == "Normal"
    assert lab.write(33, "online_movable") == "EINVAL"
    assert [lab.write(block, "online_movable") for block in (39, 38)] == [None, None]
    assert lab.write(35, "online_movable") == "EINVAL"
    assert lab.present("Movable", 0) == lab.present("Movable", 1) == 2


def test_a_movable_zone_of_one_node_is_nothing_to_another(boot: BootLab) -> None:
    lab = boot("512M+512M")
    lab.plug("dimm0", "128M", node=0)
    lab.write(32, "online_movable")
    lab.plug("dimm1", "128M", node=1)
    assert lab.hot == ["32 online [Movable Normal]", "33 offline [Normal Movable]"]
    lab.plug("dimm2", "128M", node=0)
    assert lab.hot[-1] == "34 offline [Movable]"


def test_zones_of_all_nodes_are_shown(interleaved: Any) -> None:
    assert list(interleaved.observation.zones) == [
        *("0/DMA", "0/DMA32", "0/Normal"),
        *("1/DMA32", "1/Normal"),
    ]


def test_each_block_is_linked_to_its_node(interleaved: Any) -> None:
    assert [interleaved.observation.block(block).node for block in range(32, 40)] == [
        *(0, 0, 1, 1),
        *(0, 0, 1, 1),
    ]


@pytest.mark.parametrize(
    ("variant", "node", "numbers"),
    [
        # Of what SRAT names, numbers are given in its order ...
        ("upstream", 0, 0),
        ("upstream", 2, 1),
        ("v6.1", 2, 1),
        # ... and what it does not name is met later, or goes by its address.
        ("upstream", 1, 2),
        ("v6.1", 1, 0),
    ],
)
def test_the_kernel_numbers_nodes_as_it_meets_them(
    boot: BootLab, variant: str, node: int, numbers: int
) -> None:
    lab = boot("512M+0+512M", variant=variant)
    lab.plug("dimm0", "128M", node=node)
    assert lab.view(32).node == numbers
    assert lab.view(7).node == 1


def test_a_dimm_that_goes_by_its_address_says_so(boot: BootLab) -> None:
    lab = boot("0+0+1G", variant="v6.1")
    lab.plug("dimm0", "128M", node=1)
    # Above all boot memory: the node of its first range.
    assert lab.view(32).node == 1
    assert lab.reasons[0].text == (
        "SRAT names no memory or CPU of dimm0's proximity domain 1: it goes by its address"
    )


def test_a_node_keeps_its_number_over_a_reboot(boot: BootLab) -> None:
    lab = boot("512M+0+512M", variant="v6.1")
    lab.plug("dimm0", "128M", node=2)
    lab.do(Boot(None))
    assert lab.view(32).node == 1
