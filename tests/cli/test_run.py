from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from zonediff.reports.formats import FORMATS
from zonediff.result import files as result_files
from zonediff.result.result import Result


def saved(path: Path) -> Result:
    return result_files.load(path)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_main_job(zonediff: Any, corpus: Path, tmp_path: Path) -> None:
    outputs = ("-o", "report.json", "--html", "report.html", "--mail", "report.txt")
    result = zonediff("run", "--corpus", corpus, *outputs)
    assert result.exit_code == 1
    assert "igor-movable breaks nothing." in result.output
    assert (
        "michal-split/3 breaks 2 scenarios: 2 only because auto_online_blocks is gone; removes"
    ) in " ".join(result.output.split())
    assert (
        "2 regressions on michal-split/3, hyperv-xen-only:\n"
        "  knob[state=offline]\n"
        "  knob[state=online]\n"
    ) in result.output
    assert result.output.endswith("\nwrote report.json\nwrote report.html\nwrote report.txt\n")
    assert result.stderr == ""
    assert max(map(len, result.output.splitlines())) <= 80
    assert result.output.isascii()
    written = saved(tmp_path / "report.json")
    assert written.baseline == "upstream"
    assert written.intents == []
    assert (tmp_path / "report.html").read_text().lower().startswith("<!doctype html>")
    assert "knob[state=offline|online]" in (tmp_path / "report.txt").read_text()


def test_reports_in_any_form(zonediff: Any, corpus: Path, tmp_path: Path) -> None:
    wanted = [f"--report={form}=out.{form}" for form in FORMATS]
    done = zonediff("run", "--corpus", corpus, *wanted, "-o", "result.json")
    assert done.exit_code == 1
    for form in FORMATS:
        assert f"wrote out.{form}\n" in done.output
        rendered = zonediff("report", "result.json", "--format", form)
        assert (tmp_path / f"out.{form}").read_bytes() == rendered.stdout_bytes


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("out.xml", "'out.xml' is not FORM=FILE"),
        ("pdf=out.pdf", "with one of the forms text, html, mail"),
        ("junit=", "'junit=' is not FORM=FILE"),
        ("=out", "'=out' is not FORM=FILE"),
        ("junit=nowhere/out", "no folder nowhere"),
        ("junit=out.json", "is written for -o already"),
    ],
)
def test_reports_that_cannot_be(zonediff: Any, corpus: Path, given: str, says: str) -> None:
    done = zonediff("run", "--corpus", corpus, "-o", "out.json", "--report", given)
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stdout == ""
    assert not Path("out.json").exists()


def test_nothing_regressed(zonediff: Any, corpus: Path) -> None:
    result = zonediff("run", "ordering", "--corpus", corpus)
    assert result.exit_code == 0
    assert "michal-split/1 behaves like upstream everywhere." in result.output
    assert "wrote" not in result.output


def test_scenarios_by_id_folder_pattern_and_file(
    zonediff: Any, corpus: Path, tmp_path: Path
) -> None:
    for arguments, expected in (
        (["knob"], ["knob[state=offline]", "knob[state=online]"]),
        (["knob[state=online]"], ["knob[state=online]"]),
        (["ordering"], ["ordering/first"]),
        (["*/first"], ["ordering/first"]),
        ([corpus / "knob.yaml"], ["knob[state=offline]", "knob[state=online]"]),
        ([], ["knob[state=offline]", "knob[state=online]", "ordering/first"]),
    ):
        result = zonediff("run", *arguments, "--corpus", corpus, "-o", "out.json")
        assert result.exit_code in (0, 1), result.stderr
        assert [item.id for item in saved(tmp_path / "out.json").scenarios] == expected


def test_variants_and_baseline(zonediff: Any, corpus: Path, tmp_path: Path) -> None:
    names = ("--variants", "upstream, igor-movable,", "--baseline", "hyperv-xen-only")
    result = zonediff("run", "--corpus", corpus, *names, "-o", "out.json")
    assert result.exit_code == 0
    assert "judged against hyperv-xen-only" in result.output
    assert [item.name for item in saved(tmp_path / "out.json").variants] == [
        "hyperv-xen-only",
        "upstream",
        "igor-movable",
    ]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_variant_from_a_file_is_a_column(
    zonediff: Any, corpus: Path, tmp_path: Path, variant_file: Path, jobs: int
) -> None:
    args = ("--variant-file", variant_file, "--variants", "mine", "--jobs", jobs)
    result = zonediff("run", "ordering", "--corpus", corpus, *args, "-o", "out.json")
    assert result.exit_code == 0, result.stderr
    assert [item.kind for item in saved(tmp_path / "out.json").judgements] == ["fix"]


def test_a_variant_that_fails(
    zonediff: Any, corpus: Path, tmp_path: Path, variant_file: Path
) -> None:
    args = ("--variant-file", variant_file, "--variants", "broken,michal-split/3")
    result = zonediff("run", "--corpus", corpus, *args, "-o", "out.json")
    assert result.exit_code == 3
    assert "broken failed in 1 scenario;" in result.output
    assert "1 error on broken:\n  ordering/first\n" in result.output
    assert "Traceback" not in result.output
    (failed,) = [item for item in saved(tmp_path / "out.json").runs if item.error]
    assert failed.error is not None
    assert "LookupError: no idea" in failed.error


def test_ctrl_c_after_the_runs_leaves_out_what_was_not_computed_yet(
    zonediff: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("zonediff.compare.assemble.judge_claims", interrupted)
    result = zonediff("run", "reproducer", "--explore", "-o", "out.json")
    assert result.exit_code == 130
    assert result.stderr == "Interrupted: without claims, explorations.\n"
    kept = saved(tmp_path / "out.json")
    assert kept.complete
    assert (kept.claims, kept.explorations) == ([], [])


def test_the_baseline_alone(zonediff: Any, corpus: Path) -> None:
    result = zonediff("run", "--corpus", corpus, "--variants", "upstream")
    assert result.exit_code == 0
    assert result.output == "3 scenarios on upstream only: nothing to compare.\n"


def test_an_output_that_cannot_be_written_is_named(
    zonediff: Any, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(prefix: str, dir: Path) -> None:
        raise PermissionError(13, "Permission denied", str(dir / f"{prefix}x1y2z3"))

    monkeypatch.setattr("zonediff.result.writing.tempfile.mkstemp", refused)
    result = zonediff("run", "--corpus", corpus, "-o", "out.json")
    assert result.exit_code == 2
    assert result.stderr == "Error: out.json: Permission denied\n"


def test_ctrl_c_leaves_a_valid_partial_result(
    zonediff: Any, corpus: Path, tmp_path: Path, variant_file: Path
) -> None:
    args = ("--variant-file", variant_file, "--variants", "igor-movable,stopped")
    outputs = ("-o", "out.json", "--html", "out.html", "--mail", "out.txt")
    result = zonediff("run", "--corpus", corpus, *args, *outputs)
    assert result.exit_code == 130
    assert "INTERRUPTED after 8 of 9 runs." in result.output
    partial = saved(tmp_path / "out.json")
    assert not partial.complete
    assert len(partial.runs) == 8
    assert {"out.html", "out.txt"} <= files(tmp_path)


def test_the_same_run_writes_the_same_bytes(zonediff: Any, corpus: Path, tmp_path: Path) -> None:
    for name, jobs in (("one", 1), ("two", 2)):
        zonediff("run", "--corpus", corpus, "--jobs", jobs, "-o", f"{name}.json", "--html", name)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert str(tmp_path) not in (tmp_path / "one.json").read_text()


def test_a_result_names_what_decides_it_and_not_where_it_went(
    zonediff: Any, corpus: Path, tmp_path: Path
) -> None:
    outputs = ("--report", f"junit={tmp_path}/out.xml", "--html", "out.html", "-o", "out.json")
    zonediff("run", "knob", "--corpus", corpus, "--seeds", 2, "--jobs", 2, *outputs)
    given = saved(tmp_path / "out.json").command
    assert given == "zonediff run knob --corpus corpus --seeds 2"


BAD_SCENARIO = "title: [\n"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["nowhere"], "nowhere"),
        (["ordering/frist"], "ordering/first"),
        (["missing.yaml"], "no such file"),
        (["bad.yaml"], "bad.yaml:2:1"),
        (["binary.yaml"], "binary.yaml"),
        (["--variants", "igor-moveable"], "igor-movable"),
        (["--variants", ","], "at least one"),
        (["--baseline", "upsteam"], "upstream"),
        (["--variant-file", "missing.py"], "missing.py"),
        (["--variant-file", "bad.yaml"], "bad.yaml"),
        (["--jobs", "0"], "--jobs"),
        (["--jobs", "many"], "--jobs"),
        (["--html", "nowhere/out.html"], "no folder nowhere"),
        (["--html", "corpus"], "is a folder"),
        (["--html", "out.json"], "-o"),
        (["--mail", "./corpus/../out.json"], "-o"),
        (["corpus/knob.yaml", "--html", "corpus/knob.yaml"], "is read as well"),
        (["corpus/knob.yaml[state=online]", "--html", "corpus/knob.yaml"], "is read as well"),
        (["--variant-file", "mine.py", "--mail", "mine.py"], "is read as well"),
        (["--frobnicate"], "--frobnicate"),
    ],
    ids=" ".join,
)
def test_bad_input_touches_nothing(
    zonediff: Any,
    corpus: Path,
    tmp_path: Path,
    variant_file: Path,
    args: list[str],
    says: str,
) -> None:
    (tmp_path / "bad.yaml").write_text(BAD_SCENARIO)
    (tmp_path / "binary.yaml").write_bytes(bytes(range(256)))
    (tmp_path / "out.json").write_text("kept")
    before = files(tmp_path)
    result = zonediff("run", "--corpus", corpus, "-o", "out.json", *args)
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert files(tmp_path) - {"__pycache__"} == before
    assert (tmp_path / "out.json").read_text() == "kept"
    assert "title: The knob" in (corpus / "knob.yaml").read_text()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_what_may_not_be_written(zonediff: Any, corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    result = zonediff("run", "--corpus", corpus, "-o", folder / "out.json")
    assert result.exit_code == 2
    assert "permission denied" in result.stderr


def test_an_old_file_is_replaced_with_its_permissions(
    zonediff: Any, corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.json"
    out.write_text("old")
    out.chmod(0o640)
    zonediff("run", "ordering", "--corpus", corpus, "-o", "out.json")
    assert stat.S_IMODE(out.stat().st_mode) == 0o640
    assert json.loads(out.read_text())["schema"] == "zonediff-result/1"


def test_a_device_is_written_to_and_stays_one(zonediff: Any, corpus: Path) -> None:
    result = zonediff("run", "ordering", "--corpus", corpus, "-o", "/dev/null")
    assert result.exit_code == 0
    assert Path("/dev/null").is_char_device()


def test_a_result_carries_what_recordings_say(process: Any, corpus: Path, tmp_path: Path) -> None:
    args = ("--variants", "igor-movable,hyperv-xen-only", "-o", "out.json")
    assert process("run", "ordering", "--corpus", corpus, *args).returncode == 0
    heard = {item.name: item.evidence for item in saved(tmp_path / "out.json").variants}
    assert sum(item.traces for item in heard["upstream"]) == 127
    assert [item.recording for item in heard["igor-movable"]] == ["igor"]
    assert [item.recording for item in heard["hyperv-xen-only"]] == ["michal-3"]


def test_no_progress_bar_without_a_terminal(process: Any, corpus: Path) -> None:
    done = process("run", "--corpus", corpus, "--jobs", 2)
    assert (done.returncode, done.stderr) == (1, "")


SLOW = '''
import time

from zonediff.variants.upstream import Upstream


class Slow(Upstream):
    """Takes its time."""

    name = "slow"
    origin = "a test"

    def zone_of_new_memory(self, kernel, node, first, source):
        open("slow", "w").close()
        time.sleep(60)
'''


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_real_ctrl_c(corpus: Path, tmp_path: Path, jobs: int) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    code = "from zonediff.cli.main import main; main()"
    args = ["--variant-file", "slow.py", "--variants", "slow", "-o", "out.json"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, "run", "--corpus", corpus, "--jobs", str(jobs), *args],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "slow").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, err) == (130, "")
    assert "INTERRUPTED after " in out
    assert not saved(tmp_path / "out.json").complete


FAILS_ELSEWHERE = '''
import json

from zonediff.variants.upstream import Upstream


class Mine(Upstream):
    """Fails in code of others."""

    name = "mine"
    origin = "a test"

    def zone_of_new_memory(self, kernel, node, first, source):
        return json.loads("{")
'''


def test_what_is_published_holds_no_local_path(zonediff: Any, corpus: Path, tmp_path: Path) -> None:
    """The same run in two places is the same to the byte."""
    forms = ("json", "html", "mail", "markdown", "junit", "ktap", "csv")
    published = []
    for place in ("here", "there/below"):
        folder = tmp_path / place
        folder.mkdir(parents=True)
        (folder / "mine.py").write_text(FAILS_ELSEWHERE)
        (folder / "first.yaml").write_text((corpus / "ordering" / "first.yaml").read_text())
        reports = [f"{form}={folder / form}" for form in forms]
        result = zonediff(
            *("run", folder / "first.yaml", "--variant-file", folder / "mine.py"),
            *("--variants", "upstream,mine"),
            *(word for report in reports for word in ("--report", report)),
        )
        assert result.exit_code == 3
        published.append({form: (folder / form).read_text() for form in forms})
    assert published[0] == published[1]
    package = Path(sys.modules["zonediff.cli"].__file__ or "").resolve().parent.parent
    for text in published[0].values():
        assert not any(str(path) in text for path in (tmp_path, package, Path(sys.prefix)))
    error = json.loads(published[0]["json"])["runs"][-1]["error"]
    assert 'File "mine.py", line 14, in zone_of_new_memory' in error
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f'File "python{version}/json/__init__.py"' in error
    assert 'File "zonediff/engine/run.py"' in error


def test_times_are_measured_only_where_asked_for(
    zonediff: Any, corpus: Path, tmp_path: Path
) -> None:
    def junit(*args: object) -> str:
        zonediff("run", "--corpus", corpus, "--report", "junit=out.xml", "-o", "out.json", *args)
        return (tmp_path / "out.xml").read_text()

    assert " time=" not in junit()
    assert {run.microseconds for run in saved(tmp_path / "out.json").runs} == {None}
    measured = junit("--times", "--store", "runs.sqlite")
    cases = [line for line in measured.splitlines() if "<testcase" in line and "[" in line]
    assert cases
    assert all(" time=" in line for line in cases)
    assert all(run.microseconds for run in saved(tmp_path / "out.json").runs)
    assert " time=" not in junit("--times", "--store", "runs.sqlite")  # nothing was run
