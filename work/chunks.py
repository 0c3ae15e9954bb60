"""Much work in chunks: as large as takes about a second, and each item's outcome exactly once.

What an item costs is known only when some are done, so the size of a chunk follows a running
estimate, and a worker that gets more than it can do in time hands the rest back. When a worker
dies, what it had is done again; an item that is alone with a worker that dies is what killed it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future
from itertools import islice
from operator import length_hint
from queue import Empty, SimpleQueue
from typing import Final, Generic, TypeVar

from zonediff.work.pool import ChunkResult, Work, WorkerPool

T = TypeVar("T")
R = TypeVar("R")

LARGEST: Final = 100_000
SMOOTHING: Final = 0.3
GROWTH: Final = 8


class Supply(Generic[T]):
    """Items that are taken as they are needed, so there may be more than fit in memory."""

    def __init__(self, items: Iterable[T]) -> None:
        self._left = iter(items)

    def __length_hint__(self) -> int:
        return length_hint(self._left)

    def take(self, size: int) -> list[T]:
        """The next items, so many where there are, none when all are taken."""
        return list(islice(self._left, size))


def map_chunks(
    pool: WorkerPool,
    work: Work[T, R],
    items: Iterable[T] | Supply[T],
    killed: Callable[[T], R],
) -> Iterator[list[tuple[T, R]]]:
    """Each item with what came of it, a chunk at a time, as they are done.

    killed: the outcome of an item that takes its process with it; it may raise. Whatever ends this
    early gives up what is under way. Raises what the work raises, and cluster.ClusterLost.
    """
    left = items if isinstance(items, Supply) else Supply(items)
    again: deque[T] = deque()
    suspects: deque[T] = deque()
    trial: Future[ChunkResult[R]] | None = None
    running: dict[Future[ChunkResult[R]], list[T]] = {}
    ended: SimpleQueue[Future[ChunkResult[R]]] = SimpleQueue()
    pace = Pace(pool.chunk_seconds)

    def take() -> list[T]:
        # The last chunks are smaller, so that all workers end at the same time.
        share = -(-(length_hint(left) + len(again)) // pool.chunks_in_flight)
        size = min(pace.size, share or pace.size)
        handed_back = [again.popleft() for _ in range(min(len(again), size))]
        return handed_back or left.take(size)

    def send(chunk: list[T]) -> Future[ChunkResult[R]]:
        future = pool.submit(work, chunk)
        running[future] = chunk
        future.add_done_callback(ended.put)
        return future

    try:
        while True:
            if suspects and not running:
                trial = send([suspects.popleft()])
            while not suspects and trial is None and len(running) < pool.chunks_in_flight:
                if not (chunk := take()):
                    break
                send(chunk)
            if not running:
                return
            future = _next(ended, pool)
            chunk = running.pop(future)
            tried, trial = future is trial, None if future is trial else trial
            try:
                results, seconds = future.result()
            except CancelledError as error:
                raise pool.cancellation_error(error) from None
            except pool.died:
                if tried:
                    yield [(chunk[0], killed(chunk[0]))]
                else:
                    suspects.extend(chunk)
                continue
            pace.took(len(results), seconds)
            again.extend(chunk[len(results) :])
            yield list(zip(chunk, results, strict=False))
    except BaseException:
        pool.stop()
        raise


def _next(ended: SimpleQueue[Future[ChunkResult[R]]], pool: WorkerPool) -> Future[ChunkResult[R]]:
    """The future that is done next."""
    while True:
        try:
            return ended.get(timeout=pool.watch_after)
        except Empty:
            pool.watch()


class Pace:
    """How many items take about so many seconds; with none at all, it is one."""

    def __init__(self, chunk_seconds: float) -> None:
        self.chunk_seconds = chunk_seconds
        self.size = 1
        self._each = 0.0

    def took(self, items: int, seconds: float) -> None:
        """Learn from a chunk."""
        each = max(seconds / items, 1e-9)
        self._each += (each - self._each) * (SMOOTHING if self._each else 1.0)
        self.size = max(1, min(int(self.chunk_seconds / self._each), GROWTH * self.size, LARGEST))
