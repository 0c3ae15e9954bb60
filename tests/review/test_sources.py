"""Sources come from a plain folder or from commits; neither is written to."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.review.pretend import CODE, SOURCES, make_tree
from zonediff.compare.series.patch import SeriesError
from zonediff.review.errors import ReviewError
from zonediff.review.sources import (
    SourceFile,
    has_commit,
    is_changed,
    open_tree,
    read_commits,
)


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@x", "-C", folder, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"},
    ).stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository with the pretend tree and two commits that change it."""
    folder = make_tree(tmp_path / "tree")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    for word in ("1", "2"):
        (folder / CODE).write_text(SOURCES[CODE].replace("one", word))
        git(folder, "commit", "-qam", f"mm: one is {word}")
    return folder


def snapshot(folder: Path) -> dict[str, object]:
    """Names, contents and times of all files of a folder."""
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_folder_and_its_version(tmp_path: Path) -> None:
    tree = open_tree(make_tree(tmp_path / "tree"), tmp_path / "kept")
    assert tree.says == "Linux 6.1.7-pretend"
    assert tree.read(CODE) == SourceFile(SOURCES[CODE].encode())
    assert tree.read("mm/absent.c") is None
    assert tree.read("mm") is None


def test_a_folder_without_sources(tmp_path: Path) -> None:
    with pytest.raises(ReviewError, match="no sources of a kernel: its Makefile names no VERSION"):
        open_tree(tmp_path, tmp_path / "kept")
    with pytest.raises(ReviewError, match="there is no such folder: name the sources of a kernel"):
        open_tree(tmp_path / "absent", tmp_path / "kept")


def test_a_copy_has_no_objects_of_a_build_inside_of_the_tree(tmp_path: Path) -> None:
    folder = make_tree(
        tmp_path / "tree",
        {
            ".config": "",
            "mm/x.o": "",
            "include/generated/a.h": "",
            "include/config/auto.conf": "",
            "arch/x86/include/generated/b.h": "",
        },
    )
    copy = tmp_path / "copy"
    copy.mkdir()
    open_tree(folder, tmp_path / "kept").fill(copy, shared=True)
    files = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}
    assert files == {*SOURCES, "image"}


def test_a_shared_copy_has_hard_links_and_the_other_none(tmp_path: Path) -> None:
    tree = open_tree(make_tree(tmp_path / "tree"), tmp_path / "kept")
    original = (tmp_path / "tree" / CODE).stat()
    for shared in (True, False):
        copy = tmp_path / str(shared)
        copy.mkdir()
        tree.fill(copy, shared=shared)
        about = (copy / CODE).stat()
        assert (about.st_ino == original.st_ino) == shared
        assert about.st_mtime_ns == original.st_mtime_ns


def test_the_identity_changes_with_a_file(tmp_path: Path) -> None:
    folder = make_tree(tmp_path / "tree")
    before = open_tree(folder, tmp_path / "kept").identity
    assert open_tree(folder, tmp_path / "kept").identity == before
    (folder / "mm/x.o").write_text("of a build")
    assert open_tree(folder, tmp_path / "kept").identity == before
    (folder / CODE).write_text("int other;\n")
    assert open_tree(folder, tmp_path / "kept").identity != before


def test_a_commit_is_read_and_checked_out_beside_the_repository(repo: Path, tmp_path: Path) -> None:
    (repo / CODE).write_text("not committed")
    before = snapshot(repo)
    commit = git(repo, "rev-parse", "HEAD~1")
    tree = open_tree(repo, tmp_path / "kept", commit)
    assert tree.says == f"Linux 6.1.7-pretend, commit {commit[:12]}"
    wanted = SourceFile(SOURCES[CODE].replace("one", "1").encode())
    assert tree.read(CODE) == wanted
    copy = tmp_path / "copy"
    copy.mkdir()
    tree.fill(copy, shared=True)
    assert (copy / CODE).read_bytes() == wanted.content
    assert os.access(copy / "scripts/kconfig/merge_config.sh", os.X_OK)
    assert snapshot(repo) == before
    assert is_changed(repo)


def test_the_commits_of_a_range(repo: Path) -> None:
    base, commits = read_commits(repo, "HEAD~2..HEAD")
    assert base == git(repo, "rev-parse", "HEAD~2")
    assert [commit.subject for commit in commits] == ["mm: one is 1", "mm: one is 2"]
    assert [list(commit.changes) for commit in commits] == [[CODE], [CODE]]
    assert commits[1].changes[CODE] == SourceFile(SOURCES[CODE].replace("one", "2").encode())


def test_of_a_merge_the_first_parents_are_followed(repo: Path) -> None:
    git(repo, "checkout", "-qb", "topic", "HEAD~1")
    (repo / "mm/topic.c").write_text("int topic;\n")
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "mm: topic")
    git(repo, "checkout", "-q", "-")
    git(repo, "merge", "-q", "--no-ff", "-m", "merge topic", "topic")
    _, commits = read_commits(repo, "HEAD~2..HEAD")
    assert [commit.subject for commit in commits] == ["mm: one is 2", "merge topic"]
    assert sorted(commits[1].changes) == sorted([CODE, "mm/topic.c"])


@pytest.mark.parametrize("revisions", ["HEAD..HEAD", "HEAD", "no-such..HEAD", "--all..HEAD"])
def test_a_range_that_names_no_commits(repo: Path, revisions: str) -> None:
    with pytest.raises((ReviewError, SeriesError)):
        read_commits(repo, revisions)


def test_whether_a_tree_has_a_commit(repo: Path, tmp_path: Path) -> None:
    assert has_commit(repo, git(repo, "rev-parse", "HEAD"))
    assert not has_commit(repo, "ab" * 20)
    assert not has_commit(make_tree(tmp_path / "plain"), "ab" * 20)
