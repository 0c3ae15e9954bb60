"""The largest resident size and the CPU time of commands that users wait for."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import child, table
from benchmarks.report import SCENARIOS, VARIANTS, grown_result
from zonediff.result.files import dumps

ALLOWED_MB: Final = 600
ZONEDIFF: Final = str(Path(sys.executable).with_name("zonediff"))
THIRTEEN: Final = (*VARIANTS, "v4.14", "v6.1", "v7.2")


def report(**_: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result, page = folder / "result.json", str(folder / "report.html")
        grown = grown_result(SCENARIOS, variants=THIRTEEN)
        result.write_text(dumps(grown), encoding="utf-8")
        size = f"{len(grown.scenarios)} x {len(grown.variants)}"
        commands = {
            "run": ("run", "--html", page),
            "run --explore": ("run", "--explore", "--html", page),
            f"report of {size}": ("report", str(result), "--html", page),
        }
        rows = []
        for title, words in commands.items():
            used = child((ZONEDIFF, *words))
            megabytes = used.ru_maxrss * 1024 / 1e6
            cpu_seconds = used.ru_utime + used.ru_stime
            rows.append([title, cpu_seconds, megabytes, megabytes / ALLOWED_MB])
    table(
        "memory",
        "largest resident size",
        ("zonediff", "CPU s", "MB", f"of {ALLOWED_MB} MB"),
        rows,
    )
