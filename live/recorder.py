"""Recording kernels: in guests on this computer, or with the workers of a cluster."""

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
from zonediff.live.recording import Record, to_record
from zonediff.live.run import run
from zonediff.variants.registry import LIVE, Registry
from zonediff.work.fingerprint import fingerprint
from zonediff.work.json_outcomes import JsonOutcomes
from zonediff.work.outcome_table import map_stored
from zonediff.work.pool import ClusterError, WorkerPool
from zonediff.work.store import Store

NumberedJob = tuple[int, Job]


class Records(JsonOutcomes[NumberedJob, Record]):
    """Records of a kernel in a store."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._code = fingerprint()

    def depends_on(self, item: NumberedJob) -> Sequence[object]:
        _, job = item
        return [self._code, job.spec.made_of, job.id, job.source]

    def describe(self, item: NumberedJob) -> str:
        _, job = item
        return f"recording of {job.id} on {job.spec.image.path}"

    def dump(self, outcome: Record) -> Any:
        return outcome

    def load(self, item: NumberedJob, body: Any) -> Record:
        return Record(*body)


async def record_locally(kernel: Path, job: Job) -> Record:
    """Do a job on this computer. Raises vm.QemuFailed."""
    return to_record(await run(f"{LIVE}{kernel}", job.spec, job.script, fresh=True))


def record_with_pool(
    kernel: Path,
    jobs: Sequence[Job],
    pool: WorkerPool,
    done: Callable[[int, Record], None],
    table: Records | None = None,
) -> None:
    """Do all jobs with the workers of a pool; call done(number, record) after each job.

    Every computer needs the image at the same path, and the same QEMU and busybox. Raises
    ClusterError, StoreError, and VariantError when a computer lacks something.
    """
    work = partial(_record, kernel.resolve())
    for chunk in map_stored(pool, work, enumerate(jobs), _killed, table):
        for (number, _), outcome in chunk:
            done(number, outcome)


def _record(kernel: Path, registry: Registry, item: NumberedJob) -> Record:
    _, job = item
    spec = replace(job.spec, host=find_host(), image=read_image(kernel))
    if spec.made_of != job.spec.made_of:
        raise ClusterError(
            f"a worker has {spec.made_of} instead of {job.spec.made_of}: install the same on both"
        )
    return asyncio.run(record_locally(kernel, replace(job, spec=spec)))


def _killed(item: NumberedJob) -> NoReturn:
    raise ClusterError(f"{item[1].id}: it kills its worker process")
