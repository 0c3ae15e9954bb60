"""Lines of real kernels, and what they tell of its death."""

from __future__ import annotations

import pytest

from zonediff.live.console import FIRST_LINES, LAST_LINES, Console

BUG = """\
memory memory32: is onlined
------------[ cut here ]------------
kernel BUG at mm/memory_hotplug.c:2206!
invalid opcode: 0000 [#1] SMP
RIP: remove_memory+0xa1/0xc0
---[ end trace 4d5a0c1c8b0b7b54 ]---
"""
OOM = """\
Out of memory and no killable processes...
Kernel panic - not syncing: System is deadlocked on memory
CPU: 0 PID: 12 Comm: kworker/u2:1 Not tainted 6.1.0-56-cloud-amd64
---[ end Kernel panic - not syncing: System is deadlocked on memory ]---
"""
WARNING = """\
------------[ cut here ]------------
WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:3500 warn_alloc+0x10/0x20
---[ end trace 0000000000000000 ]---
"""


def console(text: str) -> Console:
    log = Console()
    for line in text.splitlines():
        log.take(line.encode())
    return log


@pytest.mark.parametrize(
    ("text", "death"),
    [
        (BUG, "BUG"),
        (OOM, "panic"),
        (BUG + OOM, "BUG"),
        ("BUG: kernel NULL pointer dereference\nOops: 0000 [#1] PREEMPT SMP\n", "BUG"),
        (WARNING, None),
        ("Offlined Pages 32768\n", None),
        ("traps: probe[83] general protection fault ip:401000 sp:7ffc error:0\n", None),
    ],
)
def test_how_the_kernel_died(text: str, death: str | None) -> None:
    assert console(text).death == death


def test_all_is_told_with_the_last_line_of_a_death() -> None:
    dying = console(BUG.rpartition("---[")[0])
    assert dying.death == "BUG"
    assert not dying.complete
    assert console(BUG).complete
    assert not console(WARNING).complete


def test_the_lines_of_a_step_are_its_reasons() -> None:
    log = console("one\ntwo\n")
    assert [reason.text for reason in log.reasons()] == ["one", "two"]
    log.take(b"three")
    log.take(b" ")
    log.take(b"clocksource: Switched to clocksource tsc")
    assert [str(reason) for reason in log.reasons()] == ["printk: three"]
    assert log.reasons() == ()


def test_of_many_lines_the_first_and_the_last_are_kept() -> None:
    many = "".join(f"line {number}\n" for number in range(100))
    texts = [reason.text for reason in console(many).reasons()]
    assert len(texts) == FIRST_LINES + 1 + LAST_LINES
    assert texts[0] == "line 0"
    assert texts[FIRST_LINES] == f"({100 - FIRST_LINES - LAST_LINES} lines left out)"
    assert texts[-1] == "line 99"


def test_of_a_death_the_lines_around_it_are_kept() -> None:
    registers = "".join(f"R{number}: 0000000000000000\n" for number in range(100))
    texts = [reason.text for reason in console(registers + OOM + registers).reasons()]
    assert len(texts) == FIRST_LINES + 1 + LAST_LINES + 1
    assert texts[-1] == "Kernel panic - not syncing: System is deadlocked on memory"
    assert "Out of memory and no killable processes..." in texts
    assert "Kernel panic - not syncing: System is deadlocked on memory" in texts
    assert texts[0] == "R0: 0000000000000000"


def test_bytes_that_are_no_text_are_no_trouble() -> None:
    log = Console()
    log.take(b"\xff\xfe noise")
    assert log.reasons()[0].text.endswith(" noise")
