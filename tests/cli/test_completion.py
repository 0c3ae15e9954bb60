"""What the shell completes, as it asks for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def complete(process: Any) -> Any:
    """The values that complete the last of these words, without their kind."""

    def call(*words: object) -> list[str]:
        asked = {
            "_ZONEDIFF_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(["zonediff", *map(str, words)]),
            "COMP_CWORD": str(len(words)),
        }
        done = process(env={**os.environ, **asked})
        assert (done.returncode, done.stderr) == (0, "")
        return [line.partition(",")[2] for line in done.stdout.split()]

    return call


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["re"], ["report", "review", "regress"]),
        (["--v"], ["--version"]),
        (["run", "--variants", "igor-movable,up"], ["igor-movable,upstream"]),
        (["show", "--variant", "igor"], ["igor-movable"]),
        (["run", "--baseline", "v6"], ["v6.1", "v6.12"]),
        (["explore", "pre"], ["pre-auto-online"]),
        (["explore", "upstream", "igor"], ["igor-movable"]),
        (["explore", "--machine", "one-dimm"], ["one-dimm", "one-dimm-online-file"]),
        (["claim", "c01"], ["C01"]),
        (["report", "r.json", "--format", "ju"], ["junit"]),
        (["run", "--report", "ju"], ["junit="]),
        (
            ["regress", "--variants", "v4.12,v4.1"],
            ["v4.12,v4.13", "v4.12,v4.14", "v4.12,v4.14-stable", "v4.12,v4.17"],
        ),
    ],
    ids=lambda value: " ".join(value),
)
def test_a_word(complete: Any, words: list[str], completed: list[str]) -> None:
    assert complete(*words) == completed


def test_scenarios_of_a_corpus(complete: Any, corpus: Path) -> None:
    assert complete("run", "--corpus", corpus, "o") == ["ordering/first"]
    assert complete("show", "--corpus", corpus, "kn") == ["knob"]
    members = ["knob[state=online]", "knob[state=offline]"]
    assert sorted(complete("check", "--corpus", corpus, "knob[")) == sorted(members)
    assert complete("history", "--corpus", corpus, "mine.y") == ["mine.y"]


def test_a_variant_file_is_read_and_not_run(complete: Any, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("class Mine:\n    name = 'mine'\n\n\nopen('was-run', 'w').close()\n")
    assert complete("run", "--variant-file", file, "--variants", "min") == ["mine"]
    assert not (tmp_path / "was-run").exists()
    file.write_text("class (")
    assert complete("run", "--variant-file", file, "--variants", "min") == []
