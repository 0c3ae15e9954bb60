"""A Dask cluster as a pool: checked before it works, and told from one that is lost.

Dask sees to workers that die: what they had is done by others. When the scheduler dies, nothing
but what has come back is left; that is for whoever keeps results to go on from.
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future
from contextlib import ExitStack, contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar

from zonediff.variants.registry import VariantError
from zonediff.work.contract import SAME, WorkerContract, differing, offered, perform
from zonediff.work.dependencies import Changed
from zonediff.work.pool import (
    ChunkResult,
    ClusterError,
    ClusterLost,
    Work,
    WorkerPool,
    block_sigint,
)

if TYPE_CHECKING:
    from distributed import Client

T = TypeVar("T")
R = TypeVar("R")

LOCAL: Final = "local"
PATIENCE: Final = 60.0
"""Seconds for which there may be no workers."""

RECOUNT: Final = 5.0
"""Seconds for which the number of workers is taken to be what it was."""

_ADDRESS: Final = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):\d{1,5}")


@contextmanager
def cluster(terms: WorkerContract, scheduler: str, jobs: int | None) -> Iterator[Cluster]:
    """The cluster of this scheduler, when its workers are what they have to be.

    scheduler: its address, such as tcp://host:8786; or `local`: one is started on this machine,
    with so many workers (None: one a CPU), and ends with this. Raises ClusterError.
    """
    if scheduler != LOCAL and _ADDRESS.fullmatch(scheduler) is None:
        raise ClusterError(
            f"--scheduler {scheduler}: expected the address of a Dask scheduler, such as "
            f"tcp://127.0.0.1:8786, or {LOCAL!r} to start one on this machine"
        )
    try:
        import dask
        import distributed
    except ImportError as error:
        raise ClusterError(
            f"--scheduler needs Dask ({error}): pip install 'zonediff[cluster]'"
        ) from None
    # What goes wrong is told once, in our words.
    for name in [*logging.root.manager.loggerDict]:
        if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    with ExitStack() as stack:
        where: Any = scheduler
        if scheduler == LOCAL:
            # Who kills workers is for us to find out (chunks.py), and Dask need not try again.
            stack.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": 0}))
            with block_sigint():
                own = distributed.LocalCluster(
                    n_workers=jobs or os.cpu_count() or 1,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL + 1,
                )
            where = stack.enter_context(own)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of other versions of what we do not depend on
                client = distributed.Client(where, set_as_default=False)
        except (OSError, ValueError, TimeoutError):
            raise ClusterError(
                f"{scheduler}: no Dask scheduler answers there within {_patience():g} s"
            ) from None
        stack.enter_context(client)
        _agree(client, scheduler, terms)
        yield Cluster(client, scheduler, terms)


def _patience() -> float:
    """Seconds in which to be answered: Dask's own setting."""
    import dask
    from dask.utils import parse_timedelta

    seconds: float = parse_timedelta(dask.config.get("distributed.comm.timeouts.connect"))
    return seconds


def _agree(client: Client, scheduler: str, terms: WorkerContract) -> None:
    """See that all workers there are can keep the terms. Raises ClusterError."""
    from distributed.comm import CommClosedError

    try:
        client.wait_for_workers(1, timeout=_patience())
    except TimeoutError:
        raise ClusterError(
            f"{scheduler}: no worker came to this scheduler within {_patience():g} s; start one "
            f"with: dask worker {scheduler}"
        ) from None
    asked = client.run(offered, terms.files, terms.packages, on_error="return")
    for worker, theirs in asked.items():
        if isinstance(theirs, CommClosedError):
            continue  # it is gone already; who comes in its place is asked with its first work
        if isinstance(theirs, Changed):
            raise ClusterError(f"worker {worker}: {theirs}")
        if isinstance(theirs, VariantError):
            raise ClusterError(f"worker {worker}: {theirs}: have there what is imported here")
        if isinstance(theirs, BaseException):
            raise ClusterError(
                f"worker {worker} cannot run zonediff ({theirs}): install it there, as it is here"
            )
        if found := differing(dict(terms.versions), theirs):
            raise ClusterError(f"worker {worker} has {found}: {SAME}")


class Cluster(WorkerPool):
    """The workers of a Dask scheduler, as many as there are at the time."""

    def __init__(self, client: Client, scheduler: str, terms: WorkerContract) -> None:
        from distributed.scheduler import KilledWorker

        self.terms = terms
        self.died = (KilledWorker,)
        self._client = client
        self._scheduler = scheduler
        self._executor: Executor = client.get_executor(pure=False)  # what failed is asked again
        self._connection = client.scheduler_comm
        self._threads = 0
        self._counted = self._seen = monotonic()
        self._count()
        with suppress(KeyError):
            self.dashboard = client.dashboard_link

    @property
    def chunks_in_flight(self) -> int:
        if monotonic() - self._counted > RECOUNT:
            self._count()
        return 2 * max(1, self._threads)

    def submit(self, work: Work[T, R], items: Sequence[T]) -> Future[ChunkResult[R]]:
        return self._executor.submit(perform, self.terms, work, items, 2 * self.chunk_seconds)

    def watch(self) -> None:
        if monotonic() - self._counted > RECOUNT:
            self._count()
        if monotonic() - self._seen > PATIENCE:
            raise ClusterLost(f"{self._scheduler}: there were no workers for {PATIENCE:g} s")

    def cancellation_error(self, error: CancelledError) -> BaseException:
        return ClusterLost(f"{self._scheduler}: the connection to the scheduler was lost")

    def stop(self) -> None:
        with suppress(Exception):  # there may be nobody to tell
            self._executor.shutdown(wait=False)
        self._executor = self._client.get_executor(pure=False)

    def _count(self) -> None:
        """See how many threads the workers have together. Raises ClusterLost."""
        self._counted = monotonic()
        # A new connection knows nothing of what the last one had under way.
        if self._client.status != "running" or self._client.scheduler_comm is not self._connection:
            raise self.cancellation_error(CancelledError())
        try:
            threads = self._client.sync(self._client.scheduler.ncores, callback_timeout=_patience())
        except (OSError, TimeoutError):
            raise self.cancellation_error(CancelledError()) from None
        self._threads = sum(threads.values())
        if self._threads:
            self._seen = self._counted
