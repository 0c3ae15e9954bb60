"""The engine with 2^10 to 2^20 memory blocks (128 GiB to 128 TiB): time and memory per block.

Each step is a write to sysfs, which the guest carries out as in any run. One table measures only
the steps; another also observes the whole machine after each step, as a recorded run does.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from functools import partial
from typing import Any

from benchmarks.measure import seconds, table
from zonediff.engine.guest import Guest
from zonediff.engine.machine import Machine
from zonediff.engine.run import Runner
from zonediff.engine.steps import Plug, Step, Unplug, Write
from zonediff.engine.units import SECTION, Bytes
from zonediff.variants.upstream import Upstream

FIRST = 32
"""The first block of added memory on a machine of 1 GiB."""

ALLOWED = 2.0
"""The allowed ratio of the largest time per block and that of the smallest machine."""

BYTES_ALLOWED = 64
OBSERVED_STEPS = 400
"""Steps that are each followed by an observation, in the second table of times."""


def report(most: int, **_: Any) -> None:
    sizes = [1 << power for power in range(10, most + 1, 2)]
    names = ("hot-add", "online up", "offline", "movable down", "offline", "remove")
    times = {size: _life(size, repeat=max(1, (1 << 16) // size)) for size in sizes}
    rows: list[list[object]] = [[size, f"{size // 8} GiB", *times[size]] for size in sizes]
    growth = [max(column) / column[0] for column in zip(*times.values(), strict=True)]
    rows.append([f"growth, of {ALLOWED:.0f} allowed", "", *growth])
    table("engine", "microseconds a block", ("blocks", "memory", *names), rows)

    print()
    memory = {size: _memory(size) for size in sizes}
    table(
        "engine-memory",
        "bytes kept per block, by tracemalloc",
        ("blocks", "after hot-add", "a copy", f"of {BYTES_ALLOWED} allowed"),
        [[size, *sides, max(sides) / BYTES_ALLOWED] for size, sides in memory.items()],
    )

    print()
    observed = {size: _observed(size) for size in sizes}
    first = observed[sizes[0]]
    table(
        "engine-observed",
        f"microseconds a step with an observation, of {OBSERVED_STEPS}",
        ("blocks", "online up", "movable down", "x first", "x first"),
        [
            [size, *both, *(time / smallest for time, smallest in zip(both, first, strict=True))]
            for size, both in observed.items()
        ],
    )


def _machine(blocks: int) -> tuple[Guest, Plug]:
    guest = Guest(Machine(physical_bits=52), Upstream())
    # The memmap of 128 TiB takes 2 TiB, so give the machine enough free memory.
    guest.kernel.free_kib = 1 << 50
    return guest, Plug("dimm", Bytes(blocks * SECTION))


def _life(blocks: int, repeat: int) -> list[float]:
    """Return microseconds per block for each phase, the best of `repeat` runs."""
    up = range(FIRST, FIRST + blocks)
    runs = []
    for _ in range(repeat):
        guest, plug = _machine(blocks)
        phases: list[list[Step]] = [
            [plug],
            [Write(f"memory{block}/state", "online") for block in up],
            [Write(f"memory{block}/state", "offline") for block in up],
            [Write(f"memory{block}/state", "online_movable") for block in reversed(up)],
            [Write(f"memory{block}/state", "offline") for block in up],
            [Unplug("dimm")],
        ]
        runs.append([seconds(partial(_do, guest, steps)) for steps in phases])
    return [min(column) * 1e6 / blocks for column in zip(*runs, strict=True)]


def _do(guest: Guest, steps: Iterable[Step]) -> None:
    kernel = guest.kernel
    for step in steps:
        result, _ = guest.do(step)
        assert result is None, f"{step}: {result}"
        kernel.because.clear()
        kernel.uevents.clear()


def _memory(blocks: int) -> tuple[float, float]:
    """Return bytes per block: of a machine with the added memory, and of a copy of the machine."""
    tracemalloc.start()
    guest, plug = _machine(blocks)
    _do(guest, [plug])
    kept, _ = tracemalloc.get_traced_memory()
    copy = guest.copy()
    both, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert copy.key() == guest.key()
    return kept / blocks, (both - kept) / blocks


def _observed(blocks: int) -> tuple[float, float]:
    guest, plug = _machine(blocks)
    runner = Runner(guest)
    runner.boot()
    runner.act(plug)
    top = FIRST + blocks - 1
    up = [Write(f"memory{FIRST + n}/state", "online") for n in range(OBSERVED_STEPS)]
    down = [Write(f"memory{top - n}/state", "online_movable") for n in range(OBSERVED_STEPS)]
    return _per_step(runner, up), _per_step(runner, down)


def _per_step(runner: Runner, steps: list[Write]) -> float:
    return seconds(lambda: [runner.act(step) for step in steps]) * 1e6 / len(steps)
