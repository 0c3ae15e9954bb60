from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zonediff.reports.formats import FORMATS


@pytest.fixture
def result(zonediff: Any, corpus: Path, tmp_path: Path) -> Path:
    zonediff("run", "--corpus", corpus, "-o", "result.json", "--html", "run.html")
    return tmp_path / "result.json"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format(zonediff: Any, result: Path, tmp_path: Path, name: str) -> None:
    printed = zonediff("report", result, "--format", name)
    assert printed.exit_code == 0
    written = zonediff("report", result, "--format", name, "-o", "out")
    assert (written.exit_code, written.output) == (0, "")
    assert (tmp_path / "out").read_bytes() == printed.stdout_bytes


def test_a_report_is_the_same_as_with_the_run(zonediff: Any, result: Path, tmp_path: Path) -> None:
    zonediff("report", result, "--format", "html", "-o", "again.html")
    assert (tmp_path / "again.html").read_bytes() == (tmp_path / "run.html").read_bytes()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["none.json", "--format", "html"], "none.json"),
        (["corpus", "--format", "html"], "corpus"),
        (["corpus/knob.yaml", "--format", "html"], "not a zonediff result"),
        (["binary", "--format", "html"], "not a zonediff result"),
        (["result.json"], "--format"),
        (["result.json", "--format", "pdf"], "html"),
        (["result.json", "--format", "mail", "-o", "nowhere/out"], "no folder nowhere"),
        (["result.json", "--format", "mail", "-o", "result.json"], "is read as well"),
    ],
    ids=" ".join,
)
def test_mistakes(zonediff: Any, result: Path, tmp_path: Path, args: list[str], says: str) -> None:
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    kept = result.read_bytes()
    done = zonediff("report", *args)
    assert done.exit_code == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert result.read_bytes() == kept
