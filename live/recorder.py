"""Recording kernels: guests of this computer, or one at a time for each worker of a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from zonediff.live.host import find_host
from zonediff.live.image import read_image
from zonediff.live.jobs import Job
from zonediff.live.record import Record, record
from zonediff.live.run import run
from zonediff.variants.registry import LIVE, Registry
from zonediff.work.fingerprint import fingerprint
from zonediff.work.json_outcomes import JsonOutcomes
from zonediff.work.outcome_table import map_stored
from zonediff.work.pool import ClusterError, WorkerPool
from zonediff.work.store import Store

Numbered = tuple[int, Job]


class Records(JsonOutcomes[Numbered, Record]):
    """What is recorded of a kernel, in a store."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._code = fingerprint()

    def needs(self, item: Numbered) -> Sequence[object]:
        _, job = item
        return [self._code, job.rig.made_of, job.id, job.source]

    def what(self, item: Numbered) -> str:
        _, job = item
        return f"recording of {job.id} on {job.rig.image.path}"

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
    pool: WorkerPool,
    done: Callable[[int, Record], None],
    table: Records | None = None,
) -> None:
    """Do every job with the workers; done gets each job's number and what came of it.

    The image has to be at the same place on every computer, and QEMU and busybox have to be the
    same. Raises ClusterError, KeepError, VariantError when a computer lacks something.
    """
    work = partial(_record, kernel.resolve())
    for chunk in map_stored(pool, work, enumerate(jobs), _killed, table):
        for (number, _), outcome in chunk:
            done(number, outcome)


def _record(kernel: Path, registry: Registry, item: Numbered) -> Record:
    _, job = item
    rig = replace(job.rig, host=find_host(), image=read_image(kernel))
    if rig.made_of != job.rig.made_of:
        raise ClusterError(
            f"a worker has {rig.made_of} instead of {job.rig.made_of}: make them the same"
        )
    return asyncio.run(record_here(kernel, replace(job, rig=rig)))


def _killed(item: Numbered) -> NoReturn:
    raise ClusterError(f"{item[1].id}: the worker process dies of it")
