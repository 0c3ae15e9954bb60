"""What tests of builds share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from zonediff.review.watched import descendants

SECONDS = 20  # killed processes are there until the kernel is done with them


@pytest.fixture
def left_running() -> Callable[[], set[int]]:
    """Tell which processes below the tests were started by this test and run still.

    Workers that other tests share may run before it.
    """
    before = set(descendants(os.getpid()))

    def processes() -> set[int]:
        end = time.monotonic() + SECONDS
        while (left := set(descendants(os.getpid())) - before) and time.monotonic() < end:
            os.sched_yield()
        return left

    return processes
