"""Choosing who does the work: this process, processes beside it, or a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from zonediff.variants.registry import Registry
from zonediff.work.contract import WorkerContract
from zonediff.work.pool import InProcess, ProcessPool, WorkerPool


@contextmanager
def workers(
    registry: Registry,
    jobs: int | None = 1,
    scheduler: str | None = None,
    packages: tuple[str, ...] = (),
) -> Iterator[WorkerPool]:
    """Who does the work, with the variants that the registry knows.

    jobs: processes on this machine; 1 is none but this one. scheduler: a Dask cluster instead, by
    the address of its scheduler, or `local` for one that is started here with so many workers
    (None: one a CPU). packages: distributions that decide what comes out, and have to be the same
    everywhere. Raises cluster.ClusterError.
    """
    if scheduler is not None:
        # Dask takes a third of a second to import, and need not be installed.
        from zonediff.work.cluster import cluster

        with cluster(WorkerContract.here(registry.files, packages), scheduler, jobs) as dask_pool:
            yield dask_pool
    elif jobs == 1:
        yield InProcess(registry)
    else:
        pool = ProcessPool(
            WorkerContract.here(registry.files, packages), jobs or os.cpu_count() or 1
        )
        try:
            yield pool
        except BaseException:
            pool.stop()
            raise
        pool.close()
