from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def test_variants_with_summary_and_origin_of_their_code(zonediff: Any) -> None:
    result = zonediff("list", "variants")
    assert result.exit_code == 0
    for name in ("upstream", "igor-movable", "michal-split", "michal-split/3", "hyperv-xen-only"):
        assert f"\n{name} " in f"\n{result.output}"
    assert "zonediff.variants.igor_movable" in result.output
    assert max(map(len, result.output.splitlines())) <= 80


def test_a_variant_from_a_file(zonediff: Any, variant_file: Path) -> None:
    result = zonediff("list", "variants", "--variant-file", variant_file, "--json")
    mine = {item["name"]: item for item in json.loads(result.output)}["mine"]
    assert mine["summary"] == "All new memory starts in Movable."
    assert mine["where"] == str(variant_file)


def test_the_shipped_scenarios(zonediff: Any) -> None:
    result = zonediff("list", "scenarios", "--json")
    assert result.exit_code == 0
    assert len(json.loads(result.output)) >= 20


def test_scenarios_of_another_corpus(zonediff: Any, corpus: Path) -> None:
    result = zonediff("list", "scenarios", "--corpus", corpus)
    assert [" ".join(line.split()) for line in result.output.splitlines()] == [
        "knob[state=offline] The knob set to offline",
        "knob[state=online] The knob set to online",
        "ordering/first Movable from the first block on",
    ]


def test_a_long_id_has_a_line_of_its_own(zonediff: Any, corpus: Path) -> None:
    (corpus / "ordering" / "first.yaml").rename(corpus / "ordering" / f"{'long-' * 6}id.yaml")
    result = zonediff("list", "scenarios", "--corpus", corpus)
    assert result.output.splitlines()[2:] == [
        "ordering/long-long-long-long-long-long-id",
        f"{'':34}Movable from the first block on",
    ]


def test_no_line_of_a_list_is_wider_than_a_terminal(zonediff: Any) -> None:
    for what in ("scenarios", "claims"):
        lines = zonediff("list", what).output.splitlines()
        assert max(map(len, lines)) <= 80


def test_mistakes(zonediff: Any, corpus: Path, tmp_path: Path) -> None:
    (corpus / "knob.yaml").write_text("title: [")
    broken = tmp_path / "broken.py"
    broken.write_text("def")
    for args, says in (
        (["list", "nothing"], "nothing"),
        (["list", "scenarios", "--corpus", tmp_path / "none"], "none"),
        (["list", "scenarios", "--corpus", corpus], "knob.yaml:1:9: not YAML"),
        (["list", "variants", "--variant-file", tmp_path / "none.py"], "no such variant file"),
        (["list", "variants", "--variant-file", broken], "broken.py:1:"),
    ):
        result = zonediff(*args)
        assert result.exit_code == 2, args
        assert says in result.stderr
        assert "Traceback" not in result.stderr
        assert result.stdout == ""
