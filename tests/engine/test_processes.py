"""Memory that processes take, and which of them is killed when it is short."""

from __future__ import annotations

import pytest

from tests.conftest import BootLab, Lab
from zonediff.engine.pressure import Process, boot_free_kib, memmap_kib, reserve_kib
from zonediff.engine.steps import Allocate
from zonediff.engine.units import Bytes, parse_size
from zonediff.engine.zones import Zone

MIB = 1024
"""In KiB."""


def take(lab: Lab, process: str, size: str, adj: int = 0) -> str | None:
    result: str | None = lab.do(Allocate(process, parse_size(size), adj))
    return result


def test_a_process_takes_kernel_memory_while_nothing_is_movable(boot: BootLab) -> None:
    lab = boot("256M")
    kernel = lab.guest.kernel
    free = kernel.free_kib
    assert take(lab, "web", "32M") is None
    assert kernel.free_kib == free - 32 * MIB
    assert take(lab, "web", "4M", -500) is None
    assert kernel.processes == {"web": Process(36 * MIB, 0, -500)}
    assert lab.reasons[0].text == (
        f"process web holds {36 * MIB} KiB, 0 of them in zone Movable: {free - 36 * MIB} KiB are "
        "left free in kernel zones"
    )


def test_movable_memory_is_taken_first(boot: BootLab) -> None:
    lab = boot("256M")
    lab.plug("dimm0", "128M")
    lab.write(32, "online_movable")
    free = lab.guest.kernel.free_kib
    take(lab, "web", "96M")
    assert lab.guest.kernel.free_kib == free
    take(lab, "db", "64M")
    assert lab.guest.kernel.processes == {
        "web": Process(0, 96 * MIB),
        "db": Process(32 * MIB, 32 * MIB),
    }
    assert lab.guest.kernel.free_kib == free - 32 * MIB


def test_kernel_memory_that_goes_online_is_free(boot: BootLab) -> None:
    lab = boot("256M")
    lab.plug("dimm0", "256M")
    free = lab.guest.kernel.free_kib
    lab.write(33, "online_movable")
    assert lab.guest.kernel.free_kib == free
    lab.write(32, "online_kernel")
    assert lab.guest.kernel.free_kib == free + 128 * MIB
    lab.write(32, "offline")
    assert lab.guest.kernel.free_kib == free


def test_the_largest_process_is_killed_and_the_others_go_on(boot: BootLab) -> None:
    lab = boot("256M")
    take(lab, "small", "16M")
    take(lab, "large", "90M")
    assert take(lab, "asking", "85M") is None
    assert lab.acts[0].killed == ("large",)
    assert set(lab.guest.kernel.processes) == {"small", "asking"}
    assert lab.reasons[0].rule == "oom_kill_process"
    assert lab.reasons[0].text.startswith(
        f"with {90 * MIB} KiB resident, process large has the highest badness ({90 * MIB}): it is "
        "killed and "
    )


def test_whoever_asks_for_too_much_is_killed_for_it(boot: BootLab) -> None:
    lab = boot("256M")
    take(lab, "small", "16M")
    assert take(lab, "greedy", "300M") == "SIGKILL"
    assert lab.acts[0].killed == ("greedy",)
    assert set(lab.guest.kernel.processes) == {"small"}
    assert lab.end == "ran"


def test_a_score_can_save_a_process_and_doom_another(boot: BootLab) -> None:
    lab = boot("256M")
    take(lab, "large", "64M", -500)
    take(lab, "small", "16M", 500)
    take(lab, "asking", "100M", -1000)
    assert lab.acts[0].killed == ("small",)


def test_without_a_process_to_kill_the_kernel_panics(boot: BootLab) -> None:
    lab = boot("256M")
    take(lab, "system", "64M", -1000)
    assert take(lab, "system", "300M", -1000) == "panic"
    assert lab.end == "panic"
    kernel, reserve = lab.guest.kernel, reserve_kib(lab.guest.machine)
    assert kernel.free_kib == reserve
    assert lab.reasons[-1].rule == "out_of_memory.user"
    assert f"{reserve} KiB are free in kernel zones, {reserve} of them kept" in lab.reasons[-1].text


def test_adding_memory_kills_processes_for_its_memmap(boot: BootLab) -> None:
    lab = boot("256M")
    take(lab, "web", "60M")
    free = lab.guest.kernel.free_kib
    assert lab.plug("dimm0", "8G") is None
    assert lab.acts[0].killed == ("web",)
    assert lab.guest.kernel.free_kib == free + 60 * MIB - memmap_kib(64, 32768)
    assert lab.rules[:2] == ["oom_kill_process", "sparse_mem_map_populate"]


@pytest.mark.parametrize(("more", "end"), [(0, "ran"), (1, "panic")])
def test_the_last_kib_above_the_reserve_can_be_used(boot: BootLab, more: int, end: str) -> None:
    lab = boot("256M")
    kernel = lab.guest.kernel
    kib = kernel.free_kib - reserve_kib(lab.guest.machine) - memmap_kib(1, 32768) + more
    lab.do(Allocate("system", Bytes(kib * 1024), -1000))
    lab.plug("dimm0", "128M")
    assert lab.end == end
    if end == "panic":
        assert lab.reasons[0].text.startswith("1 new block: the memmap needs 2058 KiB; ")


def test_asking_for_nothing_starts_a_process(boot: BootLab) -> None:
    lab = boot("256M")
    assert take(lab, "idle", "0", 100) is None
    assert lab.guest.kernel.processes == {"idle": Process(0, 0, 100)}


@pytest.mark.parametrize(
    ("process", "badness"),
    [
        (Process(), 1),
        (Process(100, 50), 150),
        (Process(100, 50, 10), 250),
        (Process(100, 50, -10), 50),
        (Process(100, 50, -999), 1),
        (Process(100, 50, -1000), 0),
    ],
)
def test_badness_is_what_is_resident_and_the_score(process: Process, badness: int) -> None:
    assert process.badness(10_999) == badness


def test_copies_of_a_kernel_have_their_own_processes(boot: BootLab) -> None:
    lab = boot("256M")
    take(lab, "web", "16M")
    twin = lab.guest.copy()
    assert twin.key() == lab.guest.key()
    twin.do(Allocate("web", Bytes(1 << 20)))
    assert lab.guest.kernel.processes["web"].rss_kib == 16 * MIB
    assert twin.kernel.free_kib == lab.guest.kernel.free_kib - MIB


def test_movable_boot_memory_is_not_free_for_the_kernel(boot: BootLab) -> None:
    lab, plain = boot(cmdline="kernelcore=512M"), boot()
    movable = lab.guest.kernel.tables.present_pages(0, Zone.MOVABLE) * 4
    assert plain.guest.kernel.free_kib - lab.guest.kernel.free_kib == movable


@pytest.mark.parametrize(
    ("nodes", "overhead", "kept"),
    [
        ("64M", {128: 10, 256: 30}, 10),
        ("128M", {128: 10, 256: 30}, 10),
        ("192M", {128: 10, 256: 30}, 20),
        ("256M", {128: 10, 256: 30}, 30),
        ("1G", {128: 10, 256: 30}, 30),
    ],
)
def test_what_the_kernel_keeps_after_boot(
    boot: BootLab, nodes: str, overhead: dict[int, int], kept: int
) -> None:
    lab = boot(nodes)
    machine, memory = lab.guest.machine, lab.guest.kernel.tables
    ram = machine.ram // 1024
    bounce_buffers = 0 if nodes == "64M" else 64 * MIB
    assert boot_free_kib(machine, memory, overhead) == ram - ram // 64 - bounce_buffers - kept


def test_the_score_counts_in_thousandths_of_the_memory_that_is_present(boot: BootLab) -> None:
    # oom_badness(): 10 of 1000 are 2.5 MiB of 256, less than the 20 that `large` has more.
    lab = boot("256M")
    take(lab, "large", "40M")
    take(lab, "disliked", "20M", 10)
    assert take(lab, "new", "150M", -1000) is None
    assert [name for act in lab.acts for name in act.killed] == ["large"]
