"""How fast and how large: prints tables whose last columns are ratios (docs/benchmarks.md).

    python -m benchmarks                  everything
    python -m benchmarks engine replay    some of it
    python -m benchmarks replay --profile where the time goes

Times are CPU time of one core, so that a busy machine disturbs them less.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib.util import find_spec

from benchmarks import corpus, engine, explore, replay, report, rework, startup


def _scaling(**options: object) -> None:
    if find_spec("distributed") is None:
        print("it needs the extra `cluster`, which is not installed")
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
    "explore": explore.report,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], metavar="NAME")
    parser.add_argument("--most", type=int, default=20, help="log2 of the most blocks (20)")
    parser.add_argument("--profile", action="store_true", help="replay, corpus: by function")
    asked = parser.parse_args()
    for name in asked.names or BENCHMARKS:
        print(f"\n{name}: ", end="")
        sys.stdout.flush()
        BENCHMARKS[name](most=asked.most, profile=asked.profile)


if __name__ == "__main__":
    main()
