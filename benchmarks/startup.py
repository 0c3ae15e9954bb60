"""The start-up time of `zonediff`, compared with a Python that does nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks.measure import child, table

ALLOWED_MS = 150
COMMANDS = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "zonediff --version": (str(Path(sys.executable).with_name("zonediff")), "--version"),
    "zonediff --help": (str(Path(sys.executable).with_name("zonediff")), "--help"),
}
TIMES = 15


def report(**_: Any) -> None:
    times = {
        name: min(_milliseconds(command) for _ in range(TIMES))
        for name, command in COMMANDS.items()
    }
    nothing = times["python -c pass"]
    table(
        "startup",
        f"milliseconds of CPU time, the best of {TIMES}",
        ("command", "ms", "x python", f"of {ALLOWED_MS} ms"),
        [[name, ms, ms / nothing, round(ms / ALLOWED_MS, 2)] for name, ms in times.items()],
    )


def _milliseconds(command: tuple[str, ...]) -> float:
    used = child(command)
    return (used.ru_utime + used.ru_stime) * 1000
