"""What to do on real kernels: scenarios, or random steps; side by side as far as there is room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from zonediff.corpus.scenario import Scenario
from zonediff.live.draw import KINDS, WINDOW, draw
from zonediff.live.fleet import Fleet
from zonediff.live.host import Host
from zonediff.live.image import Image
from zonediff.live.rig import Rig, Script, fixed
from zonediff.live.subject import rig_for
from zonediff.variants.subject import NotOnThisMachine
from zonediff.work.chunks import Supply

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job:
    """A machine to boot, and what to do with it then.

    source: what machine and script were made from, in words or as a hash; the same, the same.
    """

    id: str
    rig: Rig
    script: Script
    source: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A scenario that cannot be run on a real kernel here, and why."""

    id: str
    why: str


def of_scenarios(
    scenarios: Iterable[Scenario], host: Host, image: Image
) -> tuple[list[Job], list[Skipped]]:
    """A job for each scenario that a guest can run, and the others."""
    jobs, skipped = [], []
    for scenario in scenarios:
        steps = [step.do for step in scenario.steps]
        try:
            rig = rig_for(host, image, scenario.machine, steps)
        except NotOnThisMachine as obstacle:
            skipped.append(Skipped(scenario.id, str(obstacle)))
        else:
            jobs.append(Job(scenario.id, rig, fixed(steps), scenario.hash))
    return jobs, skipped


def of_random_steps(
    number: int, length: int, seed: int, kinds: Sequence[str], host: Host, image: Image
) -> Iterator[Job]:
    """So many jobs of random steps, on machines of these kinds in turn (none: of all kinds).

    The same seed gives the same machines and, on a kernel that behaves the same, the same steps.
    """
    kinds = kinds or tuple(KINDS)
    for index in range(number):
        kind = kinds[index % len(kinds)]
        id = f"{kind}-{seed}-{index}"
        machine, script = draw(kind, Random(id), length)
        yield Job(id, Rig(host, image, machine, WINDOW), script, f"{length} random steps")


async def side_by_side(
    jobs: Supply[tuple[int, Job]],
    fleet: Fleet,
    work: Callable[[Job], Awaitable[T]],
    done: Callable[[int, T], None],
) -> None:
    """Do the work of every job as there is room; done gets each job's number and what came of it.

    Raises the first failure, when all guests are gone.
    """

    async def one_after_the_other() -> None:
        while taken := jobs.take(1):
            ((number, job),) = taken
            async with fleet.room(job.rig.need):
                done(number, await work(job))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(fleet.chunks_in_flight):
                group.create_task(one_after_the_other())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
