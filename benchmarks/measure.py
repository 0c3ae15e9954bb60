"""Measuring CPU time, and printing tables."""

from __future__ import annotations

import cProfile
import pstats
import time
from collections.abc import Callable, Sequence

from tabulate import tabulate


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds that the work takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def best(work: Callable[[], object], times: int = 5) -> float:
    """Return the CPU seconds of the fastest of several runs."""
    return min(seconds(work) for _ in range(times))


def table(title: str, headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    print(title)
    print(tabulate(rows, headers, floatfmt=".2f", tablefmt="github"))


def profiled(work: Callable[[], object], functions: int = 20) -> None:
    """Run the work once more and print the functions that take the most time."""
    profile = cProfile.Profile()
    profile.runcall(work)
    pstats.Stats(profile).sort_stats("tottime").print_stats(functions)
