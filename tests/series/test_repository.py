"""Patches from git: what is read, what is refused, and what is never run."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zonediff.compare.series import repository
from zonediff.compare.series.patch import SeriesError
from zonediff.compare.series.repository import read_range


def test_a_range_gives_its_patches_oldest_first(linux: Any) -> None:
    patches = read_range(linux.path, "base..main")
    assert [(patch.subject, patch.functions) for patch in patches] == [
        ("hv: online what is added", ("hv_mem_hot_add",)),
        ("mm: drop memhp_default_state", ("setup_memhp_default_state",)),
        ("mm: drop auto_online_blocks", ("show_auto_online_blocks", "store_auto_online_blocks")),
    ]
    first = patches[0]
    assert (first.author, first.date) == ("A Developer <dev@example.org>", "2017-03-06")
    assert [(file.path, file.added, file.removed) for file in first.files] == [
        ("drivers/hv/hv_balloon.c", 1, 1)
    ]
    assert first.id == linux.git("rev-parse", "main~2")


def test_a_folder_inside_a_repository_will_do(linux: Any) -> None:
    assert len(read_range(linux.path / "mm", "main~1..main")) == 1


def test_merges_are_left_out_and_the_first_commit_can_be_read(new_tree: Callable[..., Any]) -> None:
    tree = new_tree("merged")
    tree.commit("one")
    tree.git("checkout", "-q", "--orphan", "other")
    tree.commit("root", {"a.c": "int f(void)\n{\n}\n"})
    tree.git("merge", "-q", "--allow-unrelated-histories", "-m", "merge", "main")
    assert [(patch.subject, patch.functions) for patch in read_range(tree.path, "main..other")] == [
        ("root", ("f",))
    ]


@pytest.mark.parametrize(
    ("revisions", "says"),
    [
        ("base", "'base' is no range: write A..B"),
        ("base...main", "'base...main' is no range"),
        ("..main", "is no range"),
        ("base..", "is no range"),
        ("base..topic", "there is no revision 'topic'"),
        ("main..base", "there is no commit in this range"),
        ("--upload-pack=touch pwned..main", "is no revision"),
        ("base..--output=pwned", "is no revision"),
        ("base..-O/pwned", "is no revision"),
        ("ba\nse..main", "is no revision"),
        ("base..main:mm", "there is no revision"),
    ],
)
def test_what_is_no_range(linux: Any, revisions: str, says: str) -> None:
    before = sorted(linux.path.iterdir())
    with pytest.raises(SeriesError) as caught:
        read_range(linux.path, revisions)
    assert says in str(caught.value)
    assert sorted(linux.path.iterdir()) == before


def test_a_branch_named_like_a_file_is_a_branch(linux: Any) -> None:
    linux.git("branch", "mm")
    assert len(read_range(linux.path, "base..mm")) == 3


def test_what_is_no_repository(tmp_path: Path) -> None:
    with pytest.raises(SeriesError, match="not a git repository"):
        read_range(tmp_path, "a..b")
    with pytest.raises(SeriesError, match="there is no such folder"):
        read_range(tmp_path / "missing", "a..b")


def test_a_repository_that_git_does_not_trust(linux: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(SeriesError, match="git failed: fatal: detected dubious ownership"):
        read_range(linux.path, "base..main")


def test_a_range_that_is_too_long(linux: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "SERIES_PATCHES", 2)
    with pytest.raises(SeriesError, match=r"more than 2 patches"):
        read_range(linux.path, "base..main")


def test_a_shallow_clone(linux: Any, tmp_path: Path) -> None:
    linux.git("clone", "-q", "--depth=2", f"file://{linux.path}", tmp_path / "shallow")
    assert len(read_range(tmp_path / "shallow", "main~1..main")) == 1
    with pytest.raises(SeriesError, match="shallow clone: fetch more"):
        read_range(tmp_path / "shallow", "base..main")
    linux.git("-C", tmp_path / "shallow", "checkout", "-q", "--orphan", "other")
    linux.git(
        "-C", tmp_path / "shallow", "-c", "user.name=a", "-c", "user.email=b", "commit", "-qm", "x"
    )
    with pytest.raises(SeriesError, match="reaches the end of a shallow clone"):
        read_range(tmp_path / "shallow", "other..main")


def test_binary_files_and_odd_names(new_tree: Callable[..., Any]) -> None:
    tree = new_tree("odd")
    tree.commit("base")
    tree.commit("odd", {"logo.png": bytes(range(256)), "with space.c": "int f(void)\n{\n}\n"})
    [patch] = read_range(tree.path, "main~1..main")
    assert [(file.path, file.binary) for file in patch.files] == [
        ("logo.png", True),
        ("with space.c", False),
    ]
    assert patch.functions == ("f",)


@pytest.mark.parametrize(
    ("header", "author", "date", "subject", "note"),
    [
        ("A <a@b> 1488798000 +0100", "A <a@b>", "2017-03-06", b"plain", ""),
        ("A <a@b> 99999999999999999999999 +0000", "A <a@b>", "1970-01-01", b"far away", ""),
        ("A <a@b> -5 +0000", "A <a@b>", "", b"before", ""),
        ("A <a@b> 1488798000 +0000", "A <a@b>", "2017-03-06", b"a\rb\x0bc\x1cd", ""),
        ("A <> 1488798000 +0000", "A", "2017-03-06", b"no address", ""),
        (
            "J\xf6rg <a@b> 1488798000 +0000\nencoding iso-8859-1",
            "J\xf6rg <a@b>",
            "2017-03-06",
            b"h\xe9",
            "",
        ),
        ("A <a@b> 1488798000 +0000", "A <a@b>", "2017-03-06", b"h\xe9", "not in UTF-8"),
        (
            "A <a@b> 1488798000 +0000\nencoding x-no",
            "A <a@b>",
            "2017-03-06",
            b"h\xe9",
            "not in x-no",
        ),
    ],
)
def test_odd_commits(
    linux: Any, header: str, author: str, date: str, subject: bytes, note: str
) -> None:
    person, _, encoding = header.partition("\n")
    lines = [
        f"tree {linux.git('write-tree')}",
        f"parent {linux.git('rev-parse', 'main')}",
        f"author {person}",
        "committer A <a@b> 1488798000 +0000",
        *([encoding] if encoding else []),
    ]
    text = "\n".join(lines).encode("latin-1") + b"\n\n" + subject + b"\n"
    done = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
        cwd=linux.path, input=text, capture_output=True, check=True,
    )  # fmt: skip
    linux.git("update-ref", "refs/heads/odd", done.stdout.decode().strip())
    [patch] = read_range(linux.path, "main..odd")
    assert (patch.author, patch.subject) == (author, subject.decode("latin-1"))
    assert patch.date == date
    assert [note in message for message in patch.notes] == ([True] if note else [])


def test_patches_are_in_the_order_of_their_parents_not_of_dates(linux: Any) -> None:
    for number, year in enumerate((2019, 2018, 2017)):
        linux.env["GIT_COMMITTER_DATE"] = f"{year}-01-01T00:00:00+0000"
        linux.commit(f"number {number}")
    assert [patch.subject for patch in read_range(linux.path, "main~3..main")] == [
        "number 0",
        "number 1",
        "number 2",
    ]


def test_labels_do_not_hide_functions(new_tree: Callable[..., Any]) -> None:
    body = (
        "int online_pages(int nid)\n{\n\tint ret;\nagain:\n"
        + "\tret = 0;\n" * 9
        + "\treturn %s;\n}\n"
    )
    tree = new_tree("labels")
    tree.commit("base", {"mm/a.c": body % "0"})
    tree.commit("change", {"mm/a.c": body % "ret"})
    [patch] = read_range(tree.path, "main~1..main")
    assert (patch.functions, patch.notes) == (("online_pages",), ())


def test_a_diff_that_is_not_utf8(new_tree: Callable[..., Any]) -> None:
    tree = new_tree("latin")
    tree.commit("base")
    tree.commit("latin", {"a.c": "int f(void)\n{\n/* é */\n}\n".encode("latin-1")})
    [patch] = read_range(tree.path, "main~1..main")
    assert patch.functions == ("f",)
    assert patch.notes == ("its diff is not UTF-8; read as Latin-1",)


def test_nothing_of_the_repository_is_run(linux: Any, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    script = linux.path / "script"
    script.write_text(f"#!/bin/sh\ntouch {trace}\ncat\n")
    script.chmod(0o755)
    for setting in (
        "diff.external",
        "core.pager",
        "core.fsmonitor",
        "gpg.program",
        "diff.mine.textconv",
        "diff.mine.command",
        "filter.mine.clean",
    ):
        linux.git("config", setting, script)
    linux.git("config", "log.showSignature", "true")
    (linux.path / ".git" / "info" / "attributes").write_text("* diff=mine filter=mine\n")
    assert len(read_range(linux.path, "base..main")) == 3
    assert not trace.exists()
