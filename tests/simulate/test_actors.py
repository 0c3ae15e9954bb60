"""Who does what when; times in milliseconds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import BootLab
from zonediff.engine.actors import (
    Additions,
    Attributes,
    Delay,
    OnliningDaemon,
    ProbeWriter,
    UdevRule,
    Workload,
)
from zonediff.engine.steps import Allocate, Plug, Probe, Udev
from zonediff.engine.units import SECTION, Bytes, parse_duration, parse_size

GIG = parse_size("1G")
SMALL = parse_size("128M")


def dimms(
    count: int, size: str = "128M", every: str = "10ms", start: str = "0", node: int = 0
) -> Additions:
    return Additions(
        "dimm", parse_size(size), count, node, parse_duration(every), parse_duration(start)
    )


def rule(latency: str = "10ms", value: Any = "online", **more: Any) -> UdevRule:
    return UdevRule(value, latency=Delay(latency), **more)


# --- ACPI -----------------------------------------------------------------------------------------


def test_dimms_come_at_their_pace(elapse: Any) -> None:
    past = elapse(acpi=dimms(3, every="20ms", start="1s"))
    assert past.adds == [1000, 1020, 1040]
    assert past.trace.devices == {"dimm1": (32, 32), "dimm2": (33, 33), "dimm3": (34, 34)}
    assert {act.by for act in past.acts} == {"acpi"}


def test_a_dimm_waits_until_the_one_before_is_added(elapse: Any) -> None:
    # A gigabyte is eight sections, of 5 ms each.
    past = elapse(acpi=dimms(3, "1G", every="10ms"))
    assert past.adds == [0, 40, 80]


def test_what_comes_after_the_end_does_not_come(elapse: Any) -> None:
    past = elapse(time="25ms", acpi=dimms(10))
    assert past.adds == [0, 10, 20]


def test_a_write_waits_while_a_dimm_is_added(elapse: Any) -> None:
    past = elapse(acpi=dimms(1, "1G"), udev=rule("1ms"))
    # The lock is held until 40 ms; it is tried every 5 ms, from 1 ms on.
    assert past.writes[0] == (41, 32, "ok")


def test_writes_do_not_get_in_between_dimms_that_come_without_a_gap(elapse: Any) -> None:
    past = elapse(acpi=dimms(20, every="1ms"), udev=rule("1ms"))
    assert past.adds[-1] == 95
    assert past.writes[0][0] > 100


# --- udev -----------------------------------------------------------------------------------------


def test_udev_takes_events_in_the_kernels_order(elapse: Any) -> None:
    past = elapse(acpi=dimms(1, "512M"), udev=rule("100ms"))
    assert past.writes == [(100, 32, "ok"), (201, 33, "ok"), (302, 34, "ok"), (403, 35, "ok")]


def test_several_workers_handle_events_at_once(elapse: Any) -> None:
    past = elapse(acpi=dimms(1, "512M"), udev=rule("100ms", workers=3))
    times = [time for time, _, _ in past.writes]
    assert [block for _, block, _ in past.writes] == [32, 33, 34, 35]
    assert max(times[:3]) <= 115
    assert times[3] >= 200


def test_events_from_before_are_handled_too(elapse: Any) -> None:
    past = elapse(before=[Plug("dimm1", parse_size("256M"))], udev=rule("10ms"))
    assert past.writes == [(10, 32, "ok"), (21, 33, "ok")]


def test_events_that_no_one_handled_are_left_for_later(elapse: Any) -> None:
    past = elapse(time="150ms", acpi=dimms(1, "512M"), udev=rule("100ms"), after=[Udev("online")])
    assert past.writes == [(100, 32, "ok")]
    assert [str(act.do) for act in past.trace.steps[-1].acts] == [
        "echo online > memory33/state",
        "echo online > memory34/state",
        "echo online > memory35/state",
    ]


def test_without_a_listener_all_events_are_left(elapse: Any) -> None:
    past = elapse(acpi=dimms(2), after=[Udev("online")])
    assert len(past.trace.steps[-1].acts) == 2


@pytest.mark.parametrize(
    ("knob", "when", "written"),
    [
        (None, Attributes(state="offline"), [32, 33]),
        ("online", Attributes(state="offline"), []),
        ("online", Attributes(state="offline|online"), [32, 33]),
        (None, Attributes(valid_zones="*Movable*"), [33]),
        (None, Attributes(valid_zones="*Movable*", state="online"), []),
        (None, Attributes(removable="1", online="0"), [32, 33]),
        (None, Attributes(removable="0"), []),
    ],
)
def test_a_rule_looks_at_attributes_when_its_turn_comes(
    elapse: Any, knob: str | None, when: Attributes, written: list[int]
) -> None:
    past = elapse(knob=knob, acpi=dimms(1, "256M"), udev=rule(when=when))
    assert [block for _, block, _ in past.writes] == written


# --- the daemon -----------------------------------------------------------------------------------


def daemon(
    value: Any = "online_movable", settle: str = "1s", latency: str = "1ms"
) -> OnliningDaemon:
    return OnliningDaemon(value, parse_duration(settle), Delay(latency))


def test_the_daemon_waits_until_all_is_there_and_works_from_the_top(elapse: Any) -> None:
    past = elapse(acpi=dimms(1, "512M"), daemon=daemon())
    assert past.writes == [(1001, 35, "ok"), (1003, 34, "ok"), (1005, 33, "ok"), (1007, 32, "ok")]
    assert past.hot == "32 online [Movable Normal]; 33-35 online [Movable]"


def test_the_daemon_onlines_kernel_memory_from_the_bottom(elapse: Any) -> None:
    past = elapse(acpi=dimms(1, "512M"), daemon=daemon("online_kernel"))
    assert [block for _, block, _ in past.writes] == [32, 33, 34, 35]


def test_while_dimms_keep_coming_the_daemon_keeps_waiting(elapse: Any) -> None:
    past = elapse(acpi=dimms(5, every="900ms"), daemon=daemon())
    assert past.writes[0][0] == 4 * 900 + 1001
    past = elapse(acpi=dimms(5, every="1100ms"), daemon=daemon())
    assert [time for time, _, _ in past.writes] == [1001, 2101, 3201, 4301, 5401]


# --- Hyper-V --------------------------------------------------------------------------------------


def hyperv(elapse: Any, size: str = "512M", count: int = 1, **more: Any) -> Any:
    host = Additions("hot", parse_size(size), count)
    return elapse(platform="hyperv", hyperv=host, **more)


def test_hyperv_waits_five_seconds_for_each_chunk(elapse: Any) -> None:
    past = hyperv(elapse)
    assert past.adds == [0, 5005, 10010, 15015]
    assert past.trace.devices["hot4"] == (35, 35)


def test_hyperv_goes_on_once_any_block_is_online(elapse: Any) -> None:
    past = hyperv(elapse, udev=rule("100ms"))
    # Onlining takes 1 ms.
    assert past.adds == [0, 101, 202, 303]
    # A block of another device will do.
    past = hyperv(elapse, before=[Plug("dimm1", SMALL)], udev=rule("100ms"))
    assert past.adds[1] == 101
    assert past.writes[0] == (100, 32, "ok")


def test_a_write_that_fails_does_not_wake_hyperv(elapse: Any) -> None:
    movable: dict[str, Any] = {"cmdline": "kernelcore=512M", "udev": rule("100ms", "online_kernel")}
    assert hyperv(elapse, **movable).adds == [0, 5005, 10010, 15015]


@pytest.mark.parametrize(
    ("variant", "knob", "waits"),
    [
        ("upstream", "online", False),
        ("michal-split/1", None, False),
        ("hyperv-xen-only", None, False),
        ("igor-movable", None, True),
        ("v6.1", "online", False),
        ("v6.1", None, True),
    ],
)
def test_hyperv_does_not_wait_where_the_kernel_onlines(
    elapse: Any, variant: str, knob: str | None, waits: bool
) -> None:
    past = hyperv(elapse, variant=variant, knob=knob)
    assert past.adds == ([0, 5005, 10010, 15015] if waits else [0, 5, 10, 15])
    assert past.online == (0 if waits else 4)


def test_a_chunk_in_a_place_that_is_taken_ends_hot_adding(elapse: Any) -> None:
    block_34 = Probe(Bytes(34 * SECTION))
    past = hyperv(elapse, count=2, knob="online", before=[block_34])
    assert [act.result for act in past.acts] == [None, None, "EEXIST"]


# --- Xen ------------------------------------------------------------------------------------------


def test_xen_adds_what_it_lacks_to_each_target(elapse: Any) -> None:
    host = Additions("target", parse_size("192M"), 3, every=parse_duration("1s"))
    past = elapse(platform="xen", xen=host)
    # 192M, rounded up to 256M; 384M, of which 256M are there; 576M, of which 384M are.
    assert [str(act.do) for act in past.acts] == [
        "xen adds target1 192M",
        "xen adds target2 128M",
        "xen adds target3 192M",
    ]
    assert past.adds == [0, 1000, 2000]
    assert past.trace.devices == {"target1": (32, 33), "target2": (34, 34), "target3": (35, 36)}


def test_xen_idles_while_it_has_enough(elapse: Any) -> None:
    host = Additions("target", parse_size("64M"), 4, every=parse_duration("1s"))
    past = elapse(platform="xen", xen=host)
    assert past.adds == [0, 2000]


# --- probe ----------------------------------------------------------------------------------------


def test_probe_adds_block_after_block(elapse: Any) -> None:
    past = elapse(probe=ProbeWriter(3))
    assert past.adds == [0, 10, 20]
    assert past.hot == "32-33 offline [Normal]; 34 offline [Normal Movable]"


# --- processes ------------------------------------------------------------------------------------


def test_a_workload_grows_until_it_has_all_it_wants(elapse: Any) -> None:
    load = Workload(parse_size("10M"), parse_size("25M"), every=Delay("1s"))
    past = elapse(workload=load)
    assert [str(act.do) for act in past.acts] == [
        "workload allocates 10M",
        "workload allocates 10M",
        "workload allocates 5M",
    ]
    assert past.allocations == [(0, "workload"), (1000, "workload"), (2000, "workload")]


def test_a_workload_goes_on_from_what_it_has(elapse: Any) -> None:
    load = Workload(parse_size("10M"), parse_size("25M"), process="batch")
    past = elapse(before=[Allocate("batch", parse_size("20M"))], workload=load)
    assert [str(act.do) for act in past.acts] == ["batch allocates 5M"]


def test_the_largest_process_is_killed_and_its_work_ends(elapse: Any) -> None:
    load = Workload(parse_size("20M"), GIG, every=Delay("100ms"))
    past = elapse("128M", workload=load, udev=rule())
    assert past.killed == [(200, "workload")]
    assert past.acts[-1].result == "SIGKILL"
    assert past.end == "ran"


def test_a_protected_workload_has_the_others_killed_and_then_the_kernel_dies(elapse: Any) -> None:
    load = Workload(parse_size("20M"), GIG, every=Delay("100ms"), oom_score_adj=-1000)
    past = elapse("128M", workload=load, udev=rule(), daemon=daemon())
    assert [who for _, who in past.killed] == ["udev", "daemon"]
    assert past.end == "panic"


def test_oom_score_adj_makes_others_pay(elapse: Any) -> None:
    load = Workload(parse_size("20M"), parse_size("60M"), every=Delay("100ms"))
    past = elapse("128M", workload=load, udev=rule(oom_score_adj=900))
    assert past.killed[0] == (200, "udev")


def test_a_killed_udev_writes_no_more(elapse: Any) -> None:
    load = Workload(parse_size("20M"), parse_size("60M"), every=Delay("1s"), oom_score_adj=-1000)
    past = elapse(
        "128M",
        acpi=dimms(1, start="900ms"),
        workload=load,
        udev=rule("500ms", workers=2, memory=parse_size("24M")),
    )
    assert past.killed == [(1000, "udev")]
    assert past.writes == []


def test_user_memory_comes_from_movable_first(boot: BootLab) -> None:
    lab = boot("256M", "movablecore=64M")
    free = lab.guest.kernel.free_kib
    lab.do(Allocate("batch", parse_size("50M")))
    assert lab.guest.kernel.free_kib == free
    lab.do(Allocate("batch", parse_size("50M")))
    assert free - lab.guest.kernel.free_kib == pytest.approx(36 * 1024, abs=4096)
    # Killing it gives back to kernel zones only what it had from there.
    lab.plug("dimm1", "9G")
    assert lab.acts[0].killed == ("batch",)
