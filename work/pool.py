"""Who does the work: this process, processes beside it, or a Dask cluster.

All are asked in the same way, and answer with futures of concurrent.futures; they differ only in
how many there are and how their death shows. `chunks.spread` gives them their work.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cached_property
from multiprocessing import resource_tracker
from typing import Final, TypeVar

from zonediff.engine.errors import ZonediffError
from zonediff.variants.registry import Registry
from zonediff.work.contract import WorkerContract, perform, timed

T = TypeVar("T")
R = TypeVar("R")

CHUNK_SECONDS: Final = 1.0
"""Seconds that the work sent at a time should take: long beside what sending it costs, and no
more than one would mind losing."""

Work = Callable[[Registry, T], R]
"""What is done with an item: a function of a module, or a partial() of one, as it is pickled."""

Progress = Callable[[int, int], None]
"""Called now and then with how much is done, and of how much."""

ChunkResult = tuple[list[R], float]
"""What came of the first items of a chunk, and the seconds that it took."""


class ClusterError(ZonediffError):
    """A cluster cannot be used; the message says why, and what would be right."""


class ClusterLost(ClusterError):
    """A cluster that worked went away."""


class WorkerPool(ABC):
    """An executor, and what has to be known of it to keep it busy.

    died: what a future raises whose worker died. aim: seconds that a chunk should take; 0 is one
    item at a time. watch_after: seconds without news after which to watch(). dashboard: a page
    that shows the work, where there is one.
    """

    died: tuple[type[BaseException], ...] = (BrokenProcessPool,)
    chunk_seconds: float = CHUNK_SECONDS
    watch_after: float = 1.0
    dashboard: str | None = None

    @property
    @abstractmethod
    def chunks_in_flight(self) -> int:
        """How many chunks to have under way, so that no worker waits for the next."""

    @abstractmethod
    def submit(self, work: Work[T, R], items: Sequence[T]) -> Future[ChunkResult[R]]:
        """Have the first items of a chunk done, at least one, as many as there is time for."""

    @abstractmethod
    def stop(self) -> None:
        """Give up all that is under way."""

    def watch(self) -> None:  # noqa: B027 (most have nothing to watch)
        """Asked now and then while waiting. Raises ClusterLost when nobody is left to wait for."""

    def cancellation_error(self, error: CancelledError) -> BaseException:
        """What to raise when an executor gave a chunk up by itself."""
        return error


class InProcess(WorkerPool):
    """This process: what is submitted is done at once."""

    chunk_seconds = 0.0
    chunks_in_flight = 1

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def submit(self, work: Work[T, R], items: Sequence[T]) -> Future[ChunkResult[R]]:
        future: Future[ChunkResult[R]] = Future()
        try:
            future.set_result(timed(self.registry, work, items, self.chunk_seconds))
        except Exception as error:
            future.set_exception(error)
        return future

    def stop(self) -> None:
        pass


class ProcessPool(WorkerPool):
    """So many processes on this machine: gone at once when given up, and never left behind."""

    def __init__(self, terms: WorkerContract, count: int) -> None:
        self.terms = terms
        self.count = count

    @property
    def chunks_in_flight(self) -> int:
        return 2 * self.count

    def submit(self, work: Work[T, R], items: Sequence[T]) -> Future[ChunkResult[R]]:
        """Have it done; by new processes when one of the old ones died."""
        with block_sigint():  # as it may start a process
            try:
                return self._pool.submit(perform, self.terms, work, items, 2 * self.chunk_seconds)
            except BrokenProcessPool:
                self.stop()
                return self._pool.submit(perform, self.terms, work, items, 2 * self.chunk_seconds)

    @cached_property
    def _pool(self) -> ProcessPoolExecutor:
        self._others = set(multiprocessing.active_children())
        context = multiprocessing.get_context("forkserver")
        return ProcessPoolExecutor(self.count, context, _follow)

    def stop(self) -> None:
        if (pool := self.__dict__.pop("_pool", None)) is not None:
            # First they are gone: one that is just starting would miss what the pool removes.
            processes = set(multiprocessing.active_children()) - self._others
            for process in processes:
                process.kill()
            for process in processes:
                process.join()
            pool.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Have the processes end, once they are done."""
        if (pool := self.__dict__.pop("_pool", None)) is not None:
            pool.shutdown()


@contextmanager
def block_sigint() -> Iterator[None]:
    """For processes and threads that start meanwhile: they inherit what is blocked then.

    Ctrl-C is for the process that waits for the workers; a terminal sends it to all.
    """
    resource_tracker.ensure_running()  # which unblocks it, but only when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow() -> None:
    """Have this process end with the one that it works for.

    Workers hold both ends of the queue that they wait on, so they would wait for ever if the
    process that fills it were killed.
    """

    def wait() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
