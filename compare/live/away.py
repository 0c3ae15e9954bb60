"""Guests on the computers of a cluster, one at a time for each worker."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

from zonediff.compare.chunks import spread
from zonediff.compare.live.jobs import Job
from zonediff.compare.workers import ClusterError, Crew
from zonediff.variants.live.host import find_host
from zonediff.variants.live.image import read_image
from zonediff.variants.live.run import LiveRun, run
from zonediff.variants.registry import LIVE, Registry


def run_away(
    kernel: Path, jobs: Sequence[Job], crew: Crew, done: Callable[[int, LiveRun], None]
) -> None:
    """Do every job with the workers; done gets each job's index and what came of it.

    The image has to be at the same place, and the same, on every computer. Raises ClusterError,
    VariantError when a computer lacks something.
    """
    path = kernel.resolve()
    work = partial(_run, path, _digest(path))
    for chunk in spread(crew, work, enumerate(jobs), _killed):
        for (index, _), outcome in chunk:
            done(index, outcome)


def _run(kernel: Path, digest: str, registry: Registry, item: tuple[int, Job]) -> LiveRun:
    _, job = item
    image, host = read_image(kernel), find_host()
    if _digest(kernel) != digest:
        raise ClusterError(f"a worker has another kernel at {kernel}: put the same one there")
    rig = replace(job.rig, host=host, image=image)
    return asyncio.run(run(f"{LIVE}{kernel}", rig, job.script))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _killed(item: tuple[int, Job]) -> NoReturn:
    raise ClusterError(f"{item[1].id}: the worker process dies of it")
