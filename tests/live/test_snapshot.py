"""What the agent sees, as an observation."""

from __future__ import annotations

from zonediff.engine.observation import BlockView, ZoneView
from zonediff.live.snapshot import Snapshot, read_files, read_snapshot

SEEN = """\
memory0/state:online
memory32/state:offline
memory33/state:offline
memory0/online:1
memory32/online:0
memory33/online:0
memory0/valid_zones:none
memory32/valid_zones:Normal Movable
memory33/valid_zones:Normal Movable
memory0/removable:1
memory32/removable:1
memory33/removable:1
auto_online_blocks:offline
../node/online:0-1
../node/has_memory:0
../node/has_normal_memory:0
links memory0/node0 memory32/node1 memory33/node1
Node 0, zone      DMA
        spanned  4095
        present  3998
        managed  3840
  start_pfn:           1
Node 0, zone   Normal
        spanned  0
        present  0
        managed  0
Node 0, zone   Device
        spanned  7
        present  7
        managed  7
Node 1, zone  Movable
        spanned  32768
        present  0
        managed  0
""".splitlines()


def test_blocks_are_read_with_their_node() -> None:
    seen = read_snapshot(SEEN, Snapshot()).observation()
    assert seen.block(0) == BlockView("online", "none", "1", "1", 0)
    assert seen.block(32) == BlockView("offline", "Normal Movable", "1", "0", 1)
    assert [item.name for item in seen.blocks] == ["memory0", "memory32-33"]


def test_only_zones_with_pages_are_observed() -> None:
    seen = read_snapshot(SEEN, Snapshot()).observation()
    assert seen.zones == {
        "0/DMA": ZoneView(1, 4095, 3998),
        "1/Movable": ZoneView(-1, 32768, 0),  # kernels from 4.12 on print no start then
    }


def test_every_number_of_an_ordinary_zone_is_kept() -> None:
    zones = read_snapshot(SEEN, Snapshot()).zones
    assert list(zones) == ["0/DMA", "0/Normal", "1/Movable"]
    assert zones["0/DMA"] == {"spanned": 4095, "present": 3998, "managed": 3840, "start_pfn": 1}


def test_masks_and_knob_are_read() -> None:
    seen = read_snapshot(SEEN, Snapshot()).observation()
    assert seen.nodes == {"online": "0-1", "has_memory": "0", "has_normal_memory": "0"}
    assert seen.auto_online_blocks == "offline"


def test_what_is_not_there_is_not_observed() -> None:
    seen = read_snapshot(
        ["memory0/state:online", "links memory*/node[0-9]*"], Snapshot()
    ).observation()
    assert seen.auto_online_blocks is None
    assert seen.nodes == {}
    assert seen.block(0) == BlockView("online", "", "", "", -1)


ALL = """\
done
all
memory0/state:online
memory0/online:1
memory0/valid_zones:none
memory0/removable:1
memory0/nodes:0 1
memory32/state:offline
memory32/nodes:1
auto_online_blocks:offline
../node/online:0-1
zone 0/Normal:32768 0 0 1048576
zone 0/Device:0 0 0 -1
zone 1/Movable:0 0 0 -1
""".splitlines()


def test_a_look_of_changes_goes_on_from_the_one_before() -> None:
    before = read_snapshot(ALL, Snapshot())
    changes = [
        *("done", "changes", "memory0/state:going-offline", "zone 0/Normal:32768 32768 9 1048576"),
        *("memory32/state gone", "memory32/nodes gone", "auto_online_blocks gone"),
        *("zone 1/Movable gone", "event remove@/devices/system/memory/memory32"),
    ]
    after = read_snapshot(changes, before)
    assert after.blocks == {
        0: {"state": "going-offline", "online": "1", "valid_zones": "none", "removable": "1"}
    }
    assert after.links == {0: (0, 1)}
    assert after.zones == {
        "0/Normal": {"spanned": 32768, "present": 32768, "managed": 9, "start_pfn": 1048576}
    }
    assert after.knob is None
    assert before == read_snapshot(ALL, Snapshot())
    assert read_snapshot(["done", "changes"], after) is after


def test_a_block_in_two_nodes_has_two_links() -> None:
    assert read_snapshot(ALL, Snapshot()).links == {0: (0, 1), 32: (1,)}
    lines = ["memory0/state:online", "links memory0/node0 memory0/node1 memory1/node1"]
    assert read_snapshot(lines, Snapshot()).links == {0: (0, 1), 1: (1,)}


def test_watched_files_are_whole_texts() -> None:
    lines = ["all", "memory0/state:online", "file /proc/iomem", "line 0-f : a", "line   4-5 : b"]
    files = read_files([*lines, "line ", "file /sys/link", "line ../target"], {"/old": "text"})
    assert files == {"/proc/iomem": "0-f : a\n  4-5 : b", "/sys/link": "../target"}


def test_a_look_of_changes_leaves_other_watched_files_as_they_were() -> None:
    before = {"/kept": "1", "/changed": "1", "/lost": "1"}
    lines = ["changes", "file /changed", "line 2", "lost /lost", "memory0/state gone"]
    assert read_files(lines, before) == {"/kept": "1", "/changed": "2"}
    assert read_files(["changes"], before) == before


def test_text_of_a_watched_file_is_not_taken_for_the_memory() -> None:
    lines = ["all", "file /sys/odd", "line memory0/state:online", "line auto_online_blocks:x"]
    assert read_snapshot(lines, Snapshot()) == Snapshot()
