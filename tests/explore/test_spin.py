"""Verdicts against an independent checker: Spin, on a model exported from the same systems."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.explore.conftest import Explore
from zonediff.explore.arena import STANDARD
from zonediff.explore.exports import promela, promela_tables
from zonediff.explore.system import System
from zonediff.explore.views import Level

pytestmark = pytest.mark.skipif(
    not (shutil.which("spin") and shutil.which("gcc")), reason="needs spin and gcc"
)


def spin(left: System, right: System, folder: Path) -> tuple[bool, int]:
    """Whether users see the same, and how many pairs of states Spin met."""
    (folder / "m.pml").write_text("\n".join(promela(left, right, "m.h")))
    (folder / "m.h").write_text("\n".join(promela_tables(left, right)))

    def run(*command: str) -> str:
        return subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=True
        ).stdout

    run("spin", "-a", "m.pml")
    run("gcc", "-w", "-O1", "-DBFS", "-DSAFETY", "-DNOREDUCE", "-o", "pan", "pan.c")
    text = run("./pan")
    errors = re.search(r"errors: (\d+)", text)
    # Beside the pairs, Spin counts the states before the first look and before the first step.
    nominal = re.search(r"(\d+) nominal states", text)
    assert errors, text
    return errors[1] == "0", int(nominal[1]) - 2 if nominal else 0


@pytest.mark.parametrize(
    ("left", "right", "arena", "level"),
    [
        ("michal-split/3", "hyperv-xen-only", "one-dimm", "spans"),
        ("michal-split/1", "upstream", "hotplug", "sysfs"),
        ("igor-movable", "upstream", "one-dimm", "results"),
        ("v4.12", "upstream", "one-dimm", "spans"),
        ("v4.12", "upstream", "hotplug", "states"),
        ("v4.13", "upstream", "two-dimms", "results"),
        ("v4.14", "v6.1", "two-dimms", "results"),
        ("v4.14", "v4.14-stable", "one-dimm", "results"),
    ],
)
def test_spin_comes_to_the_same_verdict(
    left: str, right: str, arena: str, level: Level, tmp_path: Path, explore: Explore
) -> None:
    first, second, actual = explore(left, right, STANDARD[arena], level)
    same, pairs = spin(first, second, tmp_path)
    assert same == (actual.verdict == "equivalent")
    assert not same or pairs == actual.pairs
