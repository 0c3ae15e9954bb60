"""Kernels that lie to the agent, or print without end, are contained and said."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

import pytest

from zonediff.engine.kernel import KernelDied
from zonediff.engine.machine import Machine as EngineMachine
from zonediff.engine.units import GIB, Bytes
from zonediff.live import agent, console, guest
from zonediff.live.agent import Agent, AgentFailed
from zonediff.live.console import Console
from zonediff.live.guest import LiveGuest
from zonediff.live.virtual_machine import _LINE_BYTES, VirtualMachine, _Port

HELLO = ("release 6.1", "block_size 8000000", "events no")
LOOK = ("memory8/state:offline", "zone 0/Movable:0 0 0 0")


class Machine:
    """A machine without QEMU, whose agent gives these answers."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.console = Console()
        self.answers = [*answers]
        self.number = 0

    def listen(self, port: str, take: Callable[[bytes], None]) -> None:
        if port == "agent":
            self.take = take

    def send(self, port: str, data: bytes) -> None:
        self.number = int(data.split()[0])
        self.answer()

    def answer(self) -> None:
        lines = self.answers.pop(0)
        body = "".join(f"{line}\n" for line in lines).encode()
        digest = hashlib.md5(body).hexdigest().encode()
        for line in (b"begin %d %s  -" % (self.number, digest), *body.splitlines()):
            self.take(line)
        self.take(b"end %d" % self.number)

    async def until(self, happened: Callable[[], bool], limit: float) -> None:
        if not happened():
            raise KernelDied("hang")


def talk(*answers: Sequence[str]) -> str | None:
    """Wait for a guest, and write to a file of it."""

    async def both() -> str | None:
        machine = Machine(*answers)
        live = LiveGuest(cast("VirtualMachine", machine), EngineMachine((Bytes(GIB),)))
        machine.answer()
        await live.ready()
        return await live.write("memory8/state", "online")

    return asyncio.run(both())


def test_a_guest_that_does_not_lie() -> None:
    assert talk([*HELLO, *LOOK], ["failed: Invalid argument", *LOOK]) == "EINVAL"


@pytest.mark.parametrize(
    "answers",
    [
        [[]],
        [["release"]],
        [["release 6.1", "block_size many", "events no"]],
        [["release 6.1", "events no", "memory8/state:offline"]],
        [HELLO, []],
        [HELLO, ["done", "zone 0/Movable:0 0"]],
        [HELLO, ["done", "zone 0/Movable:- - - -"]],
        [HELLO, ["done", f"memory{'9' * 5000}/state:offline"]],
    ],
)
def test_an_answer_without_sense_is_no_finding_about_the_kernel(
    answers: list[Sequence[str]],
) -> None:
    with pytest.raises(AgentFailed, match="an answer of the guest's agent makes no sense"):
        talk(*answers)


def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "ANSWER_BYTES", 1 << 20)
    with pytest.raises(AgentFailed, match="has more than 1 MiB"):
        talk(HELLO, ["x" * 1000] * 1100)
    patient = Agent()
    for _ in range(3000):  # the bound is for one answer, not for all of them
        patient.request("observe")
        patient.take(b"x" * 1000)


def test_uevents_without_end_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest, "_MOST_EVENTS", 10)
    with pytest.raises(AgentFailed, match="sends more than 10 uevents"):
        talk(HELLO, ["done", *["event add@/devices/system/memory/memory8"] * 11])


def test_a_kernel_that_prints_without_end_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "LOG_BYTES", 10_000)
    log = Console()
    for _ in range(200):
        log.take(b"x" * 99)
    assert (log.death, log.complete, len(log.lines)) == ("hang", True, 100)


def test_a_kernel_that_died_before_it_printed_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "LOG_BYTES", 10_000)
    log = Console()
    log.take(b"kernel BUG at mm/memory_hotplug.c:1!")
    for _ in range(200):
        log.take(b"x" * 99)
    assert (log.death, log.complete) == ("BUG", True)


def test_a_line_without_end_is_cut() -> None:
    lines: list[bytes] = []
    port = _Port(lines.extend, partial(lines.append, b"lost"))
    for _ in range(40):
        port.data_received(b"x" * (_LINE_BYTES // 16))
    port.data_received(b"\n")
    assert len(lines) == 3
    assert sum(map(len, lines)) == 40 * (_LINE_BYTES // 16)
