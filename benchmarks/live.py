"""The speed of a model and of the real kernel on the same scenarios.

Usage: python benchmarks/live.py IMAGE VARIANT [SCENARIO...]

The kernel boots once for each scenario; the model's time is the best of ten runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter

from tabulate import tabulate

from zonediff.corpus.loader import SHIPPED, load
from zonediff.variants.registry import LIVE, Registry
from zonediff.variants.subject import NotOnThisMachine, Subject

SCENARIOS = ("ordering", "removal", "two-dimms")
"""The scenarios that run when none is named."""

TRIES = 10


def main(image: str, variant: str, *names: str) -> None:
    registry = Registry()
    kernel, model = registry.resolve(LIVE + image), registry.resolve(variant)
    rows = []
    for scenario in load(names or SCENARIOS, SHIPPED):
        steps = [step.do for step in scenario.steps]

        def run_on(subject: Subject) -> Callable[[], object]:
            return lambda: subject.run(scenario.machine, steps)  # noqa: B023

        try:
            real = seconds(run_on(kernel))
        except NotOnThisMachine:
            continue
        predicted = min(seconds(run_on(model)) for _ in range(TRIES))
        rows.append((scenario.id, real, predicted))
    total_real, total_predicted = (
        sum(column)
        for column in zip(*((real, predicted) for _, real, predicted in rows), strict=True)
    )
    rows.append((f"all {len(rows)}", total_real, total_predicted))
    print(
        tabulate(
            [
                [name, f"{real:.2f}", f"{predicted * 1000:.2f}", f"{real / predicted:,.0f}"]
                for name, real, predicted in rows
            ],
            headers=["scenario", f"{kernel.origin.split()[1]}, s", f"{variant}, ms", "ratio"],
            disable_numparse=True,
            colalign=["left", "right", "right", "right"],
        )
    )


def seconds(work: Callable[[], object]) -> float:
    """Return the wall-clock seconds that the work takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
