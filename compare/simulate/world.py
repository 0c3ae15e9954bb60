"""The simulated world: a clock, a running kernel, its hotplug lock, and who listens to its events.

One SimPy process for each thing that is under way. Times are whole microseconds, and what happens
at the same time happens in the order in which it was asked for, so a seed gives one run only.
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
"""What someone does: yields what it waits for."""

ADD_SECTION: Final = 5 * MS
"""Time that the hotplug lock is held to add a section of 128 MiB: its memmap is cleared, its block
made. Assumed; the recordings only bound it (docs/pressure.md)."""

ONLINE_BLOCK: Final = 1 * MS
"""Time that it is held to online a block. Assumed."""

RETRY: Final = 5 * MS
"""How long a write to sysfs sleeps before it tries the lock again (lock_device_hotplug_sysfs)."""


class Over(Exception):
    """Control flow: the kernel died, and nothing happens any more."""


class Killed(Exception):
    """Control flow: the OOM killer took the process whose work this is."""


class World:
    """What all actors share.

    acts: what they did, in order. onlined: the event that some block goes online next.
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
        """Let so many microseconds pass. Raises Over when the kernel dies."""
        self._deliver()
        self.clock.run(until=duration)
        if self._listeners:
            self.runner.pending[:] = self._unhandled

    # --- who is there

    def start(self, work: Work) -> None:
        """Begin work that only the kernel's death ends: a host's, a driver's."""
        self.clock.process(work)

    def start_process(self, name: str, memory: int, oom_score_adj: int, *works: Work) -> None:
        """Start a process with so many bytes, unless it is there, and its work.

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
        """Say that the `add` event of a block has been seen to."""
        self._unhandled.pop(block, None)

    # --- what takes time

    def until(self, time: int) -> simpy.Event:
        """The moment so many microseconds after the beginning, or now if that has passed."""
        return self.clock.timeout(max(0, time - int(self.clock.now)))

    def wait(self, time: int) -> simpy.Event:
        """So many microseconds."""
        return self.clock.timeout(time)

    def delay(self, who: str, delay: Delay) -> simpy.Event:
        """As long as the delay takes this time."""
        return self.clock.timeout(self.chance.delay(who, delay))

    # --- what is done

    def act(self, who: str, do: Step) -> Act:
        """Do a primitive step now.

        Raises Over when the kernel dies of it, Killed when the process that does it is killed.
        """
        act = self.runner.act(do, int(self.clock.now), who)
        self.acts.append(act)
        if self.runner.end != "ran":
            raise Over
        if any(event.startswith("online memory") for event in act.uevents):
            self.onlined.succeed()
            self.onlined = self.clock.event()
        self._deliver()
        self._end([work for name in act.killed for work in self._living.pop(name, ())])
        return act

    def add(self, who: str, do: Step, size: int) -> Generator[simpy.Event, Any, Act]:
        """Add memory (bytes) under the lock; its `add` events come out at once.

        Drivers wait for the lock in turn (lock_device_hotplug).
        """
        with self._lock.request() as held:
            yield held
            act = self.act(who, do)
            yield self.wait(-(-size // SECTION) * ADD_SECTION)
        return act

    def write(self, who: str, do: Write) -> Work:
        """Write to a block's file: try the lock, and when it is taken sleep and try again."""
        while self._lock.count:
            yield self.wait(RETRY)
        with self._lock.request() as held:
            yield held
            if self.act(who, do).result is None:
                yield self.wait(ONLINE_BLOCK)

    def _deliver(self) -> None:
        """Hand new `add` events to all who listen; without any they stay where they are."""
        if self._listeners:
            for block in self.runner.pending:
                self._unhandled[block] = None
                for queue in self._listeners:
                    queue.put(block)
            self.runner.pending.clear()

    def _end(self, works: Sequence[simpy.Process]) -> None:
        """End the work of killed processes. Raises Killed when it is what goes on just now."""
        for work in works:
            if work.is_alive and work is not self.clock.active_process:
                work.interrupt()
        if self.clock.active_process in works:
            raise Killed


def _until_killed(work: Work) -> Work:
    with suppress(simpy.Interrupt, Killed):
        yield from work
