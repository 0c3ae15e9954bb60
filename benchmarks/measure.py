"""Measuring CPU time and memory, the machine's own speed, and tables.

Tables of different days can be compared by the ratios to two fixed loops, one of pure Python and
one of numpy, that run beside each benchmark.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import resource
import time
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from tabulate import tabulate

TABLES: Final[dict[str, str]] = {}
"""The tables printed so far, by the keys that docs/benchmarks.md has for them."""

_RATIOS: Final[list[tuple[str, float, float, float]]] = []


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds that the work takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def best(work: Callable[[], object], times: int = 5) -> float:
    """Return the CPU seconds of the fastest of several runs."""
    return min(seconds(work) for _ in range(times))


def child(command: tuple[str, ...]) -> resource.struct_rusage:
    """Run a command without its output; return the resources that it used.

    Raises AssertionError when it ends with an exit code other than 0 and 1, which is a finding.
    """
    null_device = os.open(os.devnull, os.O_WRONLY)
    outputs = [(os.POSIX_SPAWN_DUP2, null_device, number) for number in (1, 2)]
    process = os.posix_spawn(command[0], command, os.environ, file_actions=outputs)
    _, status, used = os.wait4(process, 0)
    os.close(null_device)
    assert os.waitstatus_to_exitcode(status) in (0, 1), command
    return used


def table(key: str, title: str, headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table, and keep it under its key."""
    TABLES[key] = tabulate(rows, headers, floatfmt=".2f", tablefmt="github")
    print(title)
    print(TABLES[key])


def note(name: str, cpu_seconds: float) -> None:
    """Put a time into the table of ratios, with the machine's speed at this moment."""
    _RATIOS.append((name, cpu_seconds, best(_python_loop), best(_numpy_loop)))


def ratios() -> None:
    """Print the times noted so far as multiples of the machine's own speed."""
    table(
        "ratios",
        "CPU time in multiples of two fixed loops",
        ("work", "s", "Python loop, s", "numpy loop, s", "x Python loop", "x numpy loop"),
        [
            [name, took, f"{python:.3f}", f"{arrays:.3f}", took / python, took / arrays]
            for name, took, python, arrays in _RATIOS
        ],
    )


def _python_loop() -> int:
    total = 0
    for number in range(1_000_000):
        total += number & 7
    return total


def _numpy_loop() -> int:
    numbers = np.arange(1 << 20, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return int(np.sort(numbers)[::4096].sum() & np.uint64(7))


def profiled(work: Callable[[], object], functions: int = 20) -> None:
    """Run the work once more and print the functions that take the most time."""
    profile = cProfile.Profile()
    profile.runcall(work)
    pstats.Stats(profile).sort_stats("tottime").print_stats(functions)
