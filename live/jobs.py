"""Jobs for real kernels: scenarios or random steps, run side by side within limits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from zonediff.corpus.scenario import Scenario
from zonediff.live.guest_spec import GuestSpec, Script, fixed_script
from zonediff.live.host import Host
from zonediff.live.image import Image
from zonediff.live.limiter import GuestLimiter
from zonediff.live.memory_devices import obstacles
from zonediff.live.random_steps import AS_BUILT, MACHINE_KINDS, PROBE, WINDOW, random_script
from zonediff.live.subject import own_parameters, spec_for
from zonediff.variants.subject import NotOnThisMachine
from zonediff.work.chunks import ItemSource

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job:
    """A guest to boot and the script to run in it.

    source: identifies the origin of machine and script: a scenario's hash, or words.
    """

    id: str
    spec: GuestSpec
    script: Script
    source: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A scenario that no guest on this computer can run, and why."""

    id: str
    why: str


def scenario_jobs(
    scenarios: Iterable[Scenario], host: Host, image: Image
) -> tuple[list[Job], list[Skipped]]:
    """Return a job for each scenario that a guest can run, and the other scenarios."""
    jobs, skipped = [], []
    for scenario in scenarios:
        steps = [step.do for step in scenario.steps]
        try:
            spec = spec_for(host, image, scenario.machine, steps)
        except NotOnThisMachine as obstacle:
            skipped.append(Skipped(scenario.id, str(obstacle)))
        else:
            jobs.append(Job(scenario.id, spec, fixed_script(steps), scenario.hash))
    return jobs, skipped


def random_jobs(
    number: int, length: int, seed: int, kinds: Sequence[str], host: Host, image: Image
) -> Iterator[Job]:
    """Yield `number` jobs of `length` random steps, on these kinds of machines (none: all).

    The same seed gives the same machines and, on a kernel that behaves the same, the same steps.
    Raises NotOnThisMachine when the kernel lacks a driver of a kind's memory devices.
    """
    kinds = kinds or [kind for kind in MACHINE_KINDS if _tests_something(kind, image)]
    for index in range(number):
        kind = kinds[index % len(kinds)]
        id = f"{kind}-{seed}-{index}"
        machine, script = random_script(kind, Random(id), length)
        parameters = "" if kind == AS_BUILT else own_parameters(image, machine.config)
        for obstacle in obstacles(machine, image):
            raise NotOnThisMachine(f"machines of the kind {kind}: {obstacle}")
        spec = GuestSpec(host, image, machine, WINDOW, parameters)
        yield Job(id, spec, script, f"{length} random steps")


def _tests_something(kind: str, image: Image) -> bool:
    """Whether a kind of machine is of use on a kernel; not without probe file, or drivers."""
    if kind == PROBE:
        return image.option("ARCH_MEMORY_PROBE") is not False
    return not any(obstacles(MACHINE_KINDS[kind](Random(kind)), image))


async def run_jobs(
    jobs: ItemSource[tuple[int, Job]],
    limiter: GuestLimiter,
    work: Callable[[Job], Awaitable[T]],
    done: Callable[[int, T], None],
) -> None:
    """Do the work of all jobs, as the limiter allows; call done(number, outcome) after each job.

    Raises the first failure, after all guests have ended.
    """

    async def take_jobs() -> None:
        while taken := jobs.take(1):
            ((number, job),) = taken
            async with limiter.slot(job.spec.need):
                done(number, await work(job))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(limiter.max_guests):
                group.create_task(take_jobs())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
