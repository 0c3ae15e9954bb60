"""The work of a sweep: run the points of a row."""

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
"""Address bits of the machines: enough for every size of a sweep."""

_RULES: Final[dict[Onliner, OnlineValue]] = {"udev": "online", "udev-movable": "online_movable"}


class SweepError(ZonediffError):
    """A sweep cannot continue; the message says why."""


@dataclass(frozen=True, slots=True)
class Point:
    """The outcome of an addition.

    died_at: the piece that the kernel did not survive, from 1; None when it survived all.
    least_kib: the least memory that was free in kernel zones, in KiB; for a death, before it.
    """

    added: Bytes
    died_at: int | None
    least_kib: int

    @property
    def left_kib(self) -> int | None:
        """The least memory left, in KiB; None when the kernel died."""
        return None if self.died_at else self.least_kib


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcomes of a row's points: of all, or of those that were run.

    free_kib: free in kernel zones before anything is added.
    """

    free_kib: int
    points: tuple[Point, ...]

    def states(self, row: Row) -> dict[int, State]:
        """The states of the points that were run, by their index in the row."""
        index_of = {size: index for index, size in enumerate(row.added)}
        return {index_of[p.added]: state(self.free_kib, p.left_kib) for p in self.points}


@dataclass(frozen=True, slots=True)
class Task:
    """A row to do. known: points of it that were run before. whole: run all, infer none."""

    row: Row
    known: tuple[Point, ...] = ()
    whole: bool = True

    def left(self, outcome: Outcome) -> list[Bytes]:
        """The sizes to run next, after this outcome."""
        row, states = self.row, outcome.states(self.row)
        if self.whole or row.in_one_go:
            return [size for index, size in enumerate(row.added) if index not in states]
        required = [index for index, size in enumerate(row.added) if (row.base, size) == EXAMPLE]
        return [row.added[index] for index in to_run(states, len(row.added), required)]


def outcome(policy: Policy, task: Task) -> Outcome:
    """Add to the machine of a row the sizes that the task needs."""
    row = task.row
    platform: Final = "hyperv" if row.path == "hyperv" else "kvm"
    machine = Machine(nodes=(row.base,), platform=platform, physical_bits=PHYSICAL_BITS)
    guest = Guest(machine, policy)
    guest.power_on()
    if row.onliner == "kernel":
        guest.do(Write("auto_online_blocks", "online"))
    result = Outcome(guest.kernel.free_kib, task.known)
    add = _in_pieces if row.in_one_go else _as_one
    while sizes := task.left(result):
        points = (*result.points, *add(guest, row, sizes))
        result = Outcome(result.free_kib, tuple(sorted(points, key=lambda point: point.added)))
    return result


def _as_one(guest: Guest, row: Row, sizes: Sequence[Bytes]) -> Iterator[Point]:
    """Add each size as one DIMM, to a machine of its own."""
    for size in sizes:
        addition = _Addition(guest.copy(), row.onliner)
        addition.piece(Plug("dimm", size))
        yield addition.point(size)


def _in_pieces(guest: Guest, row: Row, sizes: Sequence[Bytes]) -> Iterator[Point]:
    """Add piece by piece: one machine passes through all sizes."""
    add = HypervAdd if row.path == "hyperv" else Plug
    addition = _Addition(guest, row.onliner)
    for size in sizes:
        while addition.pieces * SECTION < size and not addition.died:
            addition.piece(add(f"piece{addition.pieces}", Bytes(SECTION)))
        yield addition.point(size)


class _Addition:
    """Adds memory to a guest piece by piece, and onlines it, until the kernel dies."""

    def __init__(self, guest: Guest, onliner: Onliner) -> None:
        self.runner = Runner(guest)
        self.rule = _RULES.get(onliner)
        self.pieces = 0
        self.died = False
        self.least_kib = guest.kernel.free_kib

    def piece(self, step: Step) -> None:
        """Add a piece, and run the udev rule over its events."""
        self.pieces += 1
        try:
            self._do(step)
            if self.rule is not None:
                for write in userspace.acts(Udev(self.rule), self.runner):
                    self._do(write)
        except KernelDied:
            self.died = True

    def point(self, size: Bytes) -> Point:
        """The outcome so far, as the point of this size."""
        return Point(size, self.pieces if self.died else None, self.least_kib)

    def _do(self, step: Step) -> None:
        """Do a step without an observation or reasons in words, which would take far longer."""
        guest = self.runner.guest
        guest.do(step)
        for why in guest.kernel.because:
            if why.rule is MEMMAP_COST:
                self.least_kib = min(self.least_kib, int(why.numbers["left"]))
        guest.kernel.because.clear()
        guest.kernel.uevents.clear()


def work(registry: Registry, task: Task) -> Outcome:
    """The outcome of a row, in any process. Raises SweepError when the variant fails."""
    policy = registry.model(task.row.variant).policy
    try:
        return outcome(policy, task)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a variant may even call sys.exit()
        raise SweepError(f"{task.row}: {in_words(error, policy)}") from error
