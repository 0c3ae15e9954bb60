"""Worker processes: gone at once when the work is given up, and never left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any


@contextmanager
def workers(
    count: int, start: Callable[..., object] | None = None, *arguments: Any
) -> Iterator[ProcessPoolExecutor]:
    """An executor of so many processes, each of which calls start(*arguments) first."""
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("forkserver")
    pool = ProcessPoolExecutor(count, context, _begin, (start, arguments))
    # Ctrl-C is for the process that waits for the workers. They start with the first submit and
    # inherit what is blocked then.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        pool.submit(int)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    pool.shutdown()


def _begin(start: Callable[..., object] | None, arguments: tuple[Any, ...]) -> None:
    # Workers hold both ends of the queue that they wait on, so they would wait for ever if the
    # process that fills it were killed.
    threading.Thread(target=_follow, daemon=True).start()
    if start is not None:
        start(*arguments)


def _follow() -> None:
    """End with the process that this one works for."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
