"""Measure speed and size; print tables whose last columns are ratios (docs/benchmarks.md).

    python -m benchmarks                  everything
    python -m benchmarks engine replay    some of it
    python -m benchmarks replay --profile the functions that take the most time
    python -m benchmarks --write          also put the tables into docs/benchmarks.md

Times are CPU time of one core, which other load disturbs less than wall-clock time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from benchmarks import corpus, engine, explore, memory, page, replay, report, rework, startup
from benchmarks.measure import TABLES, ratios


def _scaling(**options: Any) -> None:
    if find_spec("distributed") is None:
        print("skipped: install the extra `cluster`")
        return
    from benchmarks import scaling

    scaling.report(**options)


BENCHMARKS: dict[str, Callable[..., None]] = {
    "engine": engine.report,
    "replay": replay.report,
    "rework": rework.report,
    "startup": startup.report,
    "corpus": corpus.report,
    "scaling": _scaling,
    "report": report.report,
    "memory": memory.report,
    "explore": explore.report,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], metavar="NAME")
    parser.add_argument(
        "--most", type=int, default=20, help="engine: log2 of the largest number of blocks (20)"
    )
    parser.add_argument(
        "--profile", action="store_true", help="replay, corpus, report: print the slowest functions"
    )
    parser.add_argument(
        "--write", action="store_true", help="write the tables into docs/benchmarks.md"
    )
    arguments = parser.parse_args()
    for name in arguments.names or BENCHMARKS:
        print(f"\n{name}: ", end="")
        sys.stdout.flush()
        BENCHMARKS[name](most=arguments.most, profile=arguments.profile)
    print("\nratios: ", end="")
    ratios()
    if arguments.write:
        page.write(TABLES)


if __name__ == "__main__":
    main()
