from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("variant", "says"),
    [
        ("upstream", "zone_can_shift: block 32 ends at pfn 1081344, zone Normal ends at 1310720"),
        ("igor-movable", "memory32 offline [Movable Normal]"),
    ],
)
def test_the_story_with_its_reasons(zonediff: Any, corpus: Path, variant: str, says: str) -> None:
    result = zonediff("show", "ordering/first", "--variant", variant, "--corpus", corpus)
    assert result.exit_code == 0
    assert says in " ".join(result.output.split())
    assert max(map(len, result.output.splitlines())) <= 80


def test_a_file_on_a_variant_from_a_file(zonediff: Any, corpus: Path, variant_file: Path) -> None:
    file = corpus / "ordering" / "first.yaml"
    result = zonediff("show", file, "--variant-file", variant_file, "--variant", "mine")
    assert result.exit_code == 0
    assert "block 32 goes to Movable" in " ".join(result.output.split())


def test_one_scenario_at_a_time(zonediff: Any, corpus: Path) -> None:
    result = zonediff("show", "knob", "--corpus", corpus)
    assert result.exit_code == 2
    assert "'knob' names 2 scenarios" in result.stderr
    assert "knob[state=online]" in result.stderr
    result = zonediff("show", "knob[state=online]", "--corpus", corpus)
    assert result.exit_code == 0


def test_one_member_of_a_file(zonediff: Any, corpus: Path) -> None:
    result = zonediff("show", f"{corpus}/knob.yaml[state=online]")
    assert result.exit_code == 0
    assert "The knob set to online" in result.stdout


def test_a_misspelt_question_is_a_warning(zonediff: Any, corpus: Path, variant_file: Path) -> None:
    text = variant_file.read_text()
    variant_file.write_text(text.replace("zone_of_new_memory", "zone_of_new_memry", 1))
    args = ("--corpus", corpus, "--variant-file", variant_file, "--variant", "mine")
    result = zonediff("show", "ordering/first", *args)
    assert (result.exit_code, result.stderr) == (
        0,
        f"Warning: {variant_file}:17:5: mine: zone_of_new_memry overrides nothing: "
        "did you mean zone_of_new_memory?\n",
    )


def test_a_variant_that_fails(zonediff: Any, corpus: Path, variant_file: Path) -> None:
    args = ("--corpus", corpus, "--variant-file", variant_file, "--variant", "broken")
    result = zonediff("show", "ordering/first", *args)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "broken failed to run ordering/first" in result.stderr
    assert "LookupError: no idea" in result.stderr


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("ordering/frist",), "ordering/first"),
        (("ordering/first", "--variant", "igor-moveable"), "igor-movable"),
        (("missing.yaml",), "no such file"),
        ((), "Missing argument"),
    ],
)
def test_mistakes(zonediff: Any, corpus: Path, args: tuple[str, ...], says: str) -> None:
    result = zonediff("show", *args, "--corpus", corpus)
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stdout == ""
