"""The speed of replaying every shipped recording of a real kernel, in steps per second."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.measure import best, note, profiled, table
from zonediff.compare.validate import replay
from zonediff.corpus.recording import SHIPPED, Recording, read
from zonediff.variants.registry import Registry


def report(profile: bool, **_: Any) -> None:
    files = {path.stem: list(read(path)) for path in sorted(SHIPPED.glob("*.jsonl"))}
    rows: list[tuple[str, int, int, float]] = []
    total_steps, total_time = 0, 0.0
    for name, recordings in files.items():
        steps = sum(len(recording.steps) for recording in recordings)
        took = best(partial(_replay, recordings))
        total_steps, total_time = total_steps + steps, total_time + took
        rows.append((name, len(recordings), steps, steps / took))
    mean = total_steps / total_time
    rows.append(("all", sum(map(len, files.values())), total_steps, mean))
    note(f"replay of {total_steps} steps", total_time)
    table(
        "replay",
        "steps per second, boot and comparison included",
        ("recordings", "traces", "steps", "steps/s", "x all"),
        [[*row, round(row[3] / mean, 2)] for row in rows],
    )
    if profile:
        profiled(partial(_replay, [item for items in files.values() for item in items]))


def _replay(recordings: list[Recording]) -> None:
    registry = Registry()
    policies = {name: registry.model(name).policy for name in {item.variant for item in recordings}}
    assert all(replay(item, policies[item.variant]).agrees for item in recordings)
