"""Outputs overwrite no input and no other output, and reach pipes and standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ARENA = "machine: {nodes: [1G], dimms: [{id: dimm1, size: 256M}]}\nalphabet: [state]\n"
SMALL = ("explore", "upstream", "v4.13", "--machine")

CASES = [
    ("run", "--corpus", "corpus", "-o", "corpus/knob.yaml"),
    ("run", "knob", "--corpus", "corpus", "-o", "corpus/knob.yaml"),
    ("run", "corpus", "--mail", "corpus/ordering/first.yaml"),
    ("run", "corpus/knob.yaml", "--report", "csv=linked.yaml"),
    ("run", "--corpus", "corpus", "--report", "csv=corpus/new.yaml"),
    ("run", "--variant-file", "mine.py", "--html", "mine.py"),
    ("run", "--variants", "live:vmlinuz", "-o", "vmlinuz"),
    ("run", "--baseline", "live:vmlinuz", "-o", "vmlinuz"),
    ("run", "--series", "mine=mail.eml", "--mail", "mail.eml"),
    ("run", "--store", "s.sqlite", "-o", "s.sqlite"),
    ("run", "--store", "s.sqlite", "-o", "s.sqlite-wal"),
    ("run", "-o", "one", "--html", "one"),
    ("run", "-o", "one", "--html", "corpus/../one"),
    ("run", "--report", "csv=one", "--report", "csv=one"),
    (*SMALL, "a.yaml", "--promela", "a.yaml"),
    (*SMALL, "a.yaml", "--save", "corpus", "--dot", "a.yaml", "--aut", "mail.eml/x"),
    (*SMALL, "one-dimm", "--variant-file", "mine.py", "--promela", "mine.py"),
    (*SMALL, "one-dimm", "--variant-file", "mine-A.py", "--aut", "mine.py"),
    (*SMALL, "one-dimm", "--aut", "x", "--dot", "x"),
    (*SMALL, "one-dimm", "--promela", "p.h"),
    (*SMALL, "one-dimm", "--save", "mail.eml"),
    (*SMALL, "one-dimm", "--save", "nowhere"),
    ("explore", "upstream", "live:vmlinuz", "--promela", "vmlinuz"),
    ("certify", "v6.1", "--live", "vmlinuz", "-o", "vmlinuz"),
    ("sweep", "sweep.yaml", "-o", "sweep.yaml"),
    ("sweep", "glance", "--store", "s.sqlite", "-o", "s.sqlite"),
    ("sweep", "export", "kept.csv", "-o", "kept.csv"),
    ("report", "result.json", "-o", "result.json"),
    ("report", "result.json", "--against", "old.json", "-o", "old.json"),
    ("live", "record", "--kernel", "vmlinuz", "corpus/knob.yaml", "-o", "corpus/knob.yaml"),
    ("live", "record", "--kernel", "vmlinuz", "knob", "--corpus", "corpus", "-o", "vmlinuz"),
    ("live", "record", "--kernel", "vmlinuz", "--corpus", "corpus", "-o", "corpus/knob.yaml"),
    ("regress", "--base", "x", "--corpus", "corpus", "--junit", "corpus/knob.yaml"),
    ("regress", "--base", "x", "--variant-file", "mine.py", "--markdown", "mine.py"),
    ("regress", "--base", "x", "--markdown", "one", "--junit", "one"),
]


def contents(folder: Path) -> dict[str, str | None]:
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("arguments", CASES, ids=" ".join)
def test_nothing_that_is_read_is_overwritten(
    zonediff: Any, corpus: Path, variant_file: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "mine-A.py").write_text(variant_file.read_text())
    (tmp_path / "a.yaml").write_text(ARENA)
    for name in ("mail.eml", "vmlinuz", "sweep.yaml", "kept.csv", "result.json", "old.json"):
        (tmp_path / name).write_text("kept")
    (tmp_path / "linked.yaml").symlink_to("corpus/knob.yaml")
    before = contents(tmp_path)
    done = zonediff(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Invalid value for -" in done.stderr
    assert done.stderr.count("Error: ") == 1
    assert contents(tmp_path) == before


def test_a_witness_that_was_edited_is_kept(zonediff: Any, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(ARENA)
    (tmp_path / "saved").mkdir()
    arguments = (*SMALL, "a.yaml", "--save", "saved", "--dot", "x.dot")
    assert zonediff(*arguments).exit_code == 1
    assert zonediff(*arguments).exit_code == 1  # the same files again
    before = contents(tmp_path)
    (edited, *_) = sorted((tmp_path / "saved").iterdir())
    edited.write_text("title: mine\n")
    (tmp_path / "x-A.dot").unlink()
    done = zonediff(*arguments)
    assert done.exit_code == 2
    assert f"saved/{edited.name} exists and is not what would be written" in done.stderr
    assert edited.read_text() == "title: mine\n"
    assert contents(tmp_path).keys() == before.keys() - {"x-A.dot"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_saved_into_is_refused_before_exploring(
    zonediff: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    done = zonediff(*SMALL, "one-dimm", "--save", folder)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "permission denied" in done.stderr


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A line of bash, in which `zonediff` is the command."""
    start = (
        f'zonediff() {{ {sys.executable} -c "from zonediff.cli.main import main; main()" "$@"; }}'
    )
    return subprocess.run(
        ["bash", "-c", f"{start}; {line}"],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_results_reach_standard_output_and_pipes(corpus: Path, tmp_path: Path) -> None:
    run = "zonediff run ordering --corpus corpus --variants upstream"
    done = shell(f"{run} -o /dev/stdout | head -c 10; echo; echo ${{PIPESTATUS[0]}}", tmp_path)
    assert done.stderr == ""
    assert done.stdout.splitlines()[0] == "{"
    assert done.stdout.splitlines()[-1] in ("0", "141")
    done = shell(
        f"{run} -o >(cat > out.json; touch read) && until [ -e read ]; do :; done", tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "out.json").read_text())["schema"] == "zonediff-result/1"
    assert shell(f"{run} > plain.txt; {run} --mail /dev/stdout > both.txt", tmp_path).stderr == ""
    both = (tmp_path / "both.txt").read_text()
    assert both.startswith("Subject: ") or "upstream" in both
    assert both.replace("\nwrote /dev/stdout\n", "").endswith((tmp_path / "plain.txt").read_text())
    done = shell(f"{run} -o same.txt > same.txt", tmp_path)
    assert (done.returncode, "is standard output as well" in done.stderr) == (2, True)
