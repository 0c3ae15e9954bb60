"""The start-up time of `zonediff`, compared with a Python that does nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from benchmarks.measure import table

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
        f"milliseconds of CPU time, the best of {TIMES}",
        ("command", "ms", "x python", f"of {ALLOWED_MS} ms"),
        [[name, ms, ms / nothing, round(ms / ALLOWED_MS, 2)] for name, ms in times.items()],
    )


def _milliseconds(command: tuple[str, ...]) -> float:
    null_device = os.open(os.devnull, os.O_WRONLY)
    before = os.times()
    child = os.posix_spawn(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null_device, 1)]
    )
    _, status = os.waitpid(child, 0)
    after = os.times()
    os.close(null_device)
    assert status == 0, command
    used = after.children_user + after.children_system
    return (used - before.children_user - before.children_system) * 1000
