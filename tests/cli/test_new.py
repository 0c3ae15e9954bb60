"""The command new: what it writes works as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("name", ["mine", "my-series/2", "v4.10+fix", "4", "class"])
def test_a_new_variant_passes_the_check(zonediff: Any, name: str) -> None:
    written = zonediff("new", "variant", name)
    assert written.exit_code == 0, written.output
    command = written.output.partition("next: zonediff ")[2].split()
    result = zonediff(*command)
    assert result.exit_code == 0, result.output
    shown = zonediff("list", "variants", *command[1:])
    assert name in shown.output


def test_a_new_scenario_passes_the_check(zonediff: Any, tmp_path: Path) -> None:
    written = zonediff("new", "scenario", "mine")
    assert written.output == "wrote mine.yaml; next: zonediff check mine.yaml\n"
    result = zonediff("check", "mine.yaml")
    assert result.exit_code == 0, result.output
    assert max(map(len, (tmp_path / "mine.yaml").read_text().splitlines())) <= 100


def test_another_file(zonediff: Any, tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    result = zonediff("new", "scenario", "mine", "-o", "scenarios/other.yaml")
    assert result.output.endswith("next: zonediff check scenarios/other.yaml\n")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("variant", "upstream"), "there is already a variant 'upstream'"),
        (("variant", "a b"), "letters, digits and"),
        (("scenario", "../x"), "letters, digits and"),
        (("variant", "mine", "-o", "mine.yaml"), "expected a file *.py"),
        (("scenario", "mine", "-o", "no/mine.yaml"), "there is no folder no"),
        (("patch", "mine"), "'patch' is not one of"),
    ],
)
def test_mistakes(zonediff: Any, tmp_path: Path, args: tuple[str, ...], says: str) -> None:
    result = zonediff("new", *args)
    assert result.exit_code == 2
    assert says in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(zonediff: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("precious")
    result = zonediff("new", "variant", "mine")
    assert result.exit_code == 2
    assert "mine.py exists already" in result.stderr
    assert (tmp_path / "mine.py").read_text() == "precious"
