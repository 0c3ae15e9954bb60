"""The simulated world: a clock, a running kernel, its hotplug lock, and listeners to its events.

Each activity is a SimPy process. Times are whole microseconds. Events at the same time happen in
the order in which they were scheduled, so a seed gives exactly one run.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from typing import Any, Final

import simpy

from zonediff.compare.simulate.chance import Chance
from zonediff.engine.actors import MS, Delay
from zonediff.engine.run import Runner
from zonediff.engine.steps import Allocate, Step, Write
from zonediff.engine.trace import Act
from zonediff.engine.units import SECTION, Bytes

Work = Generator[simpy.Event, Any, None]
"""The work of an actor: yields the events that it waits for."""

ADD_SECTION: Final = 5 * MS
"""Time under the hotplug lock to add a section of 128 MiB: clear its memmap, make its block.
Assumed; the recordings only bound it (docs/pressure.md)."""

ONLINE_BLOCK: Final = 1 * MS
"""Time under the hotplug lock to online a block. Assumed."""

RETRY: Final = 5 * MS
"""The time that a write to sysfs sleeps before it tries the lock again
(lock_device_hotplug_sysfs)."""


class Over(Exception):
    """Control flow: the kernel died, and nothing happens any more."""


class Killed(Exception):
    """Control flow: the OOM killer took the process that is working."""


class World:
    """The state that all actors share.

    acts: the acts of all actors, in order. onlined: triggers when the next block goes online.
    """

    def __init__(self, runner: Runner, chance: Chance) -> None:
        self.runner = runner
        self.chance = chance
        self.clock = simpy.Environment()
        self.onlined = self.clock.event()
        self.acts: list[Act] = []
        self._lock = simpy.Resource(self.clock)
        self._listeners: list[simpy.Store] = []
        self._living: dict[str, list[simpy.Process]] = {}
        self._unhandled: dict[int, None] = {}

    def run(self, duration: int) -> None:
        """Let `duration` microseconds pass. Raises Over when the kernel dies."""
        self._deliver()
        self.clock.run(until=duration)
        if self._listeners:
            self.runner.pending[:] = self._unhandled

    def start(self, work: Work) -> None:
        """Start work that only the kernel's death ends: of a host or a driver."""
        self.clock.process(work)

    def start_process(self, name: str, memory: int, oom_score_adj: int, *works: Work) -> None:
        """Start a process of this many bytes, unless it exists, and its work.

        When the OOM killer takes the process, its work ends. Raises Over.
        """
        if name not in self.runner.guest.kernel.processes:
            self.act(name, Allocate(name, Bytes(memory), oom_score_adj))
        if name in self.runner.guest.kernel.processes:
            self._living[name] = [self.clock.process(_until_killed(work)) for work in works]

    def listen(self) -> simpy.Store:
        """A queue that gets the blocks of all `add` events from now on, in the kernel's order."""
        self._listeners.append(simpy.Store(self.clock))
        return self._listeners[-1]

    def handled(self, block: int) -> None:
        """Mark the `add` event of a block as handled."""
        self._unhandled.pop(block, None)

    def until(self, time: int) -> simpy.Event:
        """The time this many microseconds after the start, or now if it has passed."""
        return self.clock.timeout(max(0, time - int(self.clock.now)))

    def wait(self, time: int) -> simpy.Event:
        """Wait for this many microseconds."""
        return self.clock.timeout(time)

    def delay(self, actor: str, delay: Delay) -> simpy.Event:
        """Wait for a random draw of the delay."""
        return self.clock.timeout(self.chance.delay(actor, delay))

    def act(self, actor: str, do: Step) -> Act:
        """Do a primitive step now.

        Raises Over when the kernel dies, Killed when the acting process is killed.
        """
        act = self.runner.act(do, int(self.clock.now), actor)
        self.acts.append(act)
        if self.runner.end != "ran":
            raise Over
        if any(event.startswith("online memory") for event in act.uevents):
            self.onlined.succeed()
            self.onlined = self.clock.event()
        self._deliver()
        self._end([work for name in act.killed for work in self._living.pop(name, ())])
        return act

    def add(self, actor: str, do: Step, size: int) -> Generator[simpy.Event, Any, Act]:
        """Add memory (bytes) under the lock; its `add` events are sent at once.

        Drivers wait for the lock in turn (lock_device_hotplug).
        """
        with self._lock.request() as held:
            yield held
            act = self.act(actor, do)
            yield self.wait(-(-size // SECTION) * ADD_SECTION)
        return act

    def write(self, actor: str, do: Write) -> Work:
        """Write to a block's file: try the lock; while it is taken, sleep and try again."""
        while self._lock.count:
            yield self.wait(RETRY)
        with self._lock.request() as held:
            yield held
            if self.act(actor, do).result is None:
                yield self.wait(ONLINE_BLOCK)

    def _deliver(self) -> None:
        """Give new `add` events to all listeners; without listeners they stay pending."""
        if self._listeners:
            for block in self.runner.pending:
                self._unhandled[block] = None
                for queue in self._listeners:
                    queue.put(block)
            self.runner.pending.clear()

    def _end(self, works: Sequence[simpy.Process]) -> None:
        """End the work of killed processes. Raises Killed if the active one is among them."""
        for work in works:
            if work.is_alive and work is not self.clock.active_process:
                work.interrupt()
        if self.clock.active_process in works:
            raise Killed


def _until_killed(work: Work) -> Work:
    with suppress(simpy.Interrupt, Killed):
        yield from work
