"""Scaling: the gain of a second process, the cost of sending work, grids of 10^2 to 10^6 points.

Parallel work shows only in wall-clock time, which other load disturbs. So all pools are measured in
turn, several times, and the best time of each counts. In addition, the CPU time of all processes
gives the speedup that separate CPUs would allow.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, wait
from contextlib import ExitStack, closing
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import psutil

from benchmarks.measure import table
from zonediff.compare.simulate.sample import sample
from zonediff.compare.sweep.frontier import frontiers
from zonediff.compare.sweep.plan import Sweep, find, load
from zonediff.compare.sweep.store import Rows, row_keys
from zonediff.compare.sweep.work import Outcome, Point, Task
from zonediff.corpus.loader import load as load_scenarios
from zonediff.engine.units import MIB, SECTION, Bytes
from zonediff.variants.registry import Registry
from zonediff.work.chunks import map_chunks
from zonediff.work.contract import WorkerContract
from zonediff.work.open_pool import open_pool
from zonediff.work.pool import ProcessPool, WorkerPool
from zonediff.work.store import open_store

TURNS = 3
TASKS = 20_000
"""Tasks that do nothing, to measure the cost of sending one; a tenth of them are sent singly."""

UDEV_GRID = (120, 60)
"""Machines and sizes of the grid that processes share, on which udev onlines each block."""

ALLOWED = 2.0
"""The allowed ratio of the largest and the smallest time per point, from 10^3 points on."""


def report(most_points: int = 6, **_: Any) -> None:
    with ExitStack() as stack:
        pools = {name: stack.enter_context(pool) for name, pool in _pools()}
        _side_by_side(pools)
        print()
        _sending(pools)
    print()
    _growing(most_points)
    print()
    _answering()
    print()
    _bisecting()


def _pools() -> Iterator[tuple[str, Any]]:
    registry = Registry()
    yield "this process", open_pool(registry)
    for count in (1, 2):
        # The product never starts a pool of one process; here it shows the cost of sending.
        yield f"processes: {count}", _processes(registry, count)
    for count in (1, 2):
        yield f"Dask workers: {count}", open_pool(registry, count, "local")


def _processes(registry: Registry, count: int) -> Any:
    return closing(ProcessPool(WorkerContract.of_this_process(registry.files), count))


def _side_by_side(pools: dict[str, WorkerPool]) -> None:
    sweep = _grid(*UDEV_GRID, onliner="udev")
    points = UDEV_GRID[0] * UDEV_GRID[1]
    registry = Registry()
    walls: dict[str, list[float]] = {name: [] for name in pools}
    cpus: dict[str, list[float]] = {name: [] for name in pools}
    for turn in range(TURNS + 1):
        for name, pool in pools.items():
            before = _cpu_of_all()
            wall = _seconds(partial(frontiers, sweep, registry, pool=pool))
            if turn:  # the first turn starts the processes
                walls[name].append(wall)
                cpus[name].append(_cpu_of_all() - before)
    alone, cpu = min(walls["this process"]), min(cpus["this process"])
    table(
        "scaling",
        f"a grid of {points} points (load of the machine: {os.getloadavg()[0]:.1f}, "
        f"CPUs: {os.cpu_count()})",
        ("pool", "s", "points/s", "x this process", "CPU s", "x, on separate CPUs"),
        [
            [
                *(name, min(walls[name]), round(points / min(walls[name]))),
                f"{alone / min(walls[name]):.2f}",
                min(cpus[name]),
                f"{(int(name[-1]) if name[-1].isdigit() else 1) * cpu / min(cpus[name]):.2f}",
            ]
            for name in pools
        ],
    )


def _cpu_of_all() -> float:
    """Return the CPU seconds of this process and all its descendants."""
    this = psutil.Process()
    times: list[Any] = [process.cpu_times() for process in (this, *this.children(recursive=True))]
    return float(sum(time.user + time.system for time in times))


def _sending(pools: dict[str, WorkerPool]) -> None:
    single_tasks = TASKS // 10
    rows: list[list[object]] = []
    with ProcessPoolExecutor(1, get_context("forkserver")) as bare:
        bare.submit(int).result()
        one_by_one = _best(partial(_one_by_one, bare, single_tasks)) / single_tasks
    rows.append(["bare ProcessPoolExecutor, 1", "one by one", one_by_one * 1e6, "1.00"])
    for name, pool in pools.items():
        if name not in ("processes: 1", "Dask workers: 1"):
            continue
        if "Dask" in name:
            executor = pool._executor  # type: ignore[attr-defined]
            took = _best(partial(_one_by_one, executor, single_tasks)) / single_tasks
            rows.append(["bare Dask executor, 1", "one by one", took * 1e6, took / one_by_one])
        took = _best(partial(_in_chunks, pool)) / TASKS
        rows.append([name, "in chunks", took * 1e6, f"{took / one_by_one:.3f}"])
    table("sending", "the cost of sending a task", ("to", "how", "us", "x bare executor"), rows)


def _growing(most: int) -> None:
    rows: list[list[object]] = []
    each: dict[int, float] = {}
    with TemporaryDirectory() as folder:
        for power in range(2, most + 1):
            machines = 10 ** (power // 2)
            sweep = _grid(machines, 10**power // machines)
            store = Path(folder) / f"{power}.sqlite"
            with open_store(store) as opened:
                work = partial(frontiers, sweep, Registry(), store=opened)
                first, again = _cpu(work), _cpu(work)
            points = 10**power
            each[power] = first / points * 1e6
            size = store.stat().st_size / points
            rows.append([f"10^{power}", first, each[power], again / points * 1e6, size])
    table(
        "growing",
        "a growing grid of one DIMM whose blocks are never onlined, with a store; CPU time",
        ("points", "s", "us a point", "us a point, from the store", "bytes a point in the store"),
        rows,
    )
    late = [value for power, value in each.items() if power >= 3]
    print(f"from 10^3 points on, of {ALLOWED:.0f} allowed: {max(late) / min(late):.2f}")


def _answering() -> None:
    """Measure the client's work for each answer, which more workers do not reduce."""
    sweep = _grid(100, 1000)
    registry = Registry()
    keys = row_keys(sweep, registry)
    points = tuple(Point(size, None, 100_000) for size in sweep.added)
    outcomes = [(Task(row), Outcome(200_000, points)) for row in keys]
    answers = [pickle.dumps(outcome) for _, outcome in outcomes]
    number = len(answers) * len(points)
    receiving = _cpu(lambda: [pickle.loads(answer) for answer in answers])
    with TemporaryDirectory() as folder, open_store(Path(folder) / "a.sqlite") as store:
        stored_rows = Rows(store, sweep, keys)
        keeping = _cpu(partial(_keep, stored_rows, outcomes))
    scenario = load_scenarios(["pressure/help-by-chance"])[0]
    policy = registry.model("upstream").policy
    seeds = 200
    running = _cpu(lambda: sample(scenario, policy, 0, seeds))
    answer = pickle.dumps(sample(scenario, policy, 0, 2))
    counting = _cpu(lambda: [pickle.loads(answer) for _ in range(1000)]) / 1000
    table(
        "overhead",
        "the cost of work for a worker, and of its answer for the client; CPU time",
        ("work", "us of a worker", "us of the client"),
        [
            ["a point of a sweep, cheapest", "see above", (receiving + keeping) / number * 1e6],
            [
                f"a timed run, {seeds} seeds together",
                f"{running / seeds * 1e6:.2f}",
                f"{counting / seeds * 1e6:.2f}",
            ],
        ],
    )


def _bisecting() -> None:
    registry = Registry()
    rows: list[list[object]] = []
    for name in ("glance", "frontier"):
        sweep = load(find(name), registry)
        whole = _cpu(partial(frontiers, sweep, registry))
        adaptive = _cpu(partial(frontiers, sweep, registry, adaptive=True))
        rows.append([name, whole, adaptive, f"{whole / adaptive:.1f}"])
    sweep = _grid(100, 100, onliner="udev")
    whole = _cpu(partial(frontiers, sweep, registry))
    adaptive = _cpu(partial(frontiers, sweep, registry, adaptive=True))
    rows.append(["100 x 100, one DIMM, udev", whole, adaptive, f"{whole / adaptive:.1f}"])
    table(
        "bisection", "bisection, CPU seconds", ("sweep", "whole grid", "--adaptive", "x less"), rows
    )


def _grid(machines: int, sizes: int, onliner: Any = "nobody") -> Sweep:
    return Sweep(
        "a grid",
        base=tuple(Bytes((64 + number) * MIB) for number in range(machines)),
        added=tuple(Bytes((1 + number) * SECTION) for number in range(sizes)),
        variants=("upstream",),
        paths=("acpi",),
        onliners=(onliner,),
    )


def _one_by_one(executor: Executor, tasks: int) -> None:
    wait([executor.submit(int) for _ in range(tasks)])


def _in_chunks(pool: WorkerPool) -> None:
    for _ in map_chunks(pool, _nothing, range(TASKS), lambda item: item):
        pass


def _keep(rows: Rows, outcomes: list[tuple[Task, Outcome]]) -> None:
    for pair in outcomes:
        rows.save([pair])


def _nothing(registry: Registry, item: int) -> int:
    return item


def _seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def _best(work: Callable[[], object]) -> float:
    return min(_seconds(work) for _ in range(TURNS))


def _cpu(work: Callable[[], object]) -> float:
    start = process_time()
    work()
    return process_time() - start
