"""Commands that show a scenario on a real kernel."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest

from zonediff.engine.observation import Observation
from zonediff.engine.steps import (
    Blocks,
    Boot,
    Daemon,
    Fill,
    HypervAdd,
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
)
from zonediff.engine.trace import Act, StepTrace, Trace
from zonediff.engine.units import GIB, MIB, Bytes
from zonediff.reports.page.reproduce import Part, reproduction
from zonediff.result.result import ScenarioInfo


def scenario(*steps: Step, **machine: Any) -> ScenarioInfo:
    return ScenarioInfo(
        id="a/b",
        title="",
        why="",
        claims=[],
        file="",
        hash="",
        machine={"nodes": ["1G"], "cmdline": "", "dimms": [], **machine},
        steps=[{"do": step.to_json()} for step in steps],
        goals=[],
    )


def acts(value: str, *blocks: int, result: str | None = None) -> tuple[Act, ...]:
    return tuple(Act(Write(f"memory{block}/state", value), result) for block in blocks)


def typed(parts: list[Part], where: str) -> list[str]:
    """The commands for one place, comments left out."""
    return [
        " ".join(line.pieces)
        for part in parts
        if part.where == where
        for line in part.lines
        if not line.comment
    ]


def said(parts: list[Part]) -> list[str]:
    return [line.pieces[0] for part in parts for line in part.lines if line.comment]


def test_a_plain_guest_needs_no_slots() -> None:
    (line,) = typed(reproduction(scenario(), []), "host")
    assert line == (
        "qemu-system-x86_64 -enable-kvm -m size=1G"
        " -object memory-backend-ram,id=ram0,size=1G -numa node,nodeid=0,cpus=0,memdev=ram0"
        " -kernel bzImage -append root=/dev/sda -monitor stdio guest.img"
    )


def test_dimms_nodes_and_parameters() -> None:
    info = scenario(
        Plug("new", Bytes(256 * MIB), 1),
        nodes=["1G", "0"],
        dimms=[{"id": "dimm1", "size": "1G", "node": 0, "addr": "0x140000000"}],
        cmdline="memhp_default_state=online movable_node",
    )
    parts = reproduction(info, [])
    (line,) = typed(parts, "host")
    assert "-m size=1G,slots=2,maxmem=3G" in line
    assert "-numa node,nodeid=1 " in line
    assert (
        "-object memory-backend-ram,id=mem-dimm1,size=1G"
        " -device pc-dimm,id=dimm1,memdev=mem-dimm1,node=0,addr=0x140000000"
    ) in line
    assert "-append 'root=/dev/sda memhp_default_state=online movable_node'" in line
    assert typed(parts, "monitor") == [
        "object_add memory-backend-ram,id=mem-new,size=256M",
        "device_add pc-dimm,id=new,memdev=mem-new,node=1",
    ]


def test_devices_with_a_driver() -> None:
    info = scenario(
        Resize("vmem0", Bytes(512 * MIB)),
        Unbind("dax0.0"),
        nodes=["1536M"],
        dax=[{"id": "dax0.0", "size": "256M", "addr": "0x40000000"}],
        virtio_mem=[{"id": "vmem0", "size": "1G", "requested": "2M"}],
    )
    parts = reproduction(info, [])
    (line,) = typed(parts, "host")
    assert "-m size=1536M,slots=1,maxmem=2560M" in line
    assert (
        "-object memory-backend-ram,id=mem-vmem0,size=1G"
        " -device virtio-mem-pci,id=vmem0,memdev=mem-vmem0,node=0,block-size=2M,requested-size=2M"
    ) in line
    assert "-append 'root=/dev/sda memmap=256M%0x40000000-1+0xefffffff'" in line
    assert typed(parts, "monitor") == ["qom-set vmem0 requested-size 512M"]
    assert typed(parts, "guest")[-1] == "echo dax0.0 > /sys/bus/dax/drivers/kmem/unbind"


@pytest.mark.parametrize(
    ("step", "where", "command"),
    [
        (Write("memory32/state", "online"), "guest", "echo online > memory32/state"),
        (Write("memory32/state", ""), "guest", "printf %s '' > memory32/state"),
        (Write("memory32/state", " online"), "guest", "printf %s ' online' > memory32/state"),
        (Write("memory32/state", "-n"), "guest", "printf %s -n > memory32/state"),
        (Write("a b; reboot", "x'y"), "guest", "printf %s 'x'\"'\"'y' > 'a b; reboot'"),
        (Read("auto_online_blocks"), "guest", "cat auto_online_blocks"),
        (Probe(Bytes(4 * GIB)), "guest", "echo 0x100000000 > probe"),
        (Unplug("dimm1"), "monitor", "device_del dimm1"),
        (Boot(), "monitor", "system_reset"),
        (XenAdd("hot", Bytes(512 * MIB)), "host", "xl mem-set GUEST 1536m"),
    ],
)
def test_primitive_steps(step: Step, where: str, command: str) -> None:
    assert typed(reproduction(scenario(step), []), where)[-1] == command


@pytest.mark.parametrize(
    "step", [Fill(Blocks("32"), "kernel-objects"), HypervAdd("hot", Bytes(GIB)), Boot("quiet")]
)
def test_steps_that_no_command_does_are_told_to_a_person(step: Step) -> None:
    assert any(part.where == "by hand" for part in reproduction(scenario(step), []))


@pytest.mark.parametrize(
    ("blocks", "loop"),
    [
        ((32, 33, 34), "for n in $(seq 32 34); do echo online > memory$n/state; done"),
        ((34, 33, 32), "for n in $(seq 34 -1 32); do echo online > memory$n/state; done"),
        ((32, 39, 33), "for n in 32 39 33; do echo online > memory$n/state; done"),
        ((32,), "echo online > memory32/state"),
    ],
)
def test_composite_steps_are_loops(blocks: tuple[int, ...], loop: str) -> None:
    step = Online(Blocks("dimm1"))
    trace = Trace("v", Observation(), (StepTrace(step, acts("online", *blocks)),))
    parts = reproduction(scenario(step), [(["v"], trace)])
    assert typed(parts, "guest")[-1] == loop


def test_user_space_is_explained() -> None:
    step = Udev("online_movable")
    trace = Trace("v", Observation(), (StepTrace(step, acts("online_movable", 32)),))
    parts = reproduction(scenario(step), [(["v"], trace)])
    assert any('ATTR{state}="online_movable"' in text for text in said(parts))
    daemon = typed(reproduction(scenario(Daemon()), []), "guest")
    assert "grep -q Movable memory$n/valid_zones" in " ".join(daemon)


def test_what_to_expect_is_told_once_or_for_each_variant() -> None:
    step = Online(Blocks("dimm1"))
    good = Trace("a", Observation(), (StepTrace(step, acts("online", 32, 33)),))
    mixed = (*acts("online", 32, result="EINVAL"), *acts("online", 33))
    bad = Trace("c", Observation(), (StepTrace(step, mixed),))
    first = said(reproduction(scenario(step), [(["a", "b"], good)]))
    second = said(reproduction(scenario(step), [(["a", "b"], good), (["c"], bad)]))
    assert first[-1] == "memory32..memory33 ok"
    assert second[-2:] == [
        "a, b: memory32..memory33 ok",
        "c: memory32 EINVAL (Invalid argument), memory33 ok",
    ]


def test_a_device_that_comes_back_needs_its_old_memory_freed() -> None:
    size = Bytes(128 * MIB)
    parts = reproduction(scenario(Plug("d", size), Unplug("d"), Plug("d", size)), [])
    assert "object_del mem-d" in typed(parts, "monitor")


def test_strange_names_are_no_options() -> None:
    parts = reproduction(scenario(Plug("x,addr=0;$(reboot)", Bytes(128 * MIB))), [])
    assert typed(parts, "monitor")[0] == (
        "object_add memory-backend-ram,id=mem-x_addr_0___reboot_,size=128M"
    )


@pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="QEMU is not installed")
def test_qemu_takes_the_line_and_the_monitor_commands() -> None:
    info = scenario(
        Plug("new", Bytes(256 * MIB), 1, Bytes(6 * GIB)),
        nodes=["512M", "512M"],
        dimms=[{"id": "dimm1", "size": "384M", "node": 0}],
    )
    parts = reproduction(info, [])
    (line,) = typed(parts, "host")
    words = line.replace("-enable-kvm ", "").split(" -kernel ")[0].split()
    done = subprocess.run(
        [*words, "-S", "-display", "none", "-monitor", "stdio"],
        input="\n".join([*typed(parts, "monitor"), "info memory-devices", "quit", ""]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "addr: 0x100000000" in done.stdout
    assert "addr: 0x180000000" in done.stdout
