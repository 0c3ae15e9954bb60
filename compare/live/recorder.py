"""Recording kernels: guests of this computer, or one at a time for each worker of a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from zonediff.compare.kept.code import fingerprint, image_digest
from zonediff.compare.kept.outcomes import Outcomes
from zonediff.compare.kept.shelf import keep
from zonediff.compare.kept.store import Store
from zonediff.compare.live.jobs import Job
from zonediff.compare.live.record import Record, record
from zonediff.compare.workers import ClusterError, Crew
from zonediff.variants.live.host import find_host
from zonediff.variants.live.image import read_image
from zonediff.variants.live.run import run
from zonediff.variants.registry import LIVE, Registry

Numbered = tuple[int, Job]


class Records(Outcomes[Numbered, Record]):
    """What is recorded of a kernel, in a store."""

    def __init__(self, store: Store, kernel: Path) -> None:
        super().__init__(store)
        self._code = [fingerprint(), image_digest(kernel)]
        self._kernel = kernel

    def needs(self, item: Numbered) -> Sequence[object]:
        _, job = item
        return [*self._code, job.id, job.source]

    def what(self, item: Numbered) -> str:
        return f"recording of {item[1].id} on {self._kernel}"

    def dump(self, outcome: Record) -> Any:
        return outcome

    def load(self, item: Numbered, body: Any) -> Record:
        return Record(*body)


async def record_here(kernel: Path, job: Job) -> Record:
    """Do a job on this computer. Raises vm.QemuFailed."""
    return record(await run(f"{LIVE}{kernel}", job.rig, job.script))


def record_away(
    kernel: Path,
    jobs: Sequence[Job],
    crew: Crew,
    done: Callable[[int, Record], None],
    shelf: Records | None = None,
) -> None:
    """Do every job with the workers; done gets each job's number and what came of it.

    The image has to be at the same place, and the same, on every computer. Raises ClusterError,
    KeepError, VariantError when a computer lacks something.
    """
    path = kernel.resolve()
    work = partial(_record, path, image_digest(path))
    for chunk in keep(crew, work, enumerate(jobs), _killed, shelf):
        for (number, _), outcome in chunk:
            done(number, outcome)


def _record(kernel: Path, digest: str, registry: Registry, item: Numbered) -> Record:
    _, job = item
    image, host = read_image(kernel), find_host()
    if image_digest(kernel) != digest:
        raise ClusterError(f"a worker has another kernel at {kernel}: put the same one there")
    rig = replace(job.rig, host=host, image=image)
    return asyncio.run(record_here(kernel, replace(job, rig=rig)))


def _killed(item: Numbered) -> NoReturn:
    raise ClusterError(f"{item[1].id}: the worker process dies of it")
