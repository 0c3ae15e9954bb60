"""What real kernels did when memory was short, and what the model says (docs/pressure.md).

Numbers of blocks are of 128 MiB, and were measured on 4.10.17 unless another kernel is named.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import BootLab
from zonediff.engine.actors import Additions, Delay, ProbeWriter, UdevRule
from zonediff.engine.machine import Machine
from zonediff.engine.pressure import reserve_kib
from zonediff.engine.steps import Allocate, Plug
from zonediff.engine.units import SECTION, Bytes, parse_size

PANIC, RAN = "panic", "ran"


def dimms(count: int) -> Additions:
    """A burst of DIMMs of 128 MiB."""
    return Additions("dimm", Bytes(SECTION), count)


def listener(value: Any = "online", latency: str = "100ms") -> UdevRule:
    return UdevRule(value, latency=Delay(latency))


# --- free memory after boot -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "variant", "measured"),
    [
        ("96M", "upstream", 84640),
        ("128M", "upstream", 51468),
        ("192M", "upstream", 114696),
        ("256M", "upstream", 180224),
        ("384M", "upstream", 308624),
        ("512M", "upstream", 437232),
        ("256M", "v6.1", 129604),
        ("512M", "v6.1", 386104),
    ],
)
def test_free_memory_after_boot(boot: BootLab, base: str, variant: str, measured: int) -> None:
    assert boot(base, variant=variant).guest.kernel.free_kib == measured


@pytest.mark.parametrize(
    ("base", "kib"),
    [("96M", 1567), ("128M", 1810), ("192M", 2216), ("256M", 2560), ("384M", 3135), ("512M", 3620)],
)
def test_the_reserve_is_the_low_watermark(base: str, kib: int) -> None:
    assert reserve_kib(Machine(nodes=(parse_size(base),))) == kib


# --- one DIMM -------------------------------------------------------------------------------------

FRONTIER = [
    ("96M", "upstream", 40),
    ("128M", "upstream", 24),
    ("192M", "upstream", 54),
    ("256M", "upstream", 86),
    ("384M", "upstream", 148),
    ("512M", "upstream", 210),
    ("256M", "v6.1", 61),
    ("512M", "v6.1", 185),
]


@pytest.mark.parametrize("knob", ["offline", "online"])
@pytest.mark.parametrize(("base", "variant", "most"), FRONTIER)
def test_the_largest_single_dimm(
    boot: BootLab, base: str, variant: str, most: int, knob: str
) -> None:
    for blocks, end in ((most, RAN), (most + 1, PANIC)):
        lab = boot(base, variant=variant)
        lab.knob(knob)
        lab.do(Plug("dimm1", Bytes(blocks * SECTION)))
        assert lab.end == end


@pytest.mark.parametrize("user_space", ["nobody", "kernel", "listener"])
def test_8g_into_256m(elapse: Any, user_space: str) -> None:
    past = elapse(
        "256M",
        knob="online" if user_space == "kernel" else None,
        acpi=Additions("dimm", parse_size("8G")),
        udev=listener(latency="10ms") if user_space == "listener" else None,
    )
    assert (past.end, past.killed) == (RAN, [])
    assert past.online == (0 if user_space == "nobody" else 64)


def test_8g_leave_48_4_mb_of_180_mb(boot: BootLab) -> None:
    lab = boot("256M")
    lab.plug("dimm1", "8G")
    # Measured: 180.0 MB before and 48.4 MB after; 73 % of what was free.
    assert lab.guest.kernel.free_kib == pytest.approx(48_400, rel=0.01)


@pytest.mark.parametrize("knob", ["offline", "online"])
@pytest.mark.parametrize("size", ["12G", "16G"])
def test_12g_and_16g_kill_256m(boot: BootLab, size: str, knob: str) -> None:
    lab = boot("256M")
    lab.knob(knob)
    lab.plug("dimm1", size)
    assert lab.end == PANIC
    assert lab.rules[-1] == "out_of_memory"


@pytest.mark.parametrize("knob", ["offline", "online"])
def test_8g_take_a_process_of_60m(boot: BootLab, knob: str) -> None:
    lab = boot("256M")
    lab.knob(knob)
    lab.do(Allocate("process", parse_size("60M")))
    lab.plug("dimm1", "8G")
    assert (lab.end, lab.acts[0].killed) == (RAN, ("process",))


# --- many small adds ------------------------------------------------------------------------------


# Measured for 192M: 55, one block more than in a single DIMM. The model makes no difference.
@pytest.mark.parametrize(
    ("base", "adds", "most"),
    [("96M", 64, 40), ("128M", 64, 24), ("192M", 80, 54), ("256M", 120, 86)],
)
def test_blocks_that_nobody_onlines(elapse: Any, base: str, adds: int, most: int) -> None:
    past = elapse(base, probe=ProbeWriter(adds))
    assert (past.end, past.added) == (PANIC, most)


@pytest.mark.parametrize(("base", "adds"), [("96M", 64), ("128M", 64), ("192M", 80), ("256M", 120)])
def test_blocks_that_the_kernel_onlines(elapse: Any, base: str, adds: int) -> None:
    past = elapse(base, knob="online", probe=ProbeWriter(adds))
    assert (past.end, past.added, past.online) == (RAN, adds, adds)


@pytest.mark.parametrize(("base", "adds"), [("96M", 64), ("128M", 64)])
def test_bursts_that_a_listener_onlines(elapse: Any, base: str, adds: int) -> None:
    past = elapse(base, acpi=dimms(adds), udev=listener())
    assert (past.end, past.added, past.online) == (RAN, adds, adds)


def test_blocks_from_probe_that_a_listener_onlines(elapse: Any) -> None:
    past = elapse("128M", probe=ProbeWriter(64), udev=listener())
    assert (past.end, past.online) == (RAN, 64)


@pytest.mark.parametrize(("base", "most"), [("96M", 40), ("128M", 24)])
def test_bursts_that_nobody_onlines(elapse: Any, base: str, most: int) -> None:
    past = elapse(base, acpi=dimms(64))
    assert (past.end, past.added) == (PANIC, most)


def test_a_slow_listener_is_killed_before_the_kernel_dies(elapse: Any) -> None:
    past = elapse("96M", acpi=dimms(64), udev=listener(latency="500ms"))
    [(when, who)] = past.killed
    assert (past.end, past.online, who) == (PANIC, 0, "udev")
    assert when < past.time(past.acts[-1])


# --- movable memory does not help -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("variant", "knob", "rule", "added"),
    [
        ("igor-movable", "online", None, 24),
        ("igor-movable", None, "online", 24),
        ("igor-movable", None, "online_movable", 24),
        ("v4.13", None, "online_movable", 23),
        ("v4.14", None, "online_movable", 23),
        ("v4.13", None, "online", 48),
        ("v4.14", "online", None, 48),
        ("michal-split/1", "online", None, 48),
        ("michal-split/3", None, "online", 48),
        ("michal-split/2", None, None, 24),
        ("michal-split/3", None, None, 24),
    ],
)
def test_48_dimms_into_128m(
    elapse: Any, variant: str, knob: str | None, rule: str | None, added: int
) -> None:
    past = elapse(
        "128M",
        variant=variant,
        knob=knob,
        acpi=dimms(48),
        udev=listener(rule) if rule else None,
    )
    assert (past.end, past.added) == (RAN if added == 48 else PANIC, added)


# --- a udev rule on one DIMM of 512 MiB -----------------------------------------------------------


@pytest.mark.parametrize(
    ("variant", "value", "results", "blocks"),
    [
        ("upstream", "online", "ok ok ok ok", "32-34 online [Normal]; 35 online [Normal Movable]"),
        (
            "upstream",
            "online_kernel",
            "ok ok ok ok",
            "32-34 online [Normal]; 35 online [Normal Movable]",
        ),
        (
            "upstream",
            "online_movable",
            "EINVAL EINVAL EINVAL ok",
            "32-33 offline [Normal]; 34 offline [Normal Movable]; 35 online [Movable Normal]",
        ),
        (
            "v4.12",
            "online_movable",
            "EINVAL EINVAL EINVAL ok",
            "32-33 offline [Normal]; 34 offline [Normal Movable]; 35 online [Movable Normal]",
        ),
        ("v4.13", "online_movable", "ok ok ok ok", "32-35 online [Movable]"),
        ("v4.14", "online_movable", "ok ok ok ok", "32-35 online [Movable]"),
        ("v6.1", "online_movable", "ok ok ok ok", "32-35 online [Movable]"),
        (
            "igor-movable",
            "online_movable",
            "ok ok ok ok",
            "32 online [Movable Normal]; 33-35 online [Movable]",
        ),
    ],
)
def test_a_rule_on_each_add_event(
    elapse: Any, variant: str, value: str, results: str, blocks: str
) -> None:
    past = elapse(
        variant=variant, acpi=Additions("dimm", parse_size("512M")), udev=listener(value, "1ms")
    )
    assert [(block, result) for _, block, result in past.writes] == list(
        zip((32, 33, 34, 35), results.split(), strict=True)
    )
    assert past.hot == blocks
