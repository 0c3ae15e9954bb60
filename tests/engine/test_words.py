"""Traces in words."""

from __future__ import annotations

import pytest

from zonediff.engine import words
from zonediff.engine.machine import Config, Dimm, Machine
from zonediff.engine.observation import (
    BlockRange,
    BlockView,
    Change,
    Observation,
    ZoneView,
    difference,
)
from zonediff.engine.units import GIB, Bytes

ONLINE = BlockView("online", "Normal", "1", "1", 0)
OFFLINE = BlockView("offline", "Normal", "1", "0", 0)
EDGE = BlockView("offline", "Normal Movable", "1", "0", 0)
AUTO = BlockView("online", "Normal", "1", "0", 0)


OFF_TO_ON = "memory4: offline → online [Normal]"
TO_EDGE = "memory3: offline [Normal] → offline [Normal Movable]"


def look(*ranges: tuple[int, int, BlockView], knob: str | None = None) -> Observation:
    return Observation(
        tuple(BlockRange(*item) for item in ranges),
        {"0/Normal": ZoneView(0, 65536, 32768)},
        {"online": "0"},
        knob,
    )


def changed(before: Observation, after: Observation) -> list[str]:
    return words.changes(before, difference(before, after))


def test_blocks_that_read_alike_are_one_range() -> None:
    other = BlockView("online", "Normal", "0", "1", 0)
    ranges = [BlockRange(1, 2, ONLINE), BlockRange(3, 3, other), BlockRange(5, 5, EDGE)]
    assert words.blocks(ranges) == [
        "memory1-3 online [Normal]",
        "memory5 offline [Normal Movable]",
    ]


def test_an_online_file_that_disagrees_is_shown() -> None:
    assert words.block(AUTO) == "online [Normal] online=0"


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (look(), look((32, 33, OFFLINE)), "memory32-33 new: offline [Normal]"),
        (look((32, 33, OFFLINE)), look(), "memory32-33 gone"),
        (look((3, 4, OFFLINE)), look((3, 3, OFFLINE), (4, 4, ONLINE)), OFF_TO_ON),
        (look((3, 3, OFFLINE)), look((3, 3, EDGE)), TO_EDGE),
        (look((3, 3, ONLINE)), look((3, 3, AUTO)), "memory3: online → online [Normal] online=0"),
        (look(knob="offline"), look(knob="online"), "auto_online_blocks: offline → online"),
        (look(knob="offline"), look(), "auto_online_blocks: offline → no such file"),
        (look(), look(), ""),
    ],
)  # fmt: skip
def test_changes(before: Observation, after: Observation, text: str) -> None:
    assert changed(before, after) == ([text] if text else [])


def test_one_change_of_blocks_that_were_different_is_told_apart() -> None:
    before = look((32, 33, OFFLINE), (34, 34, EDGE))
    after = look((32, 34, ONLINE))
    assert changed(before, after) == [
        "memory32-33: offline → online [Normal]",
        "memory34: offline [Normal Movable] → online [Normal]",
    ]


def test_details_that_state_and_zones_do_not_show() -> None:
    before = look((3, 3, ONLINE))
    after = look((3, 3, BlockView("online", "Normal", "0", "1", 1)))
    assert changed(before, after) == ["memory3: removable 1 → 0, node 0 → 1"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"0/Movable": ZoneView(65536, 32768, 0)},
            "Movable new: pfn 65536..98304 (128M), 0 present",
        ),
        ({"0/Normal": None}, "Normal gone"),
        ({"0/Normal": ZoneView(0, 65536, 65536)}, "Normal: 128M → 256M present"),
        (
            {"0/Normal": ZoneView(0, 0, 0)},
            "Normal: pfn 0..65536 (256M) → nothing, 128M → 0 present",
        ),
    ],
)
def test_zones(change: dict[str, ZoneView | None], text: str) -> None:
    assert words.changes(look(), Change(zones=change)) == [f"zone 0/{text}"]


def test_node_masks() -> None:
    change = Change(nodes={"online": "0-1", "has_memory": "1"})
    assert words.changes(look(), change) == ["online: 0 → 0-1", "has_memory: none → 1"]


@pytest.mark.parametrize(
    ("events", "joined"),
    [
        ([], []),
        (["add memory32", "add memory33-35", "add memory36"], ["add memory32-36"]),
        (["add memory33", "add memory32"], ["add memory33", "add memory32"]),
        (["offline memory32", "remove memory33"], ["offline memory32", "remove memory33"]),
        (["add memory32", "add node1"], ["add memory32", "add node1"]),
    ],
)
def test_runs_of_events_are_joined(events: list[str], joined: list[str]) -> None:
    assert words.uevents(events) == joined


def test_results_are_explained() -> None:
    assert words.explain(None) == "ok"
    assert words.explain("EINVAL") == "EINVAL (Invalid argument)"
    assert words.explain("BUG") == "the kernel died (BUG)"
    assert words.explain("ESTRANGE") == "ESTRANGE"


def test_a_machine() -> None:
    machine = Machine(
        nodes=(Bytes(GIB), Bytes(0)),
        dimms=(Dimm("dimm1", Bytes(GIB), 1, Bytes(4 * GIB)),),
        cmdline="movable_node",
        config=Config(MOVABLE_NODE=False),
        platform="xen",
    )
    assert words.machine(machine) == [
        "1G of memory (node 0 1G, node 1 0)",
        "Xen guest",
        "dimm1, 1G in node 1 at 0x100000000, there at power-on",
        "kernel parameters movable_node",
        "CONFIG_MOVABLE_NODE=n",
    ]


def test_letters_go_on_after_z() -> None:
    assert [words.letter(number) for number in (0, 25, 26, 51, 52, 701, 702)] == [
        "A", "Z", "AA", "AZ", "BA", "ZZ", "AAA",
    ]  # fmt: skip
