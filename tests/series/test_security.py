"""Repositories from anywhere are read and never obeyed: nothing of theirs is run or fetched."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zonediff.compare.provenance import sources
from zonediff.compare.regress.worktree import worktree
from zonediff.compare.series.patch import SeriesError
from zonediff.compare.series.repository import read_range, repository, resolve


@pytest.fixture
def spy(tmp_path: Path) -> Any:
    """A program for a repository to name; `spy.ran` tells whether git ran it."""

    class Spy:
        path = tmp_path / "spy"
        mark = tmp_path / "ran"

        @property
        def ran(self) -> bool:
            return self.mark.exists()

        def __str__(self) -> str:
            return str(self.path)

    Spy.path.write_text(f'#!/bin/sh\necho "$0 $@" >> {Spy.mark}\nexit 1\n')
    Spy.path.chmod(0o755)
    return Spy()


def check_out(path: Path, revision: str = "main") -> list[str]:
    """Check a revision out as `zonediff regress` does; the names of its files."""
    with repository(path) as repo, worktree(repo, resolve(repo, revision)) as tree:
        return sorted(entry.name for entry in tree.iterdir())


# --- options ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "revision",
    [
        "--upload-pack=touch pwned",
        "--upload-pa=touch pwned",
        "-u touch pwned",
        "--output=pwned",
        "-opwned",
        "--end-of-options",
        "--",
        "-",
        "--exec=touch pwned",
        "--git-dir=/tmp",
        " \n--output=pwned",
        "\x00main",
        "",
    ],
)
def test_revisions_are_never_options(linux: Any, zonediff: Any, revision: str) -> None:
    before = sorted(path.name for path in linux.path.iterdir())
    for span in (f"{revision}..main", f"base..{revision}"):
        with pytest.raises(SeriesError, match=r"is no revision|is no range"):
            read_range(linux.path, span)
    for args in (("--base", revision), ("--base", "base", "--head", revision)):
        result = zonediff("regress", "--repo", linux.path, *args)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "is no revision" in result.stderr or "no zonediff sources" in result.stderr
    assert sorted(path.name for path in linux.path.iterdir()) == before
    assert not Path("pwned").exists()


@pytest.mark.parametrize("name", ["--output=pwned", "-C", "$HOME", "~", "--upload-pack=x"])
def test_paths_are_never_options_or_expanded(zonediff: Any, name: str) -> None:
    result = zonediff("series", f"--repo={name}", "--range", "a..b")
    assert result.exit_code == 2
    assert f"{name}: there is no such folder" in result.stderr


def test_a_folder_may_be_called_like_an_option(new_tree: Callable[..., Any], zonediff: Any) -> None:
    tree = new_tree("--output=pwned")
    tree.commit("base")
    tree.commit("change", {"a.c": "int f(void)\n{\n}\n"})
    result = zonediff("series", f"--repo={tree.path.name}", "--range", "main~1..main")
    assert result.exit_code == 0, result.output


def test_files_may_be_called_like_options(new_tree: Callable[..., Any]) -> None:
    tree = new_tree("odd")
    tree.commit("base")
    tree.commit("change", {"--output=pwned": "x\n", "-p": "x\n"})
    [patch] = read_range(tree.path, "main~1..main")
    assert [file.path for file in patch.files] == ["--output=pwned", "-p"]
    assert check_out(tree.path) == ["--output=pwned", "-p", ".git"]


# --- programs ---------------------------------------------------------------------------------

SETTINGS = (
    "diff.external",
    "diff.mine.command",
    "diff.mine.textconv",
    "core.pager",
    "pager.diff-tree",
    "core.fsmonitor",
    "core.editor",
    "core.sshCommand",
    "core.gitProxy",
    "core.askPass",
    "core.alternateRefsCommand",
    "credential.helper",
    "gpg.program",
    "filter.mine.clean",
    "filter.mine.smudge",
    "filter.mine.process",
    "merge.mine.driver",
    "uploadpack.packObjectsHook",
    "interactive.diffFilter",
    "sequence.editor",
)


def test_no_program_of_the_configuration_is_run(linux: Any, spy: Any) -> None:
    attributes = "* diff=mine filter=mine merge=mine\n"
    linux.commit("attributes", {".gitattributes": attributes})
    for setting in SETTINGS:
        linux.git("config", setting, f"{spy} {setting}")
    for switch in ("log.showSignature", "core.preloadIndex", "filter.mine.required"):
        linux.git("config", switch, "true")
    (linux.path / ".git" / "info" / "attributes").write_text(attributes)
    assert len(read_range(linux.path, "base..main")) == 4
    assert "mm" in check_out(linux.path)
    assert not spy.ran, spy.mark.read_text()


@pytest.mark.parametrize("where", ["hooks", "elsewhere"])
def test_no_hook_is_run(linux: Any, spy: Any, where: str) -> None:
    folder = linux.path / ".git" / where
    folder.mkdir(exist_ok=True)
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        (folder / hook).write_bytes(spy.path.read_bytes())
        (folder / hook).chmod(0o755)
    linux.git("config", "core.hooksPath", f".git/{where}")
    spy.mark.unlink(missing_ok=True)
    assert len(read_range(linux.path, "base..main")) == 3
    assert "mm" in check_out(linux.path)
    assert not spy.ran, spy.mark.read_text()


@pytest.mark.parametrize("condition", ["gitdir:**/worktrees/**", "gitdir/i:**/TREE"])
def test_a_filter_that_counts_in_work_trees_alone_is_not_run(
    linux: Any, spy: Any, condition: str
) -> None:
    # The repository's own folder does not show this configuration.
    (linux.path / ".git" / "more").write_text(
        f'[filter "mine"]\n\tsmudge = {spy} smudge\n\tprocess = {spy} process\n\trequired\n'
    )
    linux.git("config", f"includeIf.{condition}.path", "more")
    linux.commit("attributes", {".gitattributes": "* filter=mine\n"})
    spy.mark.unlink(missing_ok=True)
    assert "mm" in check_out(linux.path)
    assert not spy.ran, spy.mark.read_text()


def test_a_filter_that_cannot_be_turned_off_is_refused(linux: Any, spy: Any) -> None:
    # Git splits `-c filter.a=b.smudge=` at the first `=`, so that nothing would be overridden.
    linux.git("config", "filter.a=b.smudge", spy)
    linux.commit("attributes", {".gitattributes": "* filter=a=b\n"})
    spy.mark.unlink(missing_ok=True)
    with pytest.raises(SeriesError, match=r"filter\.a=b, which cannot be turned off"):
        check_out(linux.path)
    assert not spy.ran


# --- attributes and configuration ----------------------------------------------------------------


def test_attributes_of_the_work_tree_cannot_hide_a_change(linux: Any) -> None:
    (linux.path / ".gitattributes").write_text("* binary\n")
    patches = read_range(linux.path, "base..main")
    assert patches[0].functions == ("hv_mem_hot_add",)


def test_what_is_hidden_all_the_same_is_said(linux: Any) -> None:
    (linux.path / ".git" / "info" / "attributes").write_text("* binary\n")
    patch = read_range(linux.path, "base..main")[0]
    assert patch.functions == ()
    assert patch.notes == (
        "drivers/hv/hv_balloon.c is changed as a binary file: which functions change is not known",
    )


def test_a_repository_cannot_send_git_elsewhere(linux: Any, new_tree: Callable[..., Any]) -> None:
    other = new_tree("other")
    other.commit("of the other")
    linux.git("config", "core.worktree", other.path)
    assert [patch.subject for patch in read_range(linux.path, "main~1..main")] == [
        "mm: drop auto_online_blocks"
    ]


def test_configuration_that_cannot_be_read(linux: Any) -> None:
    (linux.path / ".git" / "config").write_text("[core\nworktree\n")
    with pytest.raises(SeriesError, match=r"its git configuration cannot be read|git failed"):
        read_range(linux.path, "base..main")


def test_a_bare_repository_without_configuration(linux: Any, tmp_path: Path) -> None:
    linux.git("clone", "-q", "--bare", linux.path, tmp_path / "snapshot")
    (tmp_path / "snapshot" / "config").unlink()
    assert len(read_range(tmp_path / "snapshot", "base..main")) == 3


# --- the network -----------------------------------------------------------------------------


def test_a_partial_clone_fetches_nothing_and_runs_nothing(linux: Any, spy: Any) -> None:
    [blob] = linux.git("rev-parse", "main~2:drivers/hv/hv_balloon.c").split()
    (linux.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    for name, value in {
        "core.repositoryFormatVersion": 1,
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": f"ext::{spy}",
        "remote.origin.uploadpack": spy,
        "protocol.allow": "always",
        "protocol.ext.allow": "always",
    }.items():
        linux.git("config", name, value)
    with pytest.raises(SeriesError, match=r"git failed: fatal: .*partial clone, and nothing"):
        read_range(linux.path, "base..main")
    assert not spy.ran


# --- the environment ---------------------------------------------------------------------------


def test_being_run_by_a_hook_of_another_repository(
    linux: Any, new_tree: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_tree("other")
    other.commit("of the other", {"a": "a\n"})
    index = other.path / ".git" / "index"
    before = index.read_bytes()
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(index))
    assert len(read_range(linux.path, "base..main")) == 3
    assert check_out(linux.path) == [".git", "drivers", "mm"]
    assert index.read_bytes() == before


def test_the_spy_would_be_run(linux: Any, spy: Any) -> None:
    """By plain git, so that the tests above can fail."""
    linux.git("config", "filter.mine.smudge", spy)
    (linux.path / ".git" / "info" / "attributes").write_text("* filter=mine\n")
    subprocess.run(["git", "worktree", "add", "-q", "../tree"], cwd=linux.path, check=True)
    assert spy.ran


def test_a_run_that_tells_where_its_files_stand_runs_nothing(
    new_tree: Callable[..., Any], spy: Any
) -> None:
    tree = new_tree("variants")
    commit = tree.commit("variant", {"mine.py": "x = 1\n", ".gitattributes": "* filter=mine\n"})
    for setting in ("core.fsmonitor", "filter.mine.clean", "filter.mine.process", "diff.external"):
        tree.git("config", setting, spy)
    tree.write("mine.py", "x = 2\n")
    [*_, source] = sources([("variant file", tree.path / "mine.py")])
    assert (source.name, source.revision, source.dirty) == ("mine.py", commit, True)
    assert not spy.ran, spy.mark.read_text()
