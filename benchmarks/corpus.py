"""The time to run the whole corpus on all compared variants, in one process, after loading."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.measure import best, note, profiled, seconds, table
from zonediff.compare.run import run
from zonediff.corpus.loader import load
from zonediff.corpus.scenario import Scenario
from zonediff.variants.registry import COMPARED

SECONDS_ALLOWED = 0.7


def report(profile: bool, **_: Any) -> None:
    scenarios: list[Scenario] = []
    loading = seconds(lambda: scenarios.extend(load()))
    run(scenarios[:1], COMPARED)
    folders: dict[str, list[Scenario]] = {}
    for scenario in scenarios:
        folders.setdefault(scenario.folder, []).append(scenario)
    times = {name: best(partial(run, group, COMPARED), times=3) for name, group in folders.items()}
    whole = sum(times.values())
    rows: list[list[object]] = [
        [name, len(folders[name]), took * 1000, took / whole] for name, took in times.items()
    ]
    rows.append(["all", len(scenarios), whole * 1000, 1.0])
    note(f"the corpus, {len(scenarios)} scenarios on {len(COMPARED)} variants", whole)
    table(
        "corpus",
        f"milliseconds on {len(COMPARED)} variants ({loading * 1000:.0f} ms to load the corpus)",
        ("scenarios", "number", "ms", "share"),
        [[*row[:3], f"{row[3]:.2f}"] for row in rows],
    )
    print(f"of the {SECONDS_ALLOWED:.1f} s allowed: {whole / SECONDS_ALLOWED:.2f}")
    if profile:
        profiled(lambda: run(scenarios, COMPARED))
