from __future__ import annotations

from typing import Any

import pytest

from zonediff.engine.actors import Additions, Attributes, Delay, ProbeWriter, UdevRule, Workload
from zonediff.engine.steps import (
    REGISTRY,
    Allocate,
    Bind,
    Blocks,
    Boot,
    Daemon,
    Elapse,
    Fill,
    HypervAdd,
    Offline,
    Online,
    Plug,
    Probe,
    Read,
    Resize,
    Step,
    Udev,
    Unbind,
    Unplug,
    Write,
    XenAdd,
    block_numbers,
    from_json,
    is_ranges,
    ordered,
)
from zonediff.engine.units import Bytes, parse_duration, parse_size

GIG = parse_size("1G")

STEPS: list[tuple[Step, dict[str, dict[str, Any]], str]] = [
    (
        Write("memory32/state", "online"),
        {"write": {"file": "memory32/state", "value": "online"}},
        "echo online > memory32/state",
    ),
    (
        Read("auto_online_blocks"),
        {"read": {"file": "auto_online_blocks"}},
        "cat auto_online_blocks",
    ),
    (
        Plug("dimm1", GIG),
        {"plug": {"id": "dimm1", "size": "1G", "node": 0}},
        "plug dimm1 1G node 0",
    ),
    (
        Plug("dimm1", Bytes(128 << 20), 1, Bytes(1 << 32)),
        {"plug": {"id": "dimm1", "size": "128M", "node": 1, "addr": "0x100000000"}},
        "plug dimm1 128M node 1 at 0x100000000",
    ),
    (Unplug("dimm1"), {"unplug": {"id": "dimm1"}}, "unplug dimm1"),
    (
        Udev("online_movable", Attributes(state="offline", driver="kmem")),
        {"udev": {"value": "online_movable", "when": {"state": "offline", "driver": "kmem"}}},
        "udev rule: online_movable on each add event if state is offline, driver is kmem",
    ),
    (Bind("dax0.0"), {"bind": {"id": "dax0.0"}}, "bind dax0.0 to kmem"),
    (Unbind("dax0.0"), {"unbind": {"id": "dax0.0"}}, "unbind dax0.0 from kmem"),
    (Resize("vmem0", GIG), {"resize": {"id": "vmem0", "to": "1G"}}, "resize vmem0 to 1G"),
    (Probe(Bytes(1 << 32)), {"probe": {"addr": "4G"}}, "echo 0x100000000 > probe"),
    (
        HypervAdd("balloon", GIG, 1),
        {"hyperv_add": {"id": "balloon", "size": "1G", "node": 1}},
        "hyperv adds balloon 1G",
    ),
    (
        XenAdd("balloon", GIG),
        {"xen_add": {"id": "balloon", "size": "1G", "node": 0}},
        "xen adds balloon 1G",
    ),
    (
        Fill(Blocks("32-33"), "kernel-objects"),
        {"fill": {"blocks": "32-33", "content": "kernel-objects"}},
        "fill 32-33 with kernel-objects",
    ),
    (
        Allocate("database", GIG, -1000),
        {"allocate": {"process": "database", "size": "1G", "oom_score_adj": -1000}},
        "database allocates 1G",
    ),
    (Boot(), {"boot": {}}, "reboot"),
    (Boot("kernelcore=1G"), {"boot": {"cmdline": "kernelcore=1G"}}, "reboot with 'kernelcore=1G'"),
    (
        Online(Blocks("dimm1"), "online_movable", "last-to-first"),
        {"online": {"blocks": "dimm1", "value": "online_movable", "order": "last-to-first"}},
        "online_movable each block of dimm1, last-to-first",
    ),
    (
        Offline(Blocks("added")),
        {"offline": {"blocks": "added", "order": "first-to-last"}},
        "offline each block of added, first-to-last",
    ),
    (Udev(), {"udev": {"value": "online"}}, "udev rule: online on each add event"),
    (
        Daemon("online_kernel"),
        {"daemon": {"value": "online_kernel"}},
        "daemon: online_kernel where valid_zones allows it",
    ),
    (
        Elapse(parse_duration("1min"), probe=ProbeWriter(2)),
        {"elapse": {"time": "1min", "probe": {"count": 2, "every": "10ms", "start": "0"}}},
        "1min with probe at work",
    ),
    (
        Elapse(
            parse_duration("1500ms"),
            acpi=Additions("dimm", GIG, 2),
            udev=UdevRule(when=Attributes(state="offline"), latency=Delay("exponential 10ms")),
            workload=Workload(GIG, GIG),
        ),
        {
            "elapse": {
                "time": "1500ms",
                "acpi": {
                    "id": "dimm",
                    "size": "1G",
                    "count": 2,
                    "node": 0,
                    "every": "10ms",
                    "start": "0",
                },
                "udev": {
                    "value": "online",
                    "when": {"state": "offline"},
                    "workers": 1,
                    "latency": "exponential 10ms",
                    "memory": "1M",
                    "oom_score_adj": 0,
                },
                "workload": {
                    "takes": "1G",
                    "most": "1G",
                    "process": "workload",
                    "every": "1s",
                    "oom_score_adj": 0,
                },
            }
        },
        "1500ms with acpi, udev, workload at work",
    ),
]


@pytest.mark.parametrize(("step", "body", "text"), STEPS)
def test_steps_are_written_and_read_back(
    step: Step, body: dict[str, dict[str, Any]], text: str
) -> None:
    assert step.to_json() == body
    assert from_json(body) == step
    assert str(step) == text


def test_every_step_is_written_and_read_back_above() -> None:
    assert {type(step) for step, _, _ in STEPS} == set(REGISTRY.values())
    assert {cls.verb for cls in REGISTRY.values() if cls.composite} == {
        "online",
        "offline",
        "udev",
        "daemon",
        "elapse",
    }


def test_fields_that_are_left_out_have_their_usual_value() -> None:
    assert from_json({"plug": {"id": "a", "size": "1G"}}) == Plug("a", GIG, 0, None)
    assert from_json({"plug": {"id": "a", "size": "1G", "addr": None}}) == Plug("a", GIG)
    assert from_json({"udev": {}}) == Udev("online")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, r"a step is a mapping with one key, its verb, not \[\]"),
        ({"read": {}, "write": {}}, r"one key, its verb, not \['read', 'write'\]"),
        ({"dance": {}}, "unknown step 'dance': one of write, read, plug"),
        ({"unplug": {"id": "a", "size": "1G"}}, "unplug has no 'size': it takes id"),
        ({"unplug": {}}, "unplug: .* missing 1 required positional argument: 'id'"),
        ({"plug": {"id": "a", "size": "much"}}, "'much' is not a size"),
    ],
)
def test_what_is_no_step_is_refused(body: dict[str, dict[str, Any]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_json(body)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("32", [32]), ("32-35", [32, 33, 34, 35]), ("40,32-33,7", [40, 32, 33, 7])],
)
def test_blocks_are_numbers_and_ranges(text: str, numbers: list[int]) -> None:
    assert is_ranges(text)
    assert block_numbers(text) == numbers


@pytest.mark.parametrize(
    "text", ["dimm1", "added", "", "32-", "-32", "32,,33", "32 33", "32-33-34"]
)
def test_anything_else_names_a_device(text: str) -> None:
    assert not is_ranges(text)


@pytest.mark.parametrize(
    ("order", "taken"),
    [
        ("first-to-last", [1, 2, 3, 4, 5]),
        ("last-to-first", [5, 4, 3, 2, 1]),
        ("edges-inward", [1, 5, 2, 4, 3]),
        ("middle-outward", [3, 4, 2, 5, 1]),
    ],
)
def test_blocks_are_taken_in_the_order_asked_for(order: Any, taken: list[int]) -> None:
    assert ordered([3, 1, 5, 2, 4], order) == taken
    assert ordered([7], order) == [7]
    assert ordered([], order) == []


def test_with_an_even_number_of_blocks_the_middle_is_two() -> None:
    assert ordered([1, 2, 3, 4], "edges-inward") == [1, 4, 2, 3]
    assert ordered([1, 2, 3, 4], "middle-outward") == [3, 2, 4, 1]
