"""A Dask cluster as a pool of workers: its workers are checked before they work.

Dask gives the work of a dead worker to other workers. When the scheduler dies, only the outcomes
that have come back are left; with a store, the same command continues from them.
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
from zonediff.work.contract import (
    REMEDY,
    ChunkResult,
    WorkerContract,
    describe_differences,
    run_chunk,
    worker_versions,
)
from zonediff.work.dependencies import ModuleChanged
from zonediff.work.pool import (
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
"""The --scheduler that starts a cluster on this machine."""

PATIENCE: Final = 60.0
"""Seconds without any worker after which the cluster counts as lost."""

RECOUNT: Final = 5.0
"""Seconds after which the threads of all workers are counted again."""

_ADDRESS: Final = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):\d{1,5}")


@contextmanager
def dask_pool(contract: WorkerContract, scheduler: str, jobs: int | None) -> Iterator[DaskPool]:
    """Connect to a scheduler whose workers fulfil the contract.

    scheduler: its address, such as tcp://host:8786; or `local`, which starts a cluster with `jobs`
    workers (None: one per CPU) on this machine and ends it afterwards. Raises ClusterError.
    """
    if scheduler != LOCAL and _ADDRESS.fullmatch(scheduler) is None:
        raise ClusterError(
            f"--scheduler {scheduler}: expected the address of a Dask scheduler, such as "
            f"tcp://127.0.0.1:8786, or {LOCAL!r} to start one on this machine"
        )
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise ClusterError(
            f"--scheduler needs Dask ({error}): pip install 'zonediff[cluster]'"
        ) from None
    _silence_loggers()
    with ExitStack() as stack:
        address = _start_local(jobs, stack) if scheduler == LOCAL else scheduler
        client = stack.enter_context(_connect(address, scheduler))
        _check_workers(client, scheduler, contract)
        yield DaskPool(client, scheduler, contract)


def _silence_loggers() -> None:
    """Silence Dask's own log: this module reports each problem once, in its own words."""
    for name in [*logging.root.manager.loggerDict]:
        if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _start_local(jobs: int | None, stack: ExitStack) -> Any:
    """Start a cluster on this machine until the stack is left."""
    import dask
    import distributed

    # map_chunks() finds the items that kill workers, so Dask need not retry them.
    stack.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": 0}))
    try:
        security = distributed.Security()  # as Dask's configuration says
        with block_sigint():
            cluster = distributed.LocalCluster(
                n_workers=jobs or os.cpu_count() or 1,
                threads_per_worker=1,
                host="127.0.0.1",
                protocol="tls://" if security.require_encryption else "tcp://",
                security=security,
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL + 1,
            )
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise ClusterError(
            f"--scheduler {LOCAL}: Dask cannot start a cluster as its configuration says: {error}"
        ) from None
    return stack.enter_context(cluster)


def _connect(address: Any, scheduler: str) -> Client:
    """Connect to a scheduler. Raises ClusterError."""
    import distributed

    if scheduler.startswith("tls:") and not _has_certificate(distributed.Security()):
        raise ClusterError(
            f"{scheduler}: Dask cannot connect as its configuration says: it names no certificate "
            "for a client (distributed.comm.tls.client)"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about versions of packages that do not matter here
            return distributed.Client(address, set_as_default=False)
    except (OSError, ValueError, TimeoutError):
        raise ClusterError(
            f"{scheduler}: no Dask scheduler answers there within {_patience():g} s"
        ) from None


def _has_certificate(security: Any) -> bool:
    return security.get_connection_args("client").get("ssl_context") is not None


def _patience() -> float:
    """Return the seconds to wait for an answer: Dask's own setting."""
    import dask
    from dask.utils import parse_timedelta

    seconds: float = parse_timedelta(dask.config.get("distributed.comm.timeouts.connect"))
    return seconds


def _check_workers(client: Client, scheduler: str, contract: WorkerContract) -> None:
    """Check that all workers fulfil the contract. Raises ClusterError."""
    from distributed.comm import CommClosedError

    try:
        client.wait_for_workers(1, timeout=_patience())
    except TimeoutError:
        raise ClusterError(
            f"{scheduler}: no worker connected to this scheduler within {_patience():g} s; start "
            f"one with: dask worker {scheduler}"
        ) from None
    answers = client.run(worker_versions, contract.files, contract.packages, on_error="return")
    for worker, answer in answers.items():
        if isinstance(answer, CommClosedError):
            continue  # it is gone; its successor is checked with its first chunk
        if isinstance(answer, ModuleChanged):
            raise ClusterError(f"worker {worker}: {answer}")
        if isinstance(answer, VariantError):
            raise ClusterError(f"worker {worker}: {answer}: install there what is imported here")
        if isinstance(answer, BaseException):
            raise ClusterError(
                f"worker {worker} cannot run zonediff ({answer}): install there the version "
                "that is installed here"
            )
        if differences := describe_differences(dict(contract.versions), answer):
            raise ClusterError(f"worker {worker} has {differences}: {REMEDY}")


class DaskPool(WorkerPool):
    """The workers of a Dask scheduler; their number may change during the work."""

    def __init__(self, client: Client, scheduler: str, contract: WorkerContract) -> None:
        from distributed.scheduler import KilledWorker

        self.contract = contract
        self.died = (KilledWorker,)
        self._client = client
        self._scheduler = scheduler
        self._executor: Executor = client.get_executor(pure=False)  # so failed work can be retried
        self._connection = client.scheduler_comm
        self._threads = 0
        self._counted = self._last_worker = monotonic()
        self._count()
        with suppress(KeyError):
            self.dashboard = client.dashboard_link

    @property
    def chunks_in_flight(self) -> int:
        if monotonic() - self._counted > RECOUNT:
            self._count()
        return 2 * max(1, self._threads)

    def submit(self, work: Work[T, R], items: Sequence[T]) -> Future[ChunkResult[R]]:
        return self._executor.submit(run_chunk, self.contract, work, items, 2 * self.chunk_seconds)

    def watch(self) -> None:
        if monotonic() - self._counted > RECOUNT:
            self._count()
        if monotonic() - self._last_worker > PATIENCE:
            raise ClusterLost(f"{self._scheduler}: there were no workers for {PATIENCE:g} s")

    def cancellation_error(self, error: CancelledError) -> BaseException:
        return ClusterLost(f"{self._scheduler}: the connection to the scheduler was lost")

    def stop(self) -> None:
        with suppress(Exception):  # the scheduler may be gone
            self._executor.shutdown(wait=False)
        self._executor = self._client.get_executor(pure=False)

    def _count(self) -> None:
        """Count the threads of all workers. Raises ClusterLost."""
        self._counted = monotonic()
        # A new connection knows nothing of the chunks that were under way on the last one.
        if self._client.status != "running" or self._client.scheduler_comm is not self._connection:
            raise self.cancellation_error(CancelledError())
        try:
            threads = self._client.sync(self._client.scheduler.ncores, callback_timeout=_patience())
        except (OSError, TimeoutError):
            raise self.cancellation_error(CancelledError()) from None
        self._threads = sum(threads.values())
        if self._threads:
            self._last_worker = self._counted
