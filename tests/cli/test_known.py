"""Known outcomes: a job is green while nothing else regresses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from junitparser import JUnitXml, Skipped

from zonediff.result.files import load

VARIANT = """
from zonediff.variants.upstream import Upstream


class Mine(Upstream):
    \"\"\"No knob.\"\"\"

    name = "mine"
    origin = "a test"
    knob = None


class Broken(Upstream):
    \"\"\"Fails.\"\"\"

    name = "broken"
    origin = "a test"

    def zone_of_new_memory(self, kernel, node, first, source):
        raise LookupError("no idea")
"""


@pytest.fixture
def run(zonediff: Any, corpus: Path, tmp_path: Path) -> Any:
    """Run the corpus on a variant without a knob."""
    (tmp_path / "mine.py").write_text(VARIANT)

    def call(*args: object, variants: str = "mine") -> Any:
        words = ("--corpus", corpus, "--variant-file", "mine.py", "--variants", variants)
        return zonediff("run", *words, *args)

    return call


def entries(path: Path) -> Any:
    return yaml.safe_load(path.read_text())["known"]


def test_what_is_written_makes_the_next_run_green(run: Any, tmp_path: Path) -> None:
    written = run("--write-known", "known.yaml")
    assert written.exit_code == 1
    assert entries(tmp_path / "known.yaml") == [
        {"scenario": f"knob[state={state}]", "variant": "mine", "unmet": ["the write succeeds"]}
        for state in ("offline", "online")
    ]
    again = run("--known", "known.yaml")
    assert again.exit_code == 0
    assert "mine breaks 2 scenarios, 2 of them known: " in again.output
    assert "2 regressions on mine" not in again.output


def test_a_regression_that_is_not_known_counts(run: Any, tmp_path: Path) -> None:
    run("--write-known", "known.yaml")
    file = tmp_path / "known.yaml"
    file.write_text(yaml.safe_dump({"known": entries(file)[:1]}))
    result = run("--known", "known.yaml")
    assert result.exit_code == 1
    assert "1 regression on mine:\n  knob[state=online]\n" in result.output


def test_a_known_regression_that_gets_worse_counts(run: Any, tmp_path: Path) -> None:
    run("--write-known", "known.yaml")
    file = tmp_path / "known.yaml"
    file.write_text(file.read_text().replace("the write succeeds", "another goal"))
    assert run("--known", "known.yaml").exit_code == 1


def test_stale_entries_are_reported_and_go_when_the_file_is_written_again(
    run: Any, tmp_path: Path
) -> None:
    run("--write-known", "known.yaml")
    file = tmp_path / "known.yaml"
    more = [
        {"scenario": "ordering/first", "variant": "mine", "unmet": ["x"]},
        {"scenario": "ordering/first", "variant": "other", "unmet": ["x"], "why": "elsewhere"},
    ]
    first, *others = entries(file)
    file.write_text(yaml.safe_dump({"known": [{**first, "why": "declared"}, *others, *more]}))
    result = run("--known", "known.yaml", "--write-known", "known.yaml")
    assert result.exit_code == 0
    assert result.output.endswith(
        "1 known outcome to take out of the file, or to write again:\n"
        "  ordering/first on mine: no longer regresses\n\nwrote known.yaml\n"
    )
    assert entries(file) == [{**first, "why": "declared"}, *others, more[1]]


def test_a_known_failure(run: Any, tmp_path: Path) -> None:
    assert run("--write-known", "known.yaml", variants="broken").exit_code == 3
    [entry] = entries(tmp_path / "known.yaml")
    assert entry["error"] == "LookupError: no idea"
    assert run("--known", "known.yaml", variants="broken").exit_code == 0
    text = (tmp_path / "known.yaml").read_text()
    (tmp_path / "known.yaml").write_text(text.replace("no idea", "another"))
    assert run("--known", "known.yaml", variants="broken").exit_code == 3


def test_known_outcomes_are_neither_passed_nor_failed(
    run: Any, zonediff: Any, tmp_path: Path
) -> None:
    run("--write-known", "known.yaml", "-o", "out.json")
    args = ("--known", "known.yaml", "--report", "junit=out.xml", "--report", "ktap=out.ktap")
    assert run(*args).exit_code == 0
    [suite] = JUnitXml.fromfile("out.xml")
    assert (suite.tests, suite.failures, suite.skipped) == (4, 0, 2)
    skipped = [case.result[0] for case in suite if case.result]
    assert {type(item) for item in skipped} == {Skipped}
    assert skipped[0].message.startswith("known regression")
    ktap = (tmp_path / "out.ktap").read_text()
    assert "ok 1 knob[state=offline] # XFAIL regression (" in ktap
    assert "# Totals: pass:2 fail:0 skip:0 error:0 xfail:2\n" in ktap
    assert load(Path("out.json")).known == []
    done = zonediff("report", "out.json", "--known", "known.yaml", "--format", "ktap")
    assert done.output == ktap


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("known: 1\n", "known.yaml:1:1: expected `known:` with a list of outcomes"),
        ("known:\n- {variant: a, unmet: []}\n", "known.yaml:2:3: known[0]: scenario is missing"),
        ("known:\n- {scenario: s, variant: a}\n", "known[0]: give either unmet or error"),
        (
            "known:\n- {scenario: s, variant: a, unmet: x}\n",
            "known[0].unmet: expected a list",
        ),
        ("known:\n- {scenario: s, variant: a, error: x, y: z}\n", "known[0].y: unknown key"),
        ("known:\n- x\n", "known.yaml:2:3: known[0]: expected scenario, variant and"),
        ("known: [\n", "known.yaml:2:1"),
    ],
)
def test_mistakes_in_the_file(run: Any, tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "known.yaml").write_text(text)
    result = run("--known", "known.yaml")
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_file_that_is_not_there(run: Any) -> None:
    result = run("--known", "missing.yaml")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: missing.yaml: No such file or directory\n",
    )
