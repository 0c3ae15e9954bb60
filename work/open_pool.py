"""Choosing the pool of workers: this process, other processes, or a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from zonediff.variants.registry import Registry
from zonediff.work.contract import WorkerContract
from zonediff.work.pool import InProcess, ProcessPool, WorkerPool


@contextmanager
def open_pool(
    registry: Registry,
    jobs: int | None = 1,
    scheduler: str | None = None,
    packages: tuple[str, ...] = (),
) -> Iterator[WorkerPool]:
    """Open a pool of workers that have the variants of the registry.

    jobs: the number of processes on this machine; 1 uses only this process; None one per CPU.
    scheduler: the address of a Dask scheduler, whose workers are used instead; or `local`, which
    starts a cluster with `jobs` workers on this machine. packages: distributions that decide
    outcomes, so that workers must have the same versions. Raises pool.ClusterError.
    """
    if scheduler is None and jobs == 1:
        yield InProcess(registry)
        return
    contract = WorkerContract.of_this_process(registry.files, packages)
    if scheduler is not None:
        # Dask takes a third of a second to import, and need not be installed.
        from zonediff.work.dask_pool import dask_pool

        with dask_pool(contract, scheduler, jobs) as cluster:
            yield cluster
        return
    processes = ProcessPool(contract, jobs or os.cpu_count() or 1)
    try:
        yield processes
    except BaseException:
        processes.stop()
        raise
    processes.close()
