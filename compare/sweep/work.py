"""The work of a sweep: what becomes of the points of a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from zonediff.compare.sweep.bisection import to_run
from zonediff.compare.sweep.plan import Onliner, Row
from zonediff.engine import userspace
from zonediff.engine.actors import OnlineValue
from zonediff.engine.adding import MEMMAP_COST
from zonediff.engine.errors import ZonediffError
from zonediff.engine.guest import Guest
from zonediff.engine.kernel import KernelDied
from zonediff.engine.machine import Machine
from zonediff.engine.policy import Policy
from zonediff.engine.run import Runner
from zonediff.engine.steps import HypervAdd, Plug, Step, Udev, Write
from zonediff.engine.units import SECTION, Bytes
from zonediff.result.frontiers import EXAMPLE, State, state
from zonediff.variants.failure import in_words
from zonediff.variants.registry import Registry

PHYSICAL_BITS: Final = 46
"""Of the machines' addresses: enough for every size that a sweep may have."""

_RULES: Final[dict[Onliner, OnlineValue]] = {"udev": "online", "udev-movable": "online_movable"}


class SweepError(ZonediffError):
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

    @property
    def left_kib(self) -> int | None:
        """KiB left when they were scarcest; None when the kernel died."""
        return None if self.died_at else self.least_kib


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row's points, of all or of those that were run.

    free_kib: free in kernel zones before anything is added.
    """

    free_kib: int
    points: tuple[Point, ...]

    def states(self, row: Row) -> dict[int, State]:
        """The states of the points that were run, by their place in the row."""
        place = {size: at for at, size in enumerate(row.added)}
        return {place[p.added]: state(self.free_kib, p.left_kib) for p in self.points}


@dataclass(frozen=True, slots=True)
class Task:
    """A row to do. known: points of it that were run before. whole: run all, infer none."""

    row: Row
    known: tuple[Point, ...] = ()
    whole: bool = True

    def left(self, outcome: Outcome) -> list[Bytes]:
        """The sizes to run next, with what is known."""
        row, states = self.row, outcome.states(self.row)
        if self.whole or row.in_one_go:
            return [size for at, size in enumerate(row.added) if at not in states]
        wanted = [at for at, size in enumerate(row.added) if (row.base, size) == EXAMPLE]
        return [row.added[at] for at in to_run(states, len(row.added), wanted)]


def outcome(policy: Policy, task: Task) -> Outcome:
    """Add the sizes of a row to its machine, those that the task needs."""
    row = task.row
    platform: Final = "hyperv" if row.path == "hyperv" else "kvm"
    machine = Machine(nodes=(row.base,), platform=platform, physical_bits=PHYSICAL_BITS)
    guest = Guest(machine, policy)
    guest.power_on()
    if row.onliner == "kernel":
        guest.do(Write("auto_online_blocks", "online"))
    found = Outcome(guest.kernel.free_kib, task.known)
    add = _in_pieces if row.in_one_go else _as_one
    while sizes := task.left(found):
        points = (*found.points, *add(guest, row, sizes))
        found = Outcome(found.free_kib, tuple(sorted(points, key=lambda point: point.added)))
    return found


def _as_one(guest: Guest, row: Row, sizes: Sequence[Bytes]) -> Iterator[Point]:
    """A single DIMM of each size, which needs a machine of its own."""
    for size in sizes:
        addition = _Addition(guest.copy(), row.onliner)
        addition.piece(Plug("dimm", size))
        yield addition.point(size)


def _in_pieces(guest: Guest, row: Row, sizes: Sequence[Bytes]) -> Iterator[Point]:
    """The way to a large sum leads through the smaller ones, so one machine serves for all."""
    add = HypervAdd if row.path == "hyperv" else Plug
    addition = _Addition(guest, row.onliner)
    for size in sizes:
        while addition.pieces * SECTION < size and not addition.died:
            addition.piece(add(f"piece{addition.pieces}", Bytes(SECTION)))
        yield addition.point(size)


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

    def point(self, size: Bytes) -> Point:
        """What has become of it by now."""
        return Point(size, self.pieces if self.died else None, self.least_kib)

    def _do(self, step: Step) -> None:
        """Do it without writing it down: an observation after each step would cost far more."""
        guest = self.runner.guest
        guest.do(step)
        for why in guest.kernel.because:
            if why.rule is MEMMAP_COST:
                self.least_kib = min(self.least_kib, int(why.numbers["left"]))
        self.runner.accounts()


def work(registry: Registry, task: Task) -> Outcome:
    """The outcome of a row, in whichever process. Raises SweepError when the variant fails."""
    policy = registry.model(task.row.variant).policy
    try:
        return outcome(policy, task)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a variant may even leave
        raise SweepError(f"{task.row}: {in_words(error, policy)}") from error
