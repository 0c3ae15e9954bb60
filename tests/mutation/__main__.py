"""Break the engine and the variants on purpose, in every way there is, and see who notices.

    python -m tests.mutation                     every mutant of every module; takes a while
    python -m tests.mutation --rules             one mutant for each rule
    python -m tests.mutation engine/memory.py    every mutant of one module

Mutants that nothing notices are compared with those that docs/mutation.md lists and explains.
Exits with 0 if they are those, else with 1.
"""

from __future__ import annotations

import argparse
import ast
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.mutation.sites import Mutant, mutants, negated
from tests.mutation.trial import (
    BY_IMPORT,
    BY_RECORDING,
    BY_TEST,
    HUNG,
    ROOT,
    SURVIVED,
    ended,
    start,
)

MODULES = (
    *(f"engine/{name}.py" for name in ("memory", "kernel", "sysfs", "guest", "boot", "observe")),
    *(f"engine/{name}.py" for name in ("adding", "onlining", "ejecting", "processes")),
    *("engine/policy.py", "engine/pressure.py", "engine/userspace.py"),
    *("variants/upstream.py", "variants/igor_movable.py", "variants/michal_split.py"),
    *("variants/hyperv_xen_only.py", "variants/pre_auto_online.py", "variants/v4_12.py"),
    *("variants/v4_13.py", "variants/v4_14.py", "variants/v6_1.py"),
)
SURVIVORS = ROOT / "docs" / "mutation.md"
NOTICED = {
    BY_RECORDING: "by recordings",
    BY_TEST: "by tests",
    HUNG: "as it hung",
    BY_IMPORT: "as it would not start",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("modules", nargs="*", default=MODULES, metavar="MODULE")
    parser.add_argument("--rules", action="store_true", help="one mutant for each rule")
    parser.add_argument("--quick", action="store_true", help="do not ask the property tests")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keys", default="", help="only mutants whose key has this in it")
    asked = parser.parse_args()

    trees = {ROOT / name: ast.parse((ROOT / name).read_text()) for name in asked.modules}
    wanted: list[Mutant] = []
    for path, tree in trees.items():
        name = str(path.relative_to(ROOT))
        if asked.rules:
            wanted += dict(negated(path, tree, name)).values()
        else:
            wanted += mutants(path, tree, name)
    wanted = [mutant for mutant in wanted if asked.keys in mutant.key]
    # Within the tests this is asked already.
    if not asked.rules and try_all([None], trees, 1, asked.quick)[0] != SURVIVED:
        print("something notices that nothing is broken: mend that first", file=sys.stderr)
        return 2

    ends = try_all(wanted, trees, asked.jobs, asked.quick)
    known = explained()
    survived = {mutant.key for mutant, end in zip(wanted, ends, strict=True) if end == SURVIVED}
    counts = Counter(ends)
    print(f"{len(wanted)} mutants, noticed: {len(wanted) - len(survived)}", end="")
    print(" (" + ", ".join(f"{counts[end]} {how}" for end, how in NOTICED.items()) + ")")
    unknown = sorted(survived - known)
    for key in unknown:
        print(f"survived, unexplained: {key}")
    stale = sorted((known & {mutant.key for mutant in wanted}) - survived)
    for key in stale:
        print(f"explained as a survivor, but noticed: {key}")
    if not asked.rules and len(asked.modules) == len(MODULES) and not asked.keys:
        gone = sorted(known - {mutant.key for mutant in wanted})
        for key in gone:
            print(f"explained, but there is no such mutant: {key}")
        stale += gone
    return 1 if unknown or stale else 0


def try_all(
    wanted: Sequence[Mutant | None], trees: dict[Path, ast.Module], jobs: int, quick: bool
) -> list[int]:
    """How each trial ended; None is a trial of modules as they are."""
    ends = [SURVIVED] * len(wanted)
    running: dict[int, int] = {}
    for number, mutant in enumerate(wanted):
        if len(running) >= jobs:
            _reap(running, ends, wanted)
        path = next(iter(trees)) if mutant is None else mutant.path
        breaks = (lambda: None) if mutant is None else mutant.apply
        running[start(path, trees[path], breaks, quick=quick)] = number
        if sys.stderr.isatty():
            print(f"\r{number + 1}/{len(wanted)} ", end="", file=sys.stderr)
    while running:
        _reap(running, ends, wanted)
    return ends


def _reap(running: dict[int, int], ends: list[int], wanted: Sequence[Mutant | None]) -> None:
    """Wait for a trial to end; a survivor is told at once, as a whole run takes long."""
    child, status = os.wait()
    number = running.pop(child)
    ends[number] = ended(status)
    mutant = wanted[number]
    if mutant is not None and ends[number] == SURVIVED:
        print(f"survived: {mutant.key}", flush=True)


def explained() -> set[str]:
    """Keys of the mutants that are known to survive: what is indented there."""
    lines = SURVIVORS.read_text().splitlines() if SURVIVORS.exists() else []
    return {line.strip() for line in lines if line.startswith(("    engine/", "    variants/"))}


if __name__ == "__main__":
    sys.exit(main())
