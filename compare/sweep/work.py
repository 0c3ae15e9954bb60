"""The work of a sweep: what becomes of a row's points, and many rows done by an executor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from zonediff.compare.sweep.plan import Onliner, Row
from zonediff.engine import userspace
from zonediff.engine.actors import OnlineValue
from zonediff.engine.guest import Guest
from zonediff.engine.kernel import MEMMAP_COST, KernelDied
from zonediff.engine.machine import Machine
from zonediff.engine.policy import Policy
from zonediff.engine.run import Runner
from zonediff.engine.steps import HypervAdd, Plug, Step, Udev, Write
from zonediff.engine.units import SECTION, Bytes
from zonediff.variants.registry import Registry

P = ParamSpec("P")
T = TypeVar("T")

PHYSICAL_BITS: Final = 46
"""Of the machines' addresses: enough for every size that a sweep may have."""

_RULES: Final[dict[Onliner, OnlineValue]] = {"udev": "online", "udev-movable": "online_movable"}


class SweepError(Exception):
    """A sweep cannot go on; the message says why."""


@dataclass(frozen=True, slots=True)
class Point:
    """What became of an addition.

    died_at: the piece that the kernel did not survive, counted from 1; None when it survived all.
    least_kib: KiB free in kernel zones when they were scarcest; of a death, before it.
    """

    added: Bytes
    died_at: int | None
    least_kib: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row's points. free_kib: free in kernel zones before anything is added."""

    free_kib: int
    points: tuple[Point, ...]


def outcome(policy: Policy, row: Row) -> Outcome:
    """Add each of the row's sizes to its machine.

    With pieces that come one after the other the way to a large sum leads through the smaller
    ones, so one machine serves for all. A single DIMM of each size needs a machine of its own.
    """
    platform: Final = "hyperv" if row.path == "hyperv" else "kvm"
    machine = Machine(nodes=(row.base,), platform=platform, physical_bits=PHYSICAL_BITS)
    guest = Guest(machine, policy)
    guest.power_on()
    if row.onliner == "kernel":
        guest.do(Write("auto_online_blocks", "online"))
    free = guest.kernel.free_kib
    points = []
    addition = _Addition(guest, row.onliner)
    for size in row.added:
        if row.path == "acpi":
            addition = _Addition(guest.copy(), row.onliner)
            addition.piece(Plug("dimm", size))
        while row.path != "acpi" and addition.pieces * SECTION < size and not addition.died:
            name = f"piece{addition.pieces}"
            add = HypervAdd if row.path == "hyperv" else Plug
            addition.piece(add(name, Bytes(SECTION)))
        died_at = addition.pieces if addition.died else None
        points.append(Point(size, died_at, addition.least_kib))
    return Outcome(free, tuple(points))


class _Addition:
    """Memory coming to a guest piece by piece, and being onlined, until the kernel dies."""

    def __init__(self, guest: Guest, onliner: Onliner) -> None:
        self.runner = Runner(guest)
        self.rule = _RULES.get(onliner)
        self.pieces = 0
        self.died = False
        self.least_kib = guest.kernel.free_kib

    def piece(self, step: Step) -> None:
        """One piece more, and the rule run over the events that it caused."""
        self.pieces += 1
        try:
            self._do(step)
            if self.rule is not None:
                for write in userspace.acts(Udev(self.rule), self.runner):
                    self._do(write)
        except KernelDied:
            self.died = True

    def _do(self, step: Step) -> None:
        """Do it without writing it down: an observation after each step would cost far more."""
        guest = self.runner.guest
        guest.do(step)
        for why in guest.kernel.because:
            if why.rule is MEMMAP_COST:
                self.least_kib = min(self.least_kib, int(why.numbers["left"]))
        self.runner.accounts()


# --- many rows ------------------------------------------------------------------------------------


def outcomes(
    rows: Iterable[Row],
    codes: Mapping[str, str],
    files: Sequence[Path],
    executor: Executor,
    at_once: int,
) -> Iterator[tuple[Row, Outcome]]:
    """The outcome of each row, as they are done.

    codes: a fingerprint of each variant's code. files: those of variants. executor: has the shape
    of concurrent.futures. at_once: how many rows it is given at a time.
    Raises SweepError when a variant fails or a worker process dies.
    """
    left = iter(rows)
    running: dict[Future[Outcome], Row] = {}
    while True:
        for row in islice(left, at_once - len(running)):
            running[executor.submit(work, row, codes[row.variant], tuple(files))] = row
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            row = running.pop(future)
            try:
                yield row, future.result()
            except BrokenProcessPool:
                raise SweepError(f"a worker process died, at {row} or beside it") from None


def work(row: Row, code: str, files: tuple[Path, ...]) -> Outcome:
    """The outcome of a row, in whichever process. Raises SweepError when the variant fails."""
    try:
        return outcome(_policy(row.variant, code, files), row)
    except Exception as error:
        raise SweepError(f"{row}: {type(error).__name__}: {error}") from error


class Here(Executor):
    """This process: what is submitted is done at once."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Do it; the future is done already."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@cache
def _policy(variant: str, code: str, files: tuple[Path, ...]) -> Policy:
    """The variant's, made once in a process for each version of its code."""
    return Registry(files).model(variant).policy
