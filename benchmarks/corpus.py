"""The whole corpus on all compared variants, in one process, once everything is loaded."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.measure import best, profiled, seconds, table
from zonediff.compare.run import run
from zonediff.corpus.loader import load
from zonediff.corpus.scenario import Scenario
from zonediff.variants.registry import COMPARED

ALLOWED = 1.0


def report(profile: bool, **_: Any) -> None:
    scenarios: list[Scenario] = []
    loading = seconds(lambda: scenarios.extend(load()))
    run(scenarios[:1], COMPARED)
    folders: dict[str, list[Scenario]] = {}
    for scenario in scenarios:
        folders.setdefault(scenario.folder, []).append(scenario)
    times = {name: best(partial(run, some, COMPARED), times=3) for name, some in folders.items()}
    whole = sum(times.values())
    rows: list[list[object]] = [
        [name, len(folders[name]), took * 1000, took / whole] for name, took in times.items()
    ]
    rows.append(["all", len(scenarios), whole * 1000, 1.0])
    table(
        f"milliseconds on {len(COMPARED)} variants ({loading * 1000:.0f} ms to load the corpus)",
        ("scenarios", "number", "ms", "share"),
        [[*row[:3], f"{row[3]:.2f}"] for row in rows],
    )
    print(f"of the {ALLOWED:.0f} s allowed: {whole / ALLOWED:.2f}")
    if profile:
        profiled(lambda: run(scenarios, COMPARED))
