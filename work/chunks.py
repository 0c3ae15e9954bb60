"""Splitting much work into chunks, so that each item gets exactly one outcome.

The cost of an item is known only after some items are done. So the size of a chunk follows a
running estimate, and a worker that cannot finish its chunk in time returns the rest.

When a worker dies, the items of its chunk are tried again, one at a time with nothing else under
way. An item that kills a worker when it is alone is the cause of the death.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future
from itertools import islice
from operator import length_hint
from queue import Empty, SimpleQueue
from typing import Final, Generic, TypeVar

from zonediff.work.contract import ChunkResult
from zonediff.work.pool import Work, WorkerPool

T = TypeVar("T")
R = TypeVar("R")

LARGEST: Final = 100_000
"""The most items in a chunk."""

SMOOTHING: Final = 0.3
"""The weight of the newest chunk in the estimate of an item's cost."""

GROWTH: Final = 8
"""A chunk is at most this many times as large as the one before."""


class ItemSource(Generic[T]):
    """Items that are taken as they are needed, so there may be more than fit in memory."""

    def __init__(self, items: Iterable[T]) -> None:
        self._left = iter(items)

    def __length_hint__(self) -> int:
        return length_hint(self._left)

    def take(self, size: int) -> list[T]:
        """Return the next `size` items; fewer at the end, none when all are taken."""
        return list(islice(self._left, size))


def map_chunks(
    pool: WorkerPool,
    work: Work[T, R],
    items: Iterable[T] | ItemSource[T],
    killed: Callable[[T], R],
) -> Iterator[list[tuple[T, R]]]:
    """Yield every item with its outcome, a chunk at a time, in the order in which chunks end.

    killed: returns the outcome of an item that kills its worker process, or raises. An exception,
    or closing the iterator early, cancels all chunks under way. Raises what the work raises, and
    pool.ClusterLost.
    """
    source = items if isinstance(items, ItemSource) else ItemSource(items)
    chunks = _Chunks(pool, work, source, killed)
    try:
        while chunks.send_all():
            outcomes = chunks.next_outcomes()
            if outcomes is not None:
                yield outcomes
    except BaseException:
        pool.stop()
        raise


class _Chunks(Generic[T, R]):
    """The chunks under way in a pool, and the items that still have to be sent.

    _returned: items that a worker had no time for. _suspects: items whose worker died. _trial: the
    chunk of a single suspect, which runs with nothing else under way.
    """

    def __init__(
        self,
        pool: WorkerPool,
        work: Work[T, R],
        source: ItemSource[T],
        killed: Callable[[T], R],
    ) -> None:
        self._pool = pool
        self._work = work
        self._source = source
        self._killed = killed
        self._returned: deque[T] = deque()
        self._suspects: deque[T] = deque()
        self._trial: Future[ChunkResult[R]] | None = None
        self._running: dict[Future[ChunkResult[R]], list[T]] = {}
        self._ended: SimpleQueue[Future[ChunkResult[R]]] = SimpleQueue()
        self._sizer = ChunkSizer(pool.chunk_seconds)

    def send_all(self) -> bool:
        """Submit chunks until the pool has enough; False when nothing is left under way."""
        if self._suspects and not self._running:
            self._trial = self._send([self._suspects.popleft()])
        while not self._suspects and self._trial is None and self._has_capacity():
            if not (chunk := self._take()):
                break
            self._send(chunk)
        return bool(self._running)

    def next_outcomes(self) -> list[tuple[T, R]] | None:
        """Wait for a chunk; return its outcomes, or None when its worker died."""
        future = self._wait()
        chunk = self._running.pop(future)
        is_trial = future is self._trial
        if is_trial:
            self._trial = None
        try:
            outcomes, seconds, deprecations = future.result()
        except CancelledError as error:
            raise self._pool.cancellation_error(error) from None
        except self._pool.died:
            if is_trial:
                return [(chunk[0], self._killed(chunk[0]))]
            self._suspects.extend(chunk)
            return None
        for deprecation in deprecations:
            deprecation.warn()
        self._sizer.update(len(outcomes), seconds)
        self._returned.extend(chunk[len(outcomes) :])
        return list(zip(chunk, outcomes, strict=False))

    def _has_capacity(self) -> bool:
        return len(self._running) < self._pool.chunks_in_flight

    def _take(self) -> list[T]:
        """Return the items of the next chunk: returned ones first; none when all are sent."""
        # The last chunks are smaller, so that all workers end at the same time.
        left = length_hint(self._source) + len(self._returned)
        share = -(-left // self._pool.chunks_in_flight)
        size = min(self._sizer.size, share or self._sizer.size)
        returned = [self._returned.popleft() for _ in range(min(len(self._returned), size))]
        return returned or self._source.take(size)

    def _send(self, chunk: list[T]) -> Future[ChunkResult[R]]:
        future = self._pool.submit(self._work, chunk)
        self._running[future] = chunk
        future.add_done_callback(self._ended.put)
        return future

    def _wait(self) -> Future[ChunkResult[R]]:
        """Return the next future that is done."""
        while True:
            try:
                return self._ended.get(timeout=self._pool.watch_after)
            except Empty:
                self._pool.watch()


class ChunkSizer:
    """Estimates how many items take `chunk_seconds`; with 0 seconds, one item."""

    def __init__(self, chunk_seconds: float) -> None:
        self.chunk_seconds = chunk_seconds
        self.size = 1
        self._item_seconds = 0.0

    def update(self, items: int, seconds: float) -> None:
        """Take the cost of a finished chunk into the estimate."""
        newest = max(seconds / items, 1e-9)
        weight = SMOOTHING if self._item_seconds else 1.0
        self._item_seconds += (newest - self._item_seconds) * weight
        fitting = int(self.chunk_seconds / self._item_seconds)
        self.size = max(1, min(fitting, GROWTH * self.size, LARGEST))
