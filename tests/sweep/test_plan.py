"""Sweep files: what they mean, and what is wrong with them, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from zonediff.compare.sweep.plan import SHIPPED, find, load
from zonediff.corpus.problems import ScenarioError
from zonediff.engine.units import GIB, MIB
from zonediff.variants.registry import COMPARED, Registry


def read(tmp_path: Path, text: str) -> object:
    file = tmp_path / "sweep.yaml"
    file.write_text(text)
    return load(file, Registry())


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, text)
    return [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.problems]


def test_a_row_for_each_machine_variant_path_and_onliner(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text("title: t\nbase: [128M]\nadded: {first: 1G, last: 2G, step: 512M}\n")
    sweep = load(file, Registry())
    assert sweep.variants == COMPARED
    assert sweep.added == (GIB, 1536 * MIB, 2 * GIB)
    rows = list(sweep.rows())
    assert len(rows) == len(set(rows)) == len(COMPARED) * 3 * 4
    assert str(rows[0]) == "upstream with 128M, acpi, kernel"


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.yaml")), ids=lambda file: file.stem)
def test_shipped_sweeps_can_be_read_by_their_names(file: Path) -> None:
    assert find(file.stem) == file
    assert load(file, Registry()).title


def test_every_mistake_is_told_with_its_place(tmp_path: Path) -> None:
    text = "title: t\nbase: [1M, 128M, 128M]\nadded: [1G, 200M]\nvariants: [upstrem]\npaths: []\n"
    assert problems(tmp_path, text) == [
        "sweep.yaml:2:8: base[0]: 1M: expected whole MiB, 64M to 62G",
        "sweep.yaml:2:18: base[2]: 128M is listed twice",
        "sweep.yaml:3:13: added[1]: 200M: expected a multiple of 128M, up to 1T",
        "sweep.yaml:3:13: added[1]: expected ascending sizes",
        "sweep.yaml:4:12: variants[0]: there is no variant 'upstrem': did you mean upstream?",
        "sweep.yaml:5:8: paths: expected at least one value",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "title: t\nbase: [1G]\nadded: {first: 1G, last: 2G, step: 0}\n",
            "sweep.yaml:3:36: added.step: expected a step above 0",
        ),
        (
            "title: t\nbase: [1G]\nadded: {first: 128M, last: 1T, step: 1M}\n",
            "sweep.yaml:3:8: added: 1048449 sizes: expected at most 4096",
        ),
        (
            "title: t\nbase: [1G]\nadded: [1G]\nonliners: [daemon]\n",
            "sweep.yaml:4:12: onliners[0]: unknown value 'daemon' "
            "(known: kernel, udev, udev-movable, nobody)",
        ),
        ("title: t\nbase: [1G]\n", "sweep.yaml:1:1: added: is missing"),
    ],
)
def test_one_mistake(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, text) == [problem]


def test_a_name_that_is_no_sweep() -> None:
    with pytest.raises(ScenarioError, match="no such file; unknown sweep 'frontie', did you mean"):
        find("frontie")
