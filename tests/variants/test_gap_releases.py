"""The releases between the recorded ones, as their sources say."""

from __future__ import annotations

import pytest

from tests.conftest import BootLab
from zonediff.engine.guest import Guest
from zonediff.engine.machine import Machine, Platform
from zonediff.engine.units import parse_size
from zonediff.variants.registry import Registry


def test_v4_9_onlines_where_v4_10_refuses(boot: BootLab) -> None:
    # The commit that repairs it: 8a1f780e7f28.
    lab = boot("1G+1G", variant="v4.9")
    lab.plug("dimm1", "512M", node=1)
    assert lab.write(32, "online_movable") is None
    assert lab.zones(32) == "Normal"
    assert lab.rules[0] == "zone_can_shift.zero"
    assert lab.write(35, "online_movable") is None
    assert lab.zones(35) == "Movable Normal"
    old = boot("1G+1G")
    old.plug("dimm1", "512M", node=1)
    assert old.write(32, "online_movable") == "EINVAL"


def test_v4_9_without_movable_node_still_refuses(boot: BootLab) -> None:
    lab = boot("1G+0", variant="v4.9", MOVABLE_NODE=False)
    lab.plug("dimm1", "256M", node=1)
    assert lab.write(33, "online_movable") == "EINVAL"


def test_v4_3_moves_blocks_between_normal_and_movable_alone(boot: BootLab) -> None:
    lab = boot(variant="v4.3")
    lab.plug("dimm1", "512M")
    assert lab.hot == ["32-34 offline [Normal]", "35 offline [Normal Movable]"]
    assert lab.write(32, "online_movable") == "EINVAL"
    assert lab.reasons[0].function == "online_pages"
    assert lab.write(35, "online_movable") is None
    assert lab.write(35, "offline") is None
    assert lab.write(35, "online_kernel") is None
    assert lab.zones(35) == "Normal Movable"
    # From DMA32 there is no move, and the request succeeds.
    assert lab.write(3, "offline") is None
    assert lab.write(3, "online_movable") is None
    assert lab.zones(3) == "DMA32"
    assert lab.observation.auto_online_blocks is None


@pytest.mark.parametrize(
    ("variant", "platform", "gib"),
    [
        ("v4.14", "kvm", 2),
        ("v4.17", "kvm", 1),
        ("v4.17", "bare-metal", 1),
        ("v5.4", "bare-metal", 1),
        ("v5.10", "bare-metal", 2),
        ("v5.10", "kvm", 1),
    ],
)
def test_the_size_of_large_blocks(variant: str, platform: Platform, gib: int) -> None:
    # 66G end at 67G. Since 5.9 bare metal has blocks of 2G (fe124c95df9e).
    machine = Machine(nodes=(parse_size("66G"),), platform=platform)
    policy = Registry().model(variant).policy
    assert Guest(machine, policy).block_size == gib << 30


def test_v5_4_adds_all_of_a_range_or_nothing(boot: BootLab) -> None:
    lab = boot("256M", variant="v5.4")
    lab.guest.kernel.free_kib = 20_000
    assert lab.plug("dimm1", "2G") == "panic"
    assert not [block for block, _ in lab.observation.each() if block >= 32]


def test_v5_4_shows_new_blocks_with_both_zones(boot: BootLab) -> None:
    lab = boot(variant="v5.4")
    lab.plug("dimm1", "256M")
    assert lab.hot == ["32-33 offline [Normal Movable]"]
    # A block of the zone's span stays in it when it goes offline: spans shrink later.
    lab.write(33, "online_movable")
    lab.write(33, "offline")
    assert lab.zones(33) == "Movable Normal"
    assert lab.view(7).removable == "0"


def test_a_node_stays_while_it_has_blocks_since_5_4(boot: BootLab) -> None:
    for variant, online in (("v4.17", "0"), ("v5.4", "0-1")):
        lab = boot("1G+0", variant=variant)
        lab.plug("dimm1", "128M", node=1)
        lab.plug("dimm2", "128M", node=1)
        lab.write(32, "online")
        assert lab.unplug("dimm1") is None
        assert lab.observation.nodes["online"] == online
