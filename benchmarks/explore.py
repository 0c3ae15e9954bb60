"""How quick exploring is: `python benchmarks/explore.py`; all in one run, so that ratios hold."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from zonediff.compare.explore.arena import STANDARD
from zonediff.compare.explore.exports import promela, promela_tables
from zonediff.compare.explore.lts import Numberings, Outcome, System, build
from zonediff.compare.explore.product import compare
from zonediff.engine.steps import Read
from zonediff.variants.registry import Registry

T = TypeVar("T")

PAIRS = (
    ("one-dimm", "upstream", "igor-movable"),
    ("hotplug", "upstream", "v4.12"),
    ("two-nodes", "v4.13", "v4.14"),
    ("eight-blocks", "upstream", "igor-movable"),
    ("eight-blocks", "upstream", "michal-split/3"),
)


def main() -> None:
    registry = Registry()
    print("arena         variants                      states    transitions  seconds  trans./s")
    for arena, *names in PAIRS:
        numberings = Numberings()
        policies = [registry.model(name).policy for name in names]

        def both(policies=policies, arena=arena, numberings=numberings) -> tuple[System, System]:
            one, two = (build(p, STANDARD[arena], numberings=numberings) for p in policies)
            return one, two

        seconds, (left, right) = timed(both)
        more, found = timed(lambda left=left, right=right: compare(left, right))
        transitions = left.transitions + right.transitions
        print(
            f"{arena:13} {' '.join(names):29} {left.states:>6} {right.states:>6} {transitions:>10}"
            f" {seconds + more:8.2f} {transitions / (seconds + more):9.0f}"
        )
        spin(left, right, seconds + more)
    left, right = synthetic(100_000, 6)
    seconds, found = timed(lambda: compare(left, right))
    longest = max(len(witness.actions) for witness in found.witnesses)
    print(
        f"synthetic: two systems of {left.states} states and {left.transitions} transitions "
        f"compared in {seconds:.2f} s: {found.verdict}, witness of {longest} steps, "
        f"{found.pairs} pairs"
    )
    spin(left, right, seconds)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    done = work()
    return time.perf_counter() - began, done


def synthetic(states: int, width: int) -> tuple[System, System]:
    """A random system, and one with its states in another order and one outcome changed."""
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
            *(name, tuple(Read(f"file{number}") for number in range(width)), (), successor),
            *(outcome, np.zeros((states, 0), np.int32), np.zeros(states, np.int64), none, none),
            *(True, 0, 0.0, 0, numberings),
        )

    return system("one", successor, outcome), system("two", *other)


def spin(left: System, right: System, ours: float) -> None:
    """The same question put to Spin, generation and compilation included."""
    if not (shutil.which("spin") and shutil.which("gcc")):
        print("              (spin and gcc are not installed)")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "m.pml").write_text("\n".join(promela(left, right, "m.h")))
        (folder / "m.h").write_text("\n".join(promela_tables(left, right)))

        def check() -> str:
            text = ""
            for command in (
                ["spin", "-a", "m.pml"],
                ["gcc", "-w", "-O2", "-DBFS", "-DSAFETY", "-DNOREDUCE", "-o", "pan", "pan.c"],
                ["./pan"],
            ):
                done = subprocess.run(
                    command, cwd=folder, capture_output=True, text=True, check=True
                )
                text = done.stdout
            return text

        seconds, text = timed(check)
    errors = re.search(r"errors: (\d+)", text)
    verdict = "equivalent" if errors and errors[1] == "0" else "differs"
    print(f"              spin: {verdict} in {seconds:.2f} s, {seconds / ours:.1f} times ours")


if __name__ == "__main__":
    main()
