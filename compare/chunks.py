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

from zonediff.compare.workers import Crew, Share, Work

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


def spread(
    crew: Crew,
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
    trial: Future[Share[R]] | None = None
    running: dict[Future[Share[R]], list[T]] = {}
    ended: SimpleQueue[Future[Share[R]]] = SimpleQueue()
    pace = Pace(crew.aim)

    def take() -> list[T]:
        # The last chunks are smaller, so that all workers end at the same time.
        share = -(-(length_hint(left) + len(again)) // crew.at_once)
        size = min(pace.size, share or pace.size)
        handed_back = [again.popleft() for _ in range(min(len(again), size))]
        return handed_back or left.take(size)

    def send(chunk: list[T]) -> Future[Share[R]]:
        future = crew.submit(work, chunk)
        running[future] = chunk
        future.add_done_callback(ended.put)
        return future

    try:
        while True:
            if suspects and not running:
                trial = send([suspects.popleft()])
            while not suspects and trial is None and len(running) < crew.at_once:
                if not (chunk := take()):
                    break
                send(chunk)
            if not running:
                return
            future = _next(ended, crew)
            chunk = running.pop(future)
            tried, trial = future is trial, None if future is trial else trial
            try:
                results, seconds = future.result()
            except CancelledError as error:
                raise crew.given_up(error) from None
            except crew.died:
                if tried:
                    yield [(chunk[0], killed(chunk[0]))]
                else:
                    suspects.extend(chunk)
                continue
            pace.took(len(results), seconds)
            again.extend(chunk[len(results) :])
            yield list(zip(chunk, results, strict=False))
    except BaseException:
        crew.stop()
        raise


def _next(ended: SimpleQueue[Future[Share[R]]], crew: Crew) -> Future[Share[R]]:
    """The future that is done next."""
    while True:
        try:
            return ended.get(timeout=crew.watch_after)
        except Empty:
            crew.watch()


class Pace:
    """How many items take about so many seconds; with none at all, it is one."""

    def __init__(self, aim: float) -> None:
        self.aim = aim
        self.size = 1
        self._each = 0.0

    def took(self, items: int, seconds: float) -> None:
        """Learn from a chunk."""
        each = max(seconds / items, 1e-9)
        self._each += (each - self._each) * (SMOOTHING if self._each else 1.0)
        self.size = max(1, min(int(self.aim / self._each), GROWTH * self.size, LARGEST))
