from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zonediff.reports.formats import FORMATS, OF_CHANGES
from zonediff.result.files import load


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


def test_without_a_form_it_says_what_the_run_said(
    zonediff: Any, corpus: Path, result: Path
) -> None:
    run = zonediff("run", "--corpus", corpus)
    done = zonediff("report", result)
    assert (done.exit_code, done.output) == (0, run.output)


def test_the_forms_are_listed(zonediff: Any, result: Path) -> None:
    listed = zonediff("report", "--format")
    assert listed.exit_code == 0
    assert [line.split()[0] for line in listed.output.splitlines()] == list(FORMATS)
    assert zonediff("report", result, "--format").output == listed.output


def test_help_fits_a_terminal(zonediff: Any) -> None:
    shown = zonediff("report", "--help").output
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert all(f"\n    {name}" in shown for name in FORMATS)


def test_a_draft(zonediff: Any, result: Path, tmp_path: Path) -> None:
    done = zonediff(
        *("report", result, "--to-thread", "<1@example.org>", "--subject", "[PATCH] x"),
        *("-o", "draft.eml"),
    )
    assert (done.exit_code, done.output) == (0, "")
    text = (tmp_path / "draft.eml").read_text()
    assert text.startswith("Subject: Re: [PATCH] x\nIn-Reply-To: <1@example.org>\n")
    body = text.partition("\n\n")[2]
    assert body == zonediff("report", result, "--format", "mail").output
    for args, subject in (
        ((), body.partition("\n")[0]),
        (("--scenario", "ordering/first"), "Memory hotplug: ordering/first"),
        (("--against", result), "Memory hotplug: result.json -> result.json"),
    ):
        text = zonediff("report", result.name, "--to-thread", "1@a", *map(_base, args)).output
        assert text.startswith(f"Subject: Re: {subject}\n")


def _base(arg: Any) -> Any:
    return arg.name if isinstance(arg, Path) else arg


def test_one_scenario(zonediff: Any, result: Path) -> None:
    done = zonediff("report", result, "--scenario", "ordering/first")
    assert done.exit_code == 0
    assert done.output.startswith("ordering/first: Movable from the first block on (")
    assert len(done.output.splitlines()) <= 24


@pytest.fixture
def older(zonediff: Any, corpus: Path, variant_file: Path, result: Path, tmp_path: Path) -> Path:
    """The result with a variant that is as upstream one day, and otherwise the next."""
    given = ("--corpus", corpus, "--variant-file", variant_file, "--variants", "mine")
    text = variant_file.read_text()
    variant_file.write_text(text.replace("Zone.MOVABLE, ALWAYS", "Zone.NORMAL, ALWAYS"))
    zonediff("run", *given, "-o", "older.json")
    variant_file.write_text(text)
    zonediff("run", *given, "-o", "result.json")
    return tmp_path / "older.json"


def test_what_changed_since(zonediff: Any, result: Path, older: Path) -> None:
    better = zonediff("report", "result.json", "--against", "older.json")
    assert better.exit_code == 0
    assert better.output.startswith("older.json -> result.json\n\nfix: ordering/first on mine\n")
    assert better.output.endswith("6 outcomes compared: 1 fix.\n")
    worse = zonediff("report", "older.json", "--against", "result.json")
    assert worse.exit_code == 1
    says = (
        "regression (memory is lost or cannot be used): ordering/first on mine\n"
        "  no longer met: every block movable"
    )
    assert says in worse.output
    same = zonediff("report", "older.json", "--against", "older.json")
    assert same.exit_code == 0
    assert same.output.endswith("6 outcomes compared: nothing changed.\n")


def test_known_regressions_since_an_older_result(
    zonediff: Any, result: Path, older: Path, tmp_path: Path
) -> None:
    entry = "{scenario: ordering/first, variant: mine, unmet: [every block movable]}"
    (tmp_path / "known.yaml").write_text(f"known:\n- {entry}\n")
    args = ("report", "older.json", "--against", "result.json", "--known", "known.yaml")
    assert zonediff(*args).exit_code == 0
    assert "known regression (memory is lost or cannot be used): ordering" in zonediff(*args).output
    assert "<p>Memory is lost or cannot be used, a known outcome</p>" in (
        zonediff(*args, "--format", "html").output
    )


def test_what_changed_is_told_by_names_alone_of_files_elsewhere(
    zonediff: Any, result: Path, older: Path, tmp_path: Path
) -> None:
    text = zonediff("report", result, "--against", older).output
    assert text.startswith("older.json -> result.json\n")
    assert str(tmp_path) not in text


@pytest.mark.parametrize("name", OF_CHANGES)
def test_what_changed_in_every_form_that_can_say_it(
    zonediff: Any, result: Path, older: Path, tmp_path: Path, name: str
) -> None:
    given = ("report", "older.json", "--against", "result.json", "--format", name)
    printed = zonediff(*given)
    assert printed.exit_code == 1
    assert "no longer met: every block movable" in printed.output.replace("\n    ", " ")
    written = zonediff(*given, "-o", "out")
    assert (written.exit_code, written.output) == (1, "")
    assert (tmp_path / "out").read_bytes() == printed.stdout_bytes


def test_a_variant_that_fails_now(
    zonediff: Any, corpus: Path, variant_file: Path, tmp_path: Path
) -> None:
    given = ("--corpus", corpus, "--variant-file", variant_file, "--variants", "mine")
    zonediff("run", *given, "-o", "older.json")
    text = variant_file.read_text().replace("return Decision", "raise LookupError('no idea') #")
    variant_file.write_text(text)
    zonediff("run", *given, "-o", "newer.json")
    done = zonediff("report", "newer.json", "--against", "older.json")
    assert done.exit_code == 3
    assert "no longer runs: LookupError: no idea" in done.output


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["none.json", "--format", "html"], "none.json"),
        (["corpus", "--format", "html"], "corpus"),
        (["corpus/knob.yaml", "--format", "html"], "not a zonediff result"),
        (["binary", "--format", "html"], "not a zonediff result"),
        (["result.json", "--format", "pdf"], "there is no form 'pdf'; there are text, html"),
        (["result.json", "--format", "html", "--scenario", "x"], "--scenario makes a mail"),
        (["result.json", "--format", "csv", "--to-thread", "a@b"], "--to-thread makes a mail"),
        (["result.json", "--scenario", "ordering/frist"], "there is ordering/first"),
        (["result.json", "--scenario", ""], "the result has no scenario ''"),
        (["result.json", "--subject", "x"], "--to-thread"),
        (["result.json", "--to-thread", "x"], "'x' is not a message id"),
        (["result.json", "--to-thread", "a@b\nBcc: c@d"], "is not a message id"),
        (["result.json", "--to-thread", "a@b", "--subject", "x\nBcc: y@z"], "is not a subject"),
        (["result.json", "--to-thread", "a@b", "--subject", ""], "is not a subject"),
        (["result.json", "--against", "none.json"], "none.json"),
        (["result.json", "--against", "corpus/knob.yaml"], "not a zonediff result"),
        (["result.json", "--against", "result.json", "--format", "csv"], "text, html, mail"),
        (["result.json", "--against", "result.json", "--scenario", "knob"], "leave --against"),
        (["none.json", "--against", "result.json", "-o", "result.json"], "is read as well"),
        (["result.json", "--format", "mail", "-o", "nowhere/out"], "no folder nowhere"),
        (["result.json", "--format", "mail", "-o", "result.json"], "is read as well"),
    ],
    ids=lambda value: " ".join(value).replace("\n", " ") if isinstance(value, list) else "",
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


def test_several_scenarios_in_one_mail(zonediff: Any, result: Path) -> None:
    ids = [item.id for item in load(result).scenarios][:2]
    done = zonediff("report", result, *(word for id in ids for word in ("--scenario", id)))
    assert done.exit_code == 0
    parts = [zonediff("report", result, "--scenario", id).output for id in ids]
    assert done.output == "\n\n".join(parts)


def test_the_full_mail(zonediff: Any, result: Path) -> None:
    full = zonediff("report", result, "--full")
    assert full.exit_code == 0
    assert full.output == zonediff("report", result, "--format", "mail", "--full").output
    assert full.output != zonediff("report", result, "--format", "mail").output
    for args in (("--format", "csv"), ("--scenario", "x"), ("--against", result)):
        refused = zonediff("report", result, "--full", *args)
        assert (refused.exit_code, "--full is for the mail" in refused.stderr) == (2, True)


def test_a_mail_that_lists_refuse(
    zonediff: Any, result: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zonediff.cli.outputs.MOST_CHARACTERS", 1000)
    done = zonediff("report", result, "--full", "-o", "long.txt")
    size = len(Path("long.txt").read_text())
    assert done.stderr == (
        f"Warning: long.txt has {size:,} characters; lists refuse mails of more than 1,000.\n"
    )
    assert zonediff("report", result, "--format", "csv").stderr == ""
