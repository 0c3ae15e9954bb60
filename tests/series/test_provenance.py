"""`zonediff run --series`: the patches of a variant in results and reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

RUN = ("run", "knob/config-overruled", "--variants", "michal-split/2")


@pytest.fixture(autouse=True)
def no_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the second that replaying recordings takes."""
    monkeypatch.setattr("zonediff.compare.assemble.recorded_evidence", lambda names, registry: {})


def mailed(linux: Any, file: Path) -> None:
    file.write_text(linux.git("format-patch", "--stdout", "base..main"))


def test_a_series_is_in_every_report(zonediff: Any, linux: Any, tmp_path: Path) -> None:
    mailed(linux, tmp_path / "series.mbox")
    for source in ("series.mbox", "linux@base..main"):
        result = zonediff(
            *RUN, "--series", f"michal-split={source}", "-o", "r.json", "--mail", "r.txt",
            "--html", "r.html", "--report", "markdown=r.md",
        )  # fmt: skip
        assert result.exit_code in (0, 1), result.output
        [series] = json.loads(Path("r.json").read_text())["series"]
        assert series["variant"] == "michal-split"
        assert [line["stage"] for line in series["patches"]] == [
            f"michal-split/{number}" for number in (1, 2, 3)
        ]
        assert str(tmp_path) not in Path("r.json").read_text()
        mail = Path("r.txt").read_text()
        assert "Patches that michal-split models\n-----" in mail
        assert "2/3 mm: drop memhp_default_state\n" in mail
        assert "3 patches; the models restate 4 changed functions" in mail
        assert "### Patches that michal-split models\n" in Path("r.md").read_text()
        html = Path("r.html").read_text()
        assert '<a href="#patches">Patches</a>' in html
        assert "<code>setup_memhp_default_state</code>*" in html
        for form in ("mail", "html"):
            again = zonediff("report", "r.json", "--format", form, "-o", "again")
            assert again.exit_code == 0
            expected = mail if form == "mail" else html
            assert Path("again").read_text() == expected
    assert series["source"] == "linux base..main"
    assert series["base"] == linux.git("rev-parse", "base")


def test_without_a_series_there_is_no_section(zonediff: Any) -> None:
    zonediff(*RUN, "-o", "r.json", "--html", "r.html")
    assert "series" not in json.loads(Path("r.json").read_text())
    assert "#patches" not in Path("r.html").read_text()


def test_what_patches_say_is_no_markup(zonediff: Any, linux: Any) -> None:
    linux.commit("<script>alert(1)</script>", {"<b>.c": "int f(void)\n{\n}\n"})
    zonediff(*RUN, "--series", "michal-split=linux@main~1..main", "--html", "r.html")
    html = Path("r.html").read_text()
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html
    assert "<b>.c" not in html


@pytest.mark.parametrize(
    ("series", "says"),
    [
        ("linux@base..main", "expected VARIANT=FILE or VARIANT=PATH@A..B"),
        ("michal-split=", "expected VARIANT=FILE or VARIANT=PATH@A..B"),
        ("michal-split=missing.mbox", "missing.mbox: neither a file of mails nor a range"),
        ("michal-split=linux@base..topic", "there is no revision 'topic'"),
        ("michal-split=elsewhere@a..b", "elsewhere: there is no such folder"),
        ("michal-split=linux@--output=x..main", "is no revision"),
        ("michal=linux@base..main", "there is no variant 'michal'"),
    ],
)
def test_mistakes(zonediff: Any, linux: Any, tmp_path: Path, series: str, says: str) -> None:
    result = zonediff(*RUN, "--series", series, "-o", "r.json")
    assert result.exit_code == 2
    assert says in result.stderr
    assert not (tmp_path / "r.json").exists()
