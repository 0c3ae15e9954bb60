"""What writing to a block's `state` and `online` files does, by what state the block is in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import BootLab, Lab
from zonediff.engine.zones import OnlineType

WRITES = ("online", "online_kernel", "online_movable", "offline", "1", "0")


def put(lab: Lab, block: int, value: str) -> str | None:
    result: str | None = (
        lab.switch(block, value) if value in ("0", "1") else lab.write(block, value)
    )
    return result


@pytest.fixture
def offline(boot: BootLab) -> Any:
    """Block 32 is offline and alone in zone Normal, so that every online type is open to it."""
    lab = boot()
    lab.plug("dimm0", "128M")
    assert lab.state(32) == ("offline", "0")
    return lab


@pytest.fixture
def online(offline: Any) -> Any:
    offline.write(32, "online")
    assert offline.state(32) == ("online", "1")
    return offline


@pytest.fixture
def auto_onlined(boot: BootLab) -> Any:
    """Block 32 was onlined by the kernel: its state is online, its device is not."""
    lab = boot()
    lab.knob("online")
    lab.plug("dimm0", "128M")
    assert lab.state(32) == ("online", "0")
    return lab


@pytest.mark.parametrize(
    ("value", "result", "state", "zones", "events"),
    [
        ("online", None, ("online", "1"), "Normal Movable", ["online memory32"]),
        ("online_kernel", None, ("online", "1"), "Normal Movable", ["online memory32"]),
        ("online_movable", None, ("online", "1"), "Movable Normal", ["online memory32"]),
        ("offline", "EINVAL", ("offline", "0"), "Normal Movable", []),
        ("1", None, ("online", "1"), "Normal Movable", ["online memory32"]),
        ("0", None, ("offline", "0"), "Normal Movable", []),
    ],
)
def test_writes_to_a_block_that_is_offline(
    offline: Any, value: str, result: str | None, state: Any, zones: str, events: list[str]
) -> None:
    assert put(offline, 32, value) == result
    assert (offline.state(32), offline.zones(32)) == (state, zones)
    assert offline.events == events


@pytest.mark.parametrize(
    ("value", "result", "state", "events"),
    [
        ("online", "EINVAL", ("online", "1"), []),
        ("online_kernel", "EINVAL", ("online", "1"), []),
        ("online_movable", "EINVAL", ("online", "1"), []),
        ("offline", None, ("offline", "0"), ["offline memory32"]),
        ("1", None, ("online", "1"), []),
        ("0", None, ("offline", "0"), ["offline memory32"]),
    ],
)
def test_writes_to_a_block_that_is_online(
    online: Any, value: str, result: str | None, state: Any, events: list[str]
) -> None:
    assert put(online, 32, value) == result
    assert (online.state(32), online.zones(32)) == (state, "Normal Movable")
    assert online.events == events


@pytest.mark.parametrize(
    ("value", "result", "state", "events"),
    [
        # Only the driver core's flag is put right, and nothing moves whatever is asked for.
        ("online", None, ("online", "1"), ["online memory32"]),
        ("online_kernel", None, ("online", "1"), ["online memory32"]),
        ("online_movable", None, ("online", "1"), ["online memory32"]),
        ("1", None, ("online", "1"), ["online memory32"]),
        # It counts as offline already.
        ("offline", "EINVAL", ("online", "0"), []),
        ("0", None, ("online", "0"), []),
    ],
)
def test_writes_to_a_block_that_the_kernel_onlined(
    auto_onlined: Any, value: str, result: str | None, state: Any, events: list[str]
) -> None:
    assert put(auto_onlined, 32, value) == result
    assert (auto_onlined.state(32), auto_onlined.zones(32)) == (state, "Normal Movable")
    assert auto_onlined.events == events


@pytest.mark.parametrize(("value", "outcome"), [("offline", "EINVAL"), ("0", "success")])
def test_offlining_what_counts_as_offline_says_what_the_state_is(
    offline: Any, auto_onlined: Any, value: str, outcome: str
) -> None:
    for lab, state in ((offline, "offline"), (auto_onlined, "online")):
        put(lab, 32, value)
        assert [reason.text for reason in lab.reasons] == [
            f"the driver core counts block 32 as offline already, its state reads {state} -> "
            f"{outcome}"
        ]


def test_a_block_that_the_kernel_onlined_can_be_offlined_once_it_was_written_to(
    auto_onlined: Any,
) -> None:
    assert auto_onlined.write(32, "offline") == "EINVAL"
    assert auto_onlined.write(32, "online_movable") is None
    assert auto_onlined.write(32, "offline") is None
    assert auto_onlined.state(32) == ("offline", "0")


@pytest.mark.parametrize(
    ("armed", "zones"),
    [("online_kernel", "Normal Movable"), ("online_movable", "Movable Normal")],
)
def test_a_failed_write_leaves_its_online_type_behind(online: Any, armed: str, zones: str) -> None:
    online.write(32, "offline")
    online.write(32, "online_movable" if armed == "online_kernel" else "online_kernel")
    assert online.write(32, armed) == "EINVAL"
    assert online.rules == ["store_mem_state.armed"]
    online.write(32, "offline")
    # Plain `1` would have kept the zone.
    assert online.switch(32, "1") is None
    assert online.zones(32) == zones
    assert "memory_subsys_online.pending-type" in online.rules


def test_the_type_that_is_left_behind_can_make_onlining_fail(boot: BootLab) -> None:
    lab = boot()
    lab.plug("dimm0", "384M")
    for block in (34, 33):
        lab.write(block, "online_movable")
    assert lab.write(34, "online_kernel") == "EINVAL"
    lab.write(34, "offline")
    assert lab.switch(34, "1") == "EINVAL"
    # It is used up by that; the block then keeps its zone.
    assert lab.switch(34, "1") is None
    assert lab.zones(34) == "Movable"


def test_the_type_goes_with_the_block(boot: BootLab) -> None:
    lab = boot()
    lab.plug("dimm0", "128M")
    lab.write(32, "online")
    assert lab.write(32, "online_movable") == "EINVAL"
    lab.write(32, "offline")
    lab.unplug("dimm0")
    lab.plug("dimm0", "128M")
    assert lab.switch(32, "1") is None
    assert lab.zones(32) == "Normal Movable"


def test_the_type_survives_onlining_that_had_nothing_to_do(auto_onlined: Any) -> None:
    auto_onlined.write(32, "online_movable")
    auto_onlined.write(32, "offline")
    assert auto_onlined.switch(32, "1") is None
    assert auto_onlined.zones(32) == "Movable Normal"


@pytest.mark.parametrize(
    ("write", "pending"),
    [
        ("online", OnlineType.NONE),  # cleared by success
        ("online_kernel", OnlineType.NONE),  # and by failure
        ("offline", OnlineType.KEEP),  # an offline write does not touch it
        ("bogus", OnlineType.KEEP),
    ],
)
def test_what_is_pending_after_a_write_to_an_offline_block(
    boot: BootLab, write: str, pending: OnlineType
) -> None:
    lab = boot(cmdline="kernelcore=512M")
    lab.plug("dimm0", "256M")
    lab.write(32, write)
    assert lab.guest.kernel.tables.online_type[32] == pending


def test_online_of_an_offline_block_keeps_the_zone_it_was_in(boot: BootLab) -> None:
    lab = boot()
    lab.plug("dimm0", "256M")
    lab.write(33, "online_movable")
    lab.write(33, "offline")
    assert lab.zones(33) == "Movable Normal"
    assert lab.write(33, "online") is None
    assert lab.zones(33) == "Movable Normal"
    assert lab.rules[:1] == ["zone_can_shift.stays"]


def test_boot_blocks_are_like_others_that_are_online(boot: BootLab) -> None:
    lab = boot()
    assert lab.write(3, "online") == "EINVAL"
    assert lab.switch(3, "1") is None
    assert lab.rules == ["device_online.already"]
    assert lab.write(3, "offline") is None
    assert lab.state(3) == ("offline", "0")
    assert lab.write(3, "online") is None
