"""How results developed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

VARIANT = """
from zonediff.variants.upstream import Upstream


class Mine(Upstream):
    \"\"\"No knob.\"\"\"

    name = "mine"
    origin = "a test"
    knob = None
"""


def test_a_row_for_each_result_and_what_changed(
    zonediff: Any, corpus: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(VARIANT)
    run = ("run", "--corpus", corpus, "--variant-file", "mine.py", "--variants", "mine")
    zonediff(*run, "-o", "monday.json")
    (tmp_path / "mine.py").write_text(VARIANT.replace("knob = None", "released = None"))
    zonediff(*run, "-o", "tuesday.json")
    zonediff(*run, "-o", "friday.json", "knob")
    result = zonediff("trend", "monday.json", "tuesday.json", "friday.json")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "mine:",
        "  result          scenarios    regressions    deaths    errors    removals",
        "  ------------  -----------  -------------  --------  --------  ----------",
        "  monday.json             3              2         0         0           1",
        "  tuesday.json            3              0         0         0           0",
        "  friday.json             2              0         0         0           0",
        "  tuesday.json: 2 fewer regress: knob[state=offline|online]",
        "  friday.json: 1 scenario in one of the two",
    ]
    back = zonediff("trend", "tuesday.json", "monday.json")
    assert "  monday.json: 2 more regress: knob[state=offline|online]\n" in back.output


def test_what_is_no_result(zonediff: Any, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    result = zonediff("trend", "x.json")
    assert (result.exit_code, "x.json: not a zonediff result" in result.stderr) == (2, True)
    assert zonediff("trend").exit_code == 2
