"""Give malformed inputs to zonediff, and report what must not happen.

    python -m tests.fuzz mail --n 100000 --seed 1     so many inputs of one kind
    python -m tests.fuzz --n 1000                     of every kind
    python -m tests.fuzz mail --first 417 --n 1       one input again, by its number

Each input is made from the kind, the seed and its number. Exits with 0 if every answer was a
documented exit code with a message, in time and without a traceback, else with 1.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from tests.fuzz.harness import fuzz
from tests.fuzz.kinds import kinds


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="zonediff-fuzz-") as scratch:
        known = kinds(Path(scratch))
        parser = argparse.ArgumentParser(
            prog="python -m tests.fuzz", description=__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(known))
        parser.add_argument("--n", type=int, default=1000, help="inputs of each kind")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--first", type=int, default=0, help="number of the first input")
        parser.add_argument("--keep", type=Path, help="write inputs that fail to this folder")
        given = parser.parse_args()
        if given.keep is not None:
            given.keep = given.keep.resolve()
            given.keep.mkdir(parents=True, exist_ok=True)
        if unknown := sorted({*given.kinds} - {*known}):
            parser.error(f"unknown kind {unknown[0]!r}: one of {', '.join(known)}")
        os.chdir(scratch)
        failed = False
        for name in given.kinds or known:
            tally = fuzz(
                known[name], given.n, given.seed, Path(scratch), first=given.first, keep=given.keep
            )
            print(f"{name} (seed {given.seed}): {tally}", flush=True)
            failed = failed or bool(tally.failures)
        os.chdir("/")
    return 1 if failed else 0


raise SystemExit(main())
