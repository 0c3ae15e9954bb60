"""A real Dask cluster on loopback: its scheduler and workers are processes that can be killed."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

SECONDS = 60
"""In which whatever is waited for has to come, on a busy machine too."""


class Cluster:
    """A scheduler with so many workers of one thread each."""

    def __init__(self, folder: Path, workers: int = 2, env: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.env = {
            **os.environ,
            "DASK_DISTRIBUTED__WORKER__DAEMON": "False",
            "DASK_TEMPORARY_DIRECTORY": str(folder),
            **(env or {}),
        }
        self.processes: list[subprocess.Popen[str]] = []
        anywhere = ("--port", "0", "--dashboard-address", "127.0.0.1:0")
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", *anywhere)
        self.address = wait_for(r"Scheduler at: +(tcp://\S+)", self.scheduler.stderr)
        self.workers: list[subprocess.Popen[str]] = []
        self.mend(workers)

    def mend(self, workers: int) -> None:
        """Have so many workers again."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        new = [self._start_worker() for _ in range(workers - len(self.workers))]
        for worker in new:
            wait_for("Registered to", worker.stderr)
        self.workers += new

    def _start_worker(self) -> subprocess.Popen[str]:
        return self._start(
            *("worker", self.address, "--host", "127.0.0.1", "--nthreads", "1"),
            *("--no-nanny", "--death-timeout", "30", "--local-directory", str(self.folder)),
            "--no-dashboard",
        )

    def _start(self, what: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "dask", what, *arguments]
        log = subprocess.PIPE
        process = subprocess.Popen(command, env=self.env, stderr=log, text=True, cwd=self.folder)
        self.processes.append(process)
        return process

    def close(self) -> None:
        """Leave no process behind."""
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.communicate()


def wait_for(pattern: str, lines: IO[str] | None) -> str:
    """The first group of a pattern in what a process prints, or all of it."""
    assert lines is not None
    output = ""
    deadline = time.monotonic() + SECONDS
    while True:
        left = deadline - time.monotonic()
        ready, _, _ = select.select([lines], [], [], max(left, 0))
        text = os.read(lines.fileno(), 65536).decode() if ready else ""
        output += text
        if match := re.search(pattern, output):
            return match[match.re.groups and 1]
        if not text:
            raise AssertionError(f"no {pattern!r} in {output!r}")
