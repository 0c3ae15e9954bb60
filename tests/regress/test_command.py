"""The command regress: what it says, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from junitparser import Error, Failure, JUnitXml

from tests.regress.conftest import VARIANT
from zonediff.cli.main import cli


def test_a_regression(regress: Any, tree: Any, tmp_path: Path) -> None:
    result = regress("--base", "base", "--markdown", "out.md", "--junit", "out.xml")
    assert result.exit_code == 1
    names = [f"{name} ({tree.git('rev-parse', name)[:12]})" for name in ("base", "HEAD")]
    assert result.output.splitlines()[:4] == [
        f"{names[0]} -> {names[1]}",
        "",
        "regression (memory is lost or cannot be used): first on mine",
        "  no longer met: every block movable; memory32-37 offline [Normal], memory38",
    ]
    assert result.output.endswith("\n2 outcomes compared: 1 regression.\n")
    markdown = (tmp_path / "out.md").read_text()
    row = "\n| regression (memory is lost or cannot be used) | first | mine | no longer met: every "
    assert row in markdown
    suites = {suite.name: suite for suite in JUnitXml.fromfile(str(tmp_path / "out.xml"))}
    assert {name: (suite.tests, suite.failures) for name, suite in suites.items()} == {
        "upstream": (1, 0),
        "mine": (1, 1),
    }
    [case] = suites["mine"]
    [failure] = case.result
    assert isinstance(failure, Failure)
    assert failure.type == "regression (memory is lost or cannot be used)"


def test_a_fix_is_no_regression(regress: Any) -> None:
    result = regress("--base", "main", "--head", "base")
    assert result.exit_code == 0
    assert "fix: first on mine" in result.output


def test_nothing_changed(regress: Any, tree: Any) -> None:
    (tree.path / "mine.py").write_text("what is not committed does not count")
    result = regress("--base", "main")
    assert result.exit_code == 0
    assert result.output.endswith("\n2 outcomes compared: nothing changed.\n")


def test_a_variant_that_fails_now(regress: Any, tree: Any, tmp_path: Path) -> None:
    text = (tree.path / "mine.py").read_text()
    tree.commit(mine_py=text.replace("return Decision", "raise LookupError('no idea') #"))
    result = regress("--base", "base", "--junit", "out.xml")
    assert result.exit_code == 3
    assert "no longer runs: LookupError: no idea" in result.output
    [_, mine] = JUnitXml.fromfile(str(tmp_path / "out.xml"))
    [case] = mine
    assert isinstance(case.result[0], Error)


def test_what_is_new_and_what_is_gone(regress: Any, tree: Any) -> None:
    scenario = (tree.path / "scenarios" / "first.yaml").read_text()
    tree.git("rm", "-q", "scenarios/first.yaml")
    tree.commit(scenarios__second_yaml=scenario, other_py="# no variant of the first revision\n")
    result = regress("--base", "base")
    assert result.exit_code == 0
    assert "scenario second is new\nscenario first is gone\n0 outcomes compared" in result.output


def test_a_variant_file_that_the_base_does_not_have_yet(regress: Any, tree: Any) -> None:
    text = (tree.path / "mine.py").read_text().replace("mine", "other")
    tree.commit(other_py=text)
    result = regress("--base", "base", "--variant-file", "other.py", "--variants", "mine")
    assert result.exit_code == 1


def test_what_user_space_can_use_no_more(regress: Any, tree: Any) -> None:
    text = (tree.path / "mine.py").read_text()
    tree.commit(mine_py=text.replace('origin = "a test"', 'origin = "a test"\n    knob = None'))
    result = regress("--base", "main~1")
    assert result.exit_code == 1
    assert "mine removes auto_online_blocks: the sysfs file is gone" in result.output


def test_a_changed_scenario_says_so(regress: Any, tree: Any) -> None:
    text = (tree.path / "scenarios" / "first.yaml").read_text()
    tree.commit(scenarios__first_yaml=text.replace("first-to-last", "last-to-first"))
    result = regress("--base", "main~1")
    assert result.exit_code == 0
    assert "fix: first on upstream, mine" in result.output
    assert "the scenario was changed" in result.output
    assert "edited between the two: first" in result.output


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--base", "nope"), "there is no revision 'nope'"),
        (("--base", "--upload-pack=x"), "is no revision"),
        (("--base", "base", "--head", "-x"), "is no revision"),
        (("--base", "base", "--variant-file", "/etc/passwd"), "give the path from the repository"),
        (("--base", "base", "--corpus", "../x"), "give the path from the repository"),
        (("--base", "base", "--junit", "missing/out.xml"), "there is no folder missing"),
        (("--base", "base", "--variants", "nope"), "base cannot be run (exit code 2): Error:"),
        (("--base", "base", "nope"), "base cannot be run (exit code 2)"),
    ],
)
def test_mistakes(regress: Any, args: tuple[str, ...], says: str) -> None:
    result = regress(*args)
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stdout == ""


def test_a_repository_of_something_else(tree: Any) -> None:
    result = CliRunner().invoke(cli, ["regress", "--repo", str(tree.path), "--base", "base"])
    assert result.exit_code == 2
    assert "base has no zonediff sources" in result.stderr
    assert tree.worktrees == 1


def test_sources_of_zonediff_are_run_instead_of_the_installed_ones(tree: Any) -> None:
    tree.commit(
        engine__policy_py="",
        cli__main_py="from zonediff.cli.own import main\n",
        cli__own_py="def main():\n    raise SystemExit('these are the old ones')\n",
    )
    tree.commit(engine__policy_py="# new\n")
    result = CliRunner().invoke(cli, ["regress", "--repo", str(tree.path), "--base", "main~1"])
    assert result.exit_code == 2
    assert "main~1 cannot be run (exit code 1): these are the old ones" in result.stderr


def test_hooks_and_filters_are_not_run(regress: Any, tree: Any, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {trace}\ncat\n")
    script.chmod(0o755)
    tree.commit(dummy_txt="text")
    for setting in ("filter.mine.smudge", "filter.mine.process", "core.fsmonitor"):
        tree.git("config", setting, script)
    tree.git("config", "filter.mine.required", "true")
    (tree.path / ".git" / "info" / "attributes").write_text("* filter=mine\n")
    hook = tree.path / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {trace}\n")
    hook.chmod(0o755)
    result = regress("--base", "base")
    assert (result.exit_code, result.stderr) == (1, "")
    assert not trace.exists()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_it_is_stopped(
    tree: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: signal.Signals
) -> None:
    text = (tree.path / "mine.py").read_text()
    started = tmp_path / "started"
    slow = f"import pathlib, time\npathlib.Path({str(started)!r}).touch()\ntime.sleep(60)\n"
    tree.commit(mine_py=text + slow)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", "from zonediff.cli.main import main; main()", "regress"),
            *("--base", "base", "--variant-file", "mine.py", "--corpus", "scenarios"),
        ],
        cwd=tree.path,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while not started.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert tree.worktrees == 3
        process.send_signal(stop)
        assert process.wait(30) == {"SIGKILL": -9, "SIGINT": 130}.get(stop.name, 128 + stop)
    finally:
        process.kill()
        process.wait()
    if stop == signal.SIGKILL:  # the next run tidies up
        monkeypatch.setattr("tempfile.tempdir", str(temporary))
        monkeypatch.chdir(tree.path)
        given = ("--variant-file", "mine.py", "--corpus", "scenarios", "--variants", "mine")
        result = CliRunner().invoke(cli, ["regress", "--base", "base", "--head", "base", *given])
        assert (result.exit_code, result.stderr) == (0, "")
    assert tree.worktrees == 1
    assert list(temporary.iterdir()) == []


def test_a_variant_file_that_is_missing(tree: Any, tmp_path: Path) -> None:
    """A job that tests nothing is not green; a file removed on purpose is named."""

    def call(*args: str) -> tuple[int, str]:
        given = ("--repo", str(tree.path), "--base", "base", "--corpus", "scenarios")
        result = CliRunner().invoke(cli, ["regress", *given, *args])
        return result.exit_code, " ".join(result.stderr.split())

    assert call("--variant-file", "missing.py") == (
        2,
        "Error: missing.py is in no revision: neither in base nor in HEAD",
    )
    tree.git("rm", "-q", "mine.py")
    tree.commit(other_py=VARIANT.replace('"mine"', '"other"'))
    assert call("--variant-file", "mine.py") == (
        2,
        "Error: HEAD has no mine.py, which base has: if it was removed on purpose, say --removed "
        "mine.py",
    )
    assert call("--variant-file", "mine.py", "--removed", "mine.py") == (0, "")
    assert call("--variant-file", "other.py") == (0, "")  # it is new
    assert call("--variant-file", "other.py", "--removed", "other.py") == (
        2,
        "Error: --removed other.py: HEAD has it",
    )
    assert call("--variant-file", "other.py", "--removed", "mine.py") == (
        2,
        "Error: --removed mine.py is not among the files of --variant-file",
    )


def test_a_head_that_does_not_load_leaves_reports(regress: Any, tree: Any, tmp_path: Path) -> None:
    for name in ("out.md", "out.xml", "out.txt"):
        (tmp_path / name).write_text("of an earlier job")
    tree.commit(mine_py="1 / 0\n")
    result = regress(
        *("--base", "base", "--markdown", "out.md", "--junit", "out.xml", "--github", "out.txt")
    )
    why = "HEAD cannot be run (exit code 2): Error: mine.py:1: ZeroDivisionError: division by zero"
    assert (result.exit_code, result.stderr) == (2, f"Error: {why}\n")
    assert "Nothing was compared: HEAD cannot be run" in (tmp_path / "out.md").read_text()
    [suite] = JUnitXml.fromfile(str(tmp_path / "out.xml"))
    [case] = suite
    assert (suite.name, suite.errors, case.name) == ("revisions", 1, "HEAD")
    assert case.result[0].message == why
    assert (tmp_path / "out.txt").read_text() == (
        f"::error title=HEAD on revisions::cannot be compared: {why}\n"
    )


def test_annotations(regress: Any, tmp_path: Path) -> None:
    assert regress("--base", "base", "--github", "out.txt").exit_code == 1
    [line] = (tmp_path / "out.txt").read_text().splitlines()
    assert line.startswith("::error title=first on mine::regression (memory is lost ")


KNOWN = "known:\n- {scenario: first, variant: mine, unmet: [every block movable]}\n"


def test_known_regressions_do_not_count(regress: Any, tmp_path: Path) -> None:
    (tmp_path / "known.yaml").write_text(KNOWN)
    result = regress("--base", "base", "--known", "known.yaml", "--junit", "out.xml")
    assert result.exit_code == 0
    assert "\nknown regression (memory is lost or cannot be used): first on mine\n" in result.output
    assert result.output.endswith("\n2 outcomes compared: 1 regression (1 known).\n")
    [_, mine] = JUnitXml.fromfile(str(tmp_path / "out.xml"))
    assert (mine.tests, mine.failures, mine.skipped) == (1, 0, 1)


def test_a_regression_of_another_goal_counts(regress: Any, tmp_path: Path) -> None:
    (tmp_path / "known.yaml").write_text(KNOWN.replace("every block movable", "another"))
    result = regress("--base", "base", "--known", "known.yaml")
    assert result.exit_code == 1
    assert "\nregression (memory is lost or cannot be used): first on mine\n" in result.output


def test_known_outcomes_that_are_stale(regress: Any, tmp_path: Path) -> None:
    (tmp_path / "known.yaml").write_text(KNOWN)
    result = regress("--base", "main", "--head", "base", "--known", "known.yaml", "--github", "out")
    assert result.exit_code == 0
    says = "stale known outcome: first on mine: met now: every block movable"
    assert says in " ".join(result.output.split())
    line = "::warning title=first on mine::stale known outcome: met now: every block movable\n"
    assert line in (tmp_path / "out").read_text()


def test_a_known_regression_of_both_revisions_is_not_stale(regress: Any, tmp_path: Path) -> None:
    (tmp_path / "known.yaml").write_text(KNOWN)
    result = regress("--base", "main", "--known", "known.yaml")
    assert (result.exit_code, "stale" in result.output) == (0, False)


def test_a_known_removal(regress: Any, tree: Any, tmp_path: Path) -> None:
    text = (tree.path / "mine.py").read_text()
    tree.commit(mine_py=text.replace('origin = "a test"', 'origin = "a test"\n    knob = None'))
    known = tmp_path / "known.yaml"
    known.write_text("known:\n- {variant: mine, removes: auto_online_blocks}\n")
    result = regress("--base", "main~1", "--known", "known.yaml")
    assert result.exit_code == 0
    assert "mine removes auto_online_blocks: the sysfs file is gone (known)" in result.output
    assert "1 removal from the interface (1 known)." in result.output
    known.write_text("known:\n- {variant: mine, removes: probe}\n")
    result = regress("--base", "main~1", "--known", "known.yaml")
    assert result.exit_code == 1
    assert "stale known outcome: probe on mine: it is not removed" in result.output


def test_a_known_failure(regress: Any, tree: Any, tmp_path: Path) -> None:
    text = (tree.path / "mine.py").read_text()
    tree.commit(mine_py=text.replace("return Decision", "raise LookupError('no idea') #"))
    known = tmp_path / "known.yaml"
    known.write_text('known:\n- {scenario: first, variant: mine, error: "LookupError: no idea"}\n')
    assert regress("--base", "base", "--known", "known.yaml").exit_code == 0
    known.write_text(known.read_text().replace("no idea", "another"))
    assert regress("--base", "base", "--known", "known.yaml").exit_code == 3


def test_mistakes_in_the_known_outcomes(regress: Any, tmp_path: Path) -> None:
    (tmp_path / "known.yaml").write_text("known:\n- {variant: mine, removes: x, unmet: []}\n")
    result = regress("--base", "base", "--known", "known.yaml")
    assert result.exit_code == 2
    assert "known.yaml:2:" in result.stderr
    assert "an entry with removes is of a whole variant" in result.stderr
