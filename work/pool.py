"""Pools of workers: this process, or other processes on this machine. dask_pool.py has a third.

All pools have one interface and return futures of concurrent.futures. They differ only in the
number of workers and in how the death of a worker shows. `chunks.map_chunks` gives them work.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cached_property
from multiprocessing import resource_tracker
from types import ModuleType
from typing import Final, TypeVar

from zonediff.engine.errors import ZonediffError
from zonediff.variants.registry import Registry
from zonediff.work.contract import ChunkResult, WorkerContract, run_chunk, run_items

T = TypeVar("T")
R = TypeVar("R")

CHUNK_SECONDS: Final = 1.0
"""Seconds that a chunk should take: far more than sending it costs, and few enough to lose."""

Work = Callable[[Registry, T], R]
"""Does one item. It is pickled, so it is a function of a module, or a partial() of one."""

Progress = Callable[[int, int], None]
"""Called now and then with the number of items done and the number of all items."""


class ClusterError(ZonediffError):
    """A cluster cannot be used; the message says why and what would be right."""


class ClusterLost(ClusterError):
    """The connection to a cluster, or its last worker, was lost during the work."""


class WorkerPool(ABC):
    """An executor, and what map_chunks() needs to know to keep it busy.

    died: the exceptions of a future whose worker died. chunk_seconds: seconds that a chunk should
    take; 0 means one item at a time. watch_after: call watch() when no chunk has ended for so many
    seconds. dashboard: the address of a page that shows the work, if there is one.
    """

    died: tuple[type[BaseException], ...] = (BrokenProcessPool,)
    chunk_seconds: float = CHUNK_SECONDS
    watch_after: float = 1.0
    dashboard: str | None = None

    @property
    @abstractmethod
    def chunks_in_flight(self) -> int:
        """The number of chunks that must be under way so that no worker is idle."""

    @abstractmethod
    def submit(self, work: Work[T, R], items: Sequence[T]) -> Future[ChunkResult[R]]:
        """Do the first items of a chunk: at least one, and as many as there is time for."""

    @abstractmethod
    def stop(self) -> None:
        """Cancel all chunks under way."""

    def watch(self) -> None:  # noqa: B027 (most have nothing to watch)
        """Check the workers while no chunk ends. Raises ClusterLost when none is left."""

    def cancellation_error(self, error: CancelledError) -> BaseException:
        """Return the exception to raise when the executor itself cancelled a chunk."""
        return error


class InProcess(WorkerPool):
    """This process: submit() does the work before it returns."""

    chunk_seconds = 0.0
    chunks_in_flight = 1

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def submit(self, work: Work[T, R], items: Sequence[T]) -> Future[ChunkResult[R]]:
        future: Future[ChunkResult[R]] = Future()
        try:
            future.set_result(run_items(self.registry, work, items, self.chunk_seconds))
        except Exception as error:
            future.set_exception(error)
        return future

    def stop(self) -> None:
        pass


class ProcessPool(WorkerPool):
    """`count` processes on this machine. stop() kills them; they never outlive this process."""

    def __init__(self, contract: WorkerContract, count: int) -> None:
        self.contract = contract
        self.count = count

    @property
    def chunks_in_flight(self) -> int:
        return 2 * self.count

    def submit(self, work: Work[T, R], items: Sequence[T]) -> Future[ChunkResult[R]]:
        """Submit to the processes; start new ones when one of them has died."""
        with block_sigint(), _main_hidden():  # as it may start a process
            try:
                return self._pool.submit(
                    run_chunk, self.contract, work, items, 2 * self.chunk_seconds
                )
            except BrokenProcessPool:
                self.stop()
                return self._pool.submit(
                    run_chunk, self.contract, work, items, 2 * self.chunk_seconds
                )

    @cached_property
    def _pool(self) -> ProcessPoolExecutor:
        self._processes_before = set(multiprocessing.active_children())
        context = multiprocessing.get_context("forkserver")
        return ProcessPoolExecutor(self.count, context, _end_with_parent)

    def stop(self) -> None:
        if (pool := self.__dict__.pop("_pool", None)) is not None:
            # Kill before shutdown: a process that is just starting needs what shutdown removes.
            processes = set(multiprocessing.active_children()) - self._processes_before
            for process in processes:
                process.kill()
            for process in processes:
                process.join()
            pool.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Let the processes finish their work, and end them."""
        if (pool := self.__dict__.pop("_pool", None)) is not None:
            pool.shutdown()


@contextmanager
def block_sigint() -> Iterator[None]:
    """Block SIGINT, so that processes and threads started meanwhile inherit the blocked signal.

    A terminal sends Ctrl-C to all processes, but only the one that waits for workers handles it.
    """
    resource_tracker.ensure_running()  # its start unblocks SIGINT, so start it first
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Hide the user's script, so that processes started meanwhile do not run it once more.

    multiprocessing imports it in each process for functions that it defines; the work is done by
    functions of ours.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _end_with_parent() -> None:
    """End this worker process when its parent ends.

    A worker holds both ends of the queue that it waits on, so it would wait for ever after its
    parent was killed.
    """

    def wait() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
