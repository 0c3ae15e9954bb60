"""A trap for workers: one gets stuck, at a known place, and stays until it is killed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.cluster import SECONDS, wait_for

WAITS = '''
import os
import threading

from zonediff.variants.upstream import Upstream


class Waits(Upstream):
    """As upstream; but whoever is the first to add memory tells so, and waits for ever."""

    name = "waits"
    origin = "a test"

    def zone_of_new_memory(self, kernel, node, first, source):
        try:
            os.unlink({gate!r})
        except FileNotFoundError:
            return super().zone_of_new_memory(kernel, node, first, source)
        with open({report!r}, "w") as report:
            report.write(f"{{os.getpid()}} waits\\n")
        threading.Event().wait()
'''


class Trap:
    """Commands with the variant `waits`, on which the first worker that comes to it gets stuck."""

    def __init__(self, folder: Path) -> None:
        self.gate, report = folder / "gate", folder / "report"
        os.mkfifo(report)
        self.report = open(os.open(report, os.O_RDWR))  # noqa: PTH123, SIM115
        self.variant = folder / "waits.py"
        self.variant.write_text(WAITS.format(gate=str(self.gate), report=str(report)))
        self.started: list[subprocess.Popen[str]] = []

    def set(self) -> None:
        """Catch the next one."""
        self.gate.touch()

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """`zonediff` as a process."""
        started = subprocess.Popen(
            [
                *(sys.executable, "-c", "from zonediff.cli.main import main; main()"),
                *map(str, arguments),
                *("--variant-file", str(self.variant)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(started)
        return started

    def caught(self) -> int:
        """The process that is stuck, as soon as one is."""
        return int(wait_for(r"(\d+) waits", self.report))

    def close(self) -> None:
        """Leave no process behind."""
        self.report.close()
        for process in self.started:
            process.kill()
            process.communicate()


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, output, and errors beside the link to the dashboard and how long it took.

    It returns when the workers are gone as well: they hold the other end of the output.
    """
    out, err = process.communicate(timeout=SECONDS)
    return process.returncode, out, re.sub(r"^Dask dashboard: http://\S+/status\n", "", err)
