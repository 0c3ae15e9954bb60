"""The speed of exploring, compared with other tools on the same question.

`python -m benchmarks explore` measures Spin on the exported model and Hypothesis' stateful search
on the engine, in one run, so that ratios hold. `python -m benchmarks.explore IMAGE VARIANT`
measures a real kernel (docs/live.md). Times are CPU seconds; those of the kernel are wall-clock
seconds.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from benchmarks.measure import note, seconds, table
from zonediff.engine.guest import Guest
from zonediff.engine.kernel import KernelDied
from zonediff.engine.policy import Policy
from zonediff.engine.steps import Read, Step
from zonediff.explore.arena import STANDARD, Arena
from zonediff.explore.build import build
from zonediff.explore.compare import Comparison, compare
from zonediff.explore.explain import steps_of
from zonediff.explore.exports import promela
from zonediff.explore.kinds import RESULT, Kind, result_kind
from zonediff.explore.system import Numberings, Outcome, System, rules
from zonediff.variants.registry import LIVE, Registry

PAIRS = (
    ("one-dimm", "upstream", "igor-movable"),
    ("hotplug", "upstream", "v4.12"),
    ("two-nodes", "v4.13", "v4.14"),
    ("eight-blocks", "upstream", "igor-movable"),
    ("eight-blocks", "upstream", "michal-split/3"),
    ("eight-blocks", "upstream", "v4.13"),
    ("eight-blocks", "v4.13", "v4.14"),
)
FLOOR = 500_000


def report(**_: object) -> None:
    systems()
    variants()
    stateful()


def explored(
    arena: Arena, baseline: str, candidate: str
) -> tuple[float, System, System, Comparison]:
    """Compare two variants; return the CPU seconds, both systems and the comparison."""
    registry, numberings = Registry(), Numberings()
    results: list[tuple[System, System, Comparison]] = []

    def work() -> None:
        left, right = (
            build(registry.model(name).policy, arena, numberings=numberings)
            for name in (baseline, candidate)
        )
        results.append((left, right, compare(left, right)))

    cpu_seconds = seconds(work)
    return cpu_seconds, *results[0]


def systems() -> None:
    rows = []
    for arena, baseline, candidate in PAIRS:
        cpu_seconds, left, right, comparison = explored(STANDARD[arena], baseline, candidate)
        rows.append(
            row(f"{arena}: {baseline}, {candidate}", left, right, cpu_seconds, comparison.verdict)
        )
    left, right = synthetic(100_000, 6)
    cpu_seconds = seconds(lambda: compare(left, right))
    rows.append(row("two random systems, compared only", left, right, cpu_seconds, "2.2 s allowed"))
    table(
        "explore",
        "two variants explored and compared",
        [
            "arena",
            "states",
            "transitions",
            "s",
            "1000 trans./s",
            "verdict",
            "Spin, s",
            "x zonediff",
        ],
        rows,
    )


def row(name: str, left: System, right: System, cpu_seconds: float, verdict: str) -> list[object]:
    transitions = left.transitions + right.transitions
    spin_seconds = spin(left, right)
    return [
        *(name, f"{left.states}, {right.states}", transitions, cpu_seconds),
        *(transitions / cpu_seconds / 1000, verdict),
        *((spin_seconds, spin_seconds / cpu_seconds) if spin_seconds else (None, None)),
    ]


def variants() -> None:
    rows = []
    for name in ("upstream", "igor-movable", "v4.12", "v4.13", "v4.14", "v6.1"):
        policy = Registry().model(name).policy
        explored_systems: list[System] = []

        def work(policy: Policy = policy, results: list[System] = explored_systems) -> None:
            results.append(build(policy, STANDARD["eight-blocks"]))

        cpu_seconds, system = seconds(work), explored_systems[0]
        note(f"exploring {name} on eight-blocks", cpu_seconds)
        rate = system.transitions / cpu_seconds
        rows.append(
            [name, system.states, system.transitions, system.probe_count, cpu_seconds, rate / FLOOR]
        )
    table(
        "explore-variants",
        "one variant on eight-blocks",
        ["variant", "states", "transitions", "engine runs", "s", "x 500,000 trans./s"],
        rows,
    )


# --- peers ----------------------------------------------------------------------------------------


def spin(left: System, right: System) -> float | None:
    """Return Spin's CPU seconds to the first difference, with generation and compilation."""
    if not (shutil.which("spin") and shutil.which("gcc")):
        return None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "m.pml").write_text("\n".join(promela(left, right, "m.h")))
        spin_tables(folder, left, right)
        before = os.times()
        for command in (
            ["spin", "-a", "m.pml"],
            ["gcc", "-w", "-O2", "-DBFS", "-DSAFETY", "-DNOREDUCE", "-o", "pan", "pan.c"],
            ["./pan"],
        ):
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        after = os.times()
    assert re.search(r"errors: \d+", done.stdout)
    return (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )


def spin_tables(folder: Path, left: System, right: System) -> None:
    """Write promela_tables() as data files, because gcc takes long to read large tables in C."""
    lines = []
    for side, system in (("L", left), ("R", right)):
        rows = f"[][{len(system.actions)}]"
        for name, values, shape in (
            (f"next{side}", system.successor, rows),
            (f"result{side}", system.results, rows),
            (f"look{side}", system.label, "[]"),
        ):
            (folder / f"{name}.bin").write_bytes(values.astype(np.int32).tobytes())
            included = rf".section .rodata\n.balign 4\n{name}: .incbin \"{name}.bin\"\n.previous"
            lines += [f'__asm__("{included}");', f"extern const int {name}{shape};"]
    (folder / "m.h").write_text("\n".join(lines))


def stateful() -> None:
    """Measure Hypothesis' stateful search for each kind of different result that zonediff finds."""
    rows = []
    for arena, baseline, candidate in (
        ("one-dimm", "upstream", "igor-movable"),
        ("hotplug", "upstream", "v4.12"),
        ("hotplug", "upstream", "v4.13"),
        ("eight-blocks", "upstream", "v4.13"),
    ):
        ours, *_, comparison = explored(STANDARD[arena], baseline, candidate)
        policies = [Registry().model(name).policy for name in (baseline, candidate)]
        wanted = [item for item in comparison.witnesses if item.kind.what == RESULT]
        hits = shortest = 0
        cpu_seconds = 0.0
        for item in wanted:
            lengths: list[int] = []
            cpu_seconds += seconds(lambda: search(STANDARD[arena], policies, item.kind, lengths))  # noqa: B023
            hits += bool(lengths)
            shortest += bool(lengths) and lengths[-1] == len(item.actions)
        name = f"{arena}: {baseline}, {candidate}"
        rows.append([name, len(wanted), hits, shortest, cpu_seconds, ours, cpu_seconds / ours])
    table(
        "stateful",
        "Hypothesis' stateful search for the same kinds of different results",
        ["arena", "kinds", "found", "as short", "Hypothesis, s", "zonediff, s", "x zonediff"],
        rows,
    )


def search(arena: Arena, policies: list[Policy], wanted: Kind, lengths: list[int]) -> None:
    class Both(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.guests = [Guest(arena.machine, policy) for policy in policies]
            for guest in self.guests:
                guest.power_on()
            self.steps, self.over = 0, False

        @rule(step=st.sampled_from(arena.actions))
        def do(self, step: Step) -> None:
            if self.over:
                return
            self.steps += 1
            baseline, candidate = (outcome(guest, step) for guest in self.guests)
            self.over = baseline.result != candidate.result or baseline.result in (
                "BUG",
                "panic",
                "hang",
            )
            if (
                baseline.result != candidate.result
                and result_kind(step, baseline, candidate) == wanted
            ):
                lengths.append(self.steps)
                raise AssertionError

    with suppress(AssertionError):
        run_state_machine_as_test(
            Both,
            settings=settings(
                max_examples=500,
                stateful_step_count=50,
                phases=[Phase.generate, Phase.shrink],
                database=None,
                deadline=None,
                derandomize=True,
                print_blob=False,
                suppress_health_check=list(HealthCheck),
            ),
        )


def outcome(guest: Guest, step: Step) -> Outcome:
    guest.kernel.because.clear()
    try:
        result = guest.do(step)[0]
    except KernelDied as death:
        result = death.how
    return Outcome(result, rules(guest))


def live(image: str, variant: str) -> None:
    """Compare steps per second of a real kernel, boots included, with explored transitions."""
    registry = Registry()
    kernel = registry.resolve(LIVE + image)
    arena = STANDARD["one-dimm"]
    cpu_seconds, left, right, comparison = explored(arena, variant, "upstream")
    longest = sorted(comparison.witnesses, key=lambda witness: -len(witness.actions))[:3]
    steps, start = 0, time.perf_counter()
    for witness in longest:
        steps += len(kernel.run(arena.machine, steps_of(witness, arena)).steps)
    real = time.perf_counter() - start
    here = (left.transitions + right.transitions) / cpu_seconds
    table(
        "live",
        f"a real kernel, {kernel.origin}, running {len(longest)} witnesses",
        ["steps", "s", "steps/s", "explored transitions/s", "x"],
        [[steps, real, steps / real, here, here / (steps / real)]],
    )


# --- two large systems ----------------------------------------------------------------------------


def synthetic(states: int, width: int) -> tuple[System, System]:
    """Return a random system, and a copy with its states reordered and one outcome changed."""
    random = np.random.default_rng(1)
    numberings = Numberings()
    for number in range(2):
        numberings.outcomes.number(Outcome("EINVAL" if number else None, ("rule",)))
    successor = random.integers(0, states, (states, width), np.int32)
    successor[:, 0] = np.roll(np.arange(states), -1)  # so that every state is reached
    outcome = random.integers(0, 2, (states, width), np.int32)
    order = np.concatenate([[0], 1 + random.permutation(states - 1)])
    place = np.argsort(order)
    other = place[successor[order]].astype(np.int32), outcome[order]
    other[1][place[states // 2], width - 1] ^= 1

    def system(name: str, successor: np.ndarray, outcome: np.ndarray) -> System:
        none = np.zeros(states, np.int32)
        return System(
            name,
            tuple(Read(f"file{number}") for number in range(width)),
            (),
            successor,
            outcome,
            np.zeros((states, 0), np.int32),
            np.zeros(states, np.int64),
            none,
            none,
            True,
            0,
            0.0,
            0,
            numberings,
        )

    return system("one", successor, outcome), system("two", *other)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        live(*sys.argv[1:])
    else:
        report()
