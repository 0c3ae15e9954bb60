"""The actors: the acts of each, their order, and the events that it waits for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import simpy

from zonediff.compare.simulate.world import Work, World
from zonediff.engine import userspace
from zonediff.engine.actors import (
    MS,
    Additions,
    OnliningDaemon,
    ProbeWriter,
    UdevRule,
    Workload,
)
from zonediff.engine.devices import Source
from zonediff.engine.observation import Observation
from zonediff.engine.run import Runner
from zonediff.engine.steps import Allocate, Daemon, Elapse, HypervAdd, Plug, Probe, Write, XenAdd
from zonediff.engine.units import KIB, SECTION, Bytes

ONLINE_TIMEOUT: Final = 5_000 * MS
"""The time that hv_balloon waits for a block to go online before it adds the next
(hv_mem_hot_add)."""


def start(world: World, step: Elapse) -> None:
    """Start all actors of a step, processes first. Raises Over when the kernel dies."""
    if step.udev:
        udev(world, step.udev)
    if step.daemon:
        daemon(world, step.daemon)
    if step.workload:
        workload(world, step.workload)
    if step.acpi:
        world.start(_acpi(world, step.acpi))
    if step.hyperv:
        world.start(_hyperv(world, step.hyperv))
    if step.xen:
        world.start(_xen(world, step.xen))
    if step.probe:
        world.start(_probe(world, step.probe))


# --- adding memory --------------------------------------------------------------------------------


def _acpi(world: World, host: Additions) -> Work:
    """DIMMs that the host announces; the kernel works on one after the other (kacpi_hotplug)."""
    for number in range(host.count):
        yield world.until(host.start + number * host.every)
        dimm = Plug(f"{host.id}{number + 1}", host.size, host.node)
        yield from world.add("acpi", dimm, host.size)


def _hyperv(world: World, host: Additions) -> Work:
    """Requests that hv_balloon works off in chunks (hv_mem_hot_add, drivers/hv/hv_balloon.c).

    Unless the kernel onlines added memory, the driver waits for any block to go online before it
    adds the next chunk, but no longer than five seconds. A chunk in a place that is taken ends
    hot-adding for good.
    """
    kernel, chunks = world.runner.guest.kernel, 0
    for number in range(host.count):
        yield world.until(host.start + number * host.every)
        for _ in range(0, host.size, SECTION):
            chunks += 1
            online = world.onlined
            chunk = HypervAdd(f"{host.id}{chunks}", Bytes(SECTION), host.node)
            act = yield from world.add("hyperv", chunk, SECTION)
            if act.result is not None:
                return
            if kernel.policy.kernel_onlines(kernel, Source.HYPERV).value is None:
                yield online | world.wait(ONLINE_TIMEOUT)


def _xen(world: World, host: Additions) -> Work:
    """Targets that the host raises; the balloon adds the missing memory (drivers/xen/balloon.c).

    Added memory counts, onlined or not. When the target is reached, the balloon idles until the
    next target (reserve_additional_memory).
    """
    target = added = 0
    for number in range(host.count):
        yield world.until(host.start + number * host.every)
        target += host.size
        credit = target - added
        if credit > 0:
            growth = XenAdd(f"{host.id}{number + 1}", Bytes(credit), host.node)
            act = yield from world.add("xen", growth, credit)
            if act.result is None:
                added += -(-credit // SECTION) * SECTION


def _probe(world: World, writer: ProbeWriter) -> Work:
    """A loop of writes to `probe`, one block each."""
    guest = world.runner.guest
    for number in range(writer.count):
        yield world.until(writer.start + number * writer.every)
        address = guest.machine.hotplug_base + number * guest.block_size
        yield from world.add("probe", Probe(Bytes(address)), guest.block_size)


# --- onlining it ----------------------------------------------------------------------------------


def udev(world: World, rule: UdevRule) -> None:
    """Start udev; each worker takes the next event when it has handled the last one."""
    events = world.listen()
    works = [_worker(world, rule, events) for _ in range(rule.workers)]
    world.start_process("udev", rule.memory, rule.oom_score_adj, *works)


def _worker(world: World, rule: UdevRule, events: simpy.Store) -> Work:
    while True:
        block = yield events.get()
        yield world.delay("udev", rule.latency)
        if rule.when is None or userspace.holds(rule.when, block, world.runner):
            yield from world.write("udev", Write(f"memory{block}/state", rule.value))
        world.handled(block)


def daemon(world: World, helper: OnliningDaemon) -> None:
    """Start the onlining daemon."""
    works = _daemon(world, helper, world.listen())
    world.start_process("daemon", helper.memory, helper.oom_score_adj, works)


def _daemon(world: World, helper: OnliningDaemon, events: simpy.Store) -> Work:
    while True:
        blocks = [(yield events.get())]
        while True:
            more = events.get()
            yield more | world.wait(helper.settle)
            if not more.triggered:
                more.cancel()
                break
            blocks.append(more.value)
        for do in _in_order(helper, blocks, world.runner):
            yield world.delay("daemon", helper.latency)
            yield from world.write("daemon", do)
        for block in blocks:
            world.handled(block)


def _in_order(helper: OnliningDaemon, blocks: list[int], runner: Runner) -> Iterator[Write]:
    """Yield the daemon's writes for these blocks; do each before asking for the next."""
    view = _Part(runner, blocks[:])
    for do in userspace.acts(Daemon(helper.value), view):
        assert isinstance(do, Write)
        yield do


class _Part:
    """The view of a daemon that knows only some blocks (userspace.View)."""

    def __init__(self, runner: Runner, pending: list[int]) -> None:
        self.runner = runner
        self.pending = pending

    def blocks(self, selection: str) -> list[int]:
        return self.runner.blocks(selection)

    def look(self) -> Observation:
        return self.runner.look()


# --- using it -------------------------------------------------------------------------------------


def workload(world: World, load: Workload) -> None:
    """Start a process that grows."""
    world.start_process(load.process, load.takes, load.oom_score_adj, _grow(world, load))


def _grow(world: World, load: Workload) -> Work:
    processes = world.runner.guest.kernel.processes
    while (left := load.most - processes[load.process].rss_kib * KIB) > 0:
        yield world.delay(load.process, load.every)
        more = Bytes(min(load.takes, left))
        world.act(load.process, Allocate(load.process, more, load.oom_score_adj))
