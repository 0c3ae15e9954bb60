"""Chunks: every item's outcome once, however the workers fare."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future
from functools import partial
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonediff.variants.registry import Registry
from zonediff.work.chunks import LARGEST, ChunkSizer, map_chunks
from zonediff.work.contract import ChunkResult
from zonediff.work.open_pool import open_pool
from zonediff.work.pool import ClusterLost, InProcess, Work, WorkerPool


class Death(Exception):
    pass


class Fake(WorkerPool):
    """Ends chunks in any order; some hand items back, some die of an item or of nothing."""

    died = (Death,)
    chunks_in_flight = 3
    watch_after = 0.0

    def __init__(self, deadly: set[int], draw: st.DataObject) -> None:
        self.deadly = deadly
        self.draw = draw
        self.done: Counter[int] = Counter()
        self.pending: list[tuple[Future[ChunkResult[int]], Sequence[int]]] = []
        self.stopped = 0

    def submit(self, work: Work[int, int], items: Sequence[int]) -> Future[ChunkResult[int]]:  # type: ignore[override]
        future: Future[ChunkResult[int]] = Future()
        self.pending.append((future, items))
        if len(self.pending) == self.chunks_in_flight:
            self.watch()
        return future

    def watch(self) -> None:
        """Have one chunk end."""
        at = self.draw.draw(st.integers(0, len(self.pending) - 1))
        future, items = self.pending.pop(at)
        accident = len(items) > 1 and self.draw.draw(st.integers(0, 9)) == 0
        if accident or self.deadly & set(items):
            future.set_exception(Death())
            return
        count = self.draw.draw(st.integers(1, len(items)))
        self.done.update(items[:count])
        future.set_result(ChunkResult([-item for item in items[:count]], 0.1 * count))

    def stop(self) -> None:
        self.stopped += 1


@given(st.integers(0, 60), st.sets(st.integers(0, 60), max_size=4), st.data())
def test_each_item_is_told_once(number: int, deadly: set[int], data: st.DataObject) -> None:
    pool = Fake(deadly, data)
    chunks = map_chunks(pool, _negative, range(number), lambda item: 1000)
    outcomes = [pair for chunk in chunks for pair in chunk]
    assert dict(outcomes) == {item: 1000 if item in deadly else -item for item in range(number)}
    assert len(outcomes) == number
    assert set(pool.done.values()) <= {1}


def _negative(registry: Registry, item: int) -> int:
    return -item


def _deadly(registry: Registry, item: int) -> int:
    if item in (7, 23):
        os._exit(1)
    return -item


def test_items_that_kill_their_process_are_found_among_the_others() -> None:
    with open_pool(Registry(), 2) as pool:
        actual = dict(chain(*map_chunks(pool, _deadly, range(40), lambda item: 1000)))
    assert actual == {item: 1000 if item in (7, 23) else -item for item in range(40)}


def test_items_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def endless() -> Iterator[int]:
        while True:
            taken.append(len(taken))
            yield taken[-1]

    chunks = map_chunks(InProcess(Registry()), _negative, endless(), lambda item: 0)
    assert [next(chunks) for _ in range(3)] == [[(0, 0)], [(1, -1)], [(2, -2)]]
    assert len(taken) == 3
    chunks.close()  # type: ignore[attr-defined]


def test_all_workers_have_a_share_of_little_work() -> None:
    sizes: list[int] = []

    class Four(InProcess):
        chunks_in_flight = 4
        chunk_seconds = 60.0

        def submit(self, work: Work[int, int], items: Sequence[int]) -> Future[ChunkResult[int]]:  # type: ignore[override]
            sizes.append(len(items))
            return super().submit(work, items)

    chunks = map_chunks(Four(Registry()), _negative, range(40), lambda item: 0)
    assert sum(map(len, chunks)) == 40
    assert sizes[:5] == [1, 1, 1, 1, 8]
    assert sorted(sizes[5:], reverse=True) == sizes[5:]


def test_who_ends_early_gives_up_what_is_under_way(tmp_path: Path) -> None:
    with open_pool(Registry(), 2) as pool:
        chunks = map_chunks(pool, _negative, range(1000), lambda item: 0)
        next(chunks)
        chunks.close()  # type: ignore[attr-defined]
        actual = dict(chain(*map_chunks(pool, _negative, range(10), lambda item: 0)))
    assert actual == {item: -item for item in range(10)}, "the pool goes on"


def test_a_failure_is_the_work_s_own() -> None:
    def fail(registry: Registry, item: int) -> int:
        raise KeyError(item)

    with pytest.raises(KeyError, match="0"):
        list(map_chunks(InProcess(Registry()), fail, range(3), lambda item: 0))


def test_what_an_executor_gives_up_is_told_as_the_pool_says() -> None:
    class Lost(InProcess):
        def submit(self, work: Work[int, int], items: Sequence[int]) -> Future[ChunkResult[int]]:  # type: ignore[override]
            future: Future[ChunkResult[int]] = Future()
            future.cancel()
            return future

        def cancellation_error(self, error: CancelledError) -> BaseException:
            return ClusterLost("gone")

    with pytest.raises(ClusterLost, match="gone"):
        list(map_chunks(Lost(Registry()), _negative, range(3), lambda item: 0))


def test_the_chunk_size_follows_what_items_cost() -> None:
    sizer = ChunkSizer(1.0)
    sizes = []
    for _ in range(6):
        sizer.update(sizer.size, sizer.size * 0.001)
        sizes.append(sizer.size)
    assert sizes == [8, 64, 512, 1000, 1000, 1000]
    for _ in range(20):
        sizer.update(sizer.size, sizer.size * 0.25)
    assert sizer.size == 4
    sizer.update(1, 0.0)
    assert 1 <= sizer.size <= LARGEST
    none = ChunkSizer(0.0)
    none.update(1, 1e-6)
    assert none.size == 1


def _part(first: int, registry: Registry, item: int) -> int:
    return first + item


def test_work_may_be_a_partial_function() -> None:
    with open_pool(Registry(), 2) as pool:
        actual = [
            pair
            for chunk in map_chunks(pool, partial(_part, 5), [1, 2], lambda item: 0)
            for pair in chunk
        ]
    assert sorted(actual) == [(1, 6), (2, 7)]
