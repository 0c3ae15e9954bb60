"""Patches are applied to copies of the files they name; what does not fit is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.review.pretend import CODE, SOURCES, diff, make_tree
from zonediff.review.errors import ReviewError
from zonediff.review.patching import NotApplicable, apply_patch, remove_file, write_file
from zonediff.review.sources import SourceFile, Tree, open_tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return open_tree(make_tree(tmp_path / "tree"), tmp_path / "kept")


TEXT = SOURCES[CODE]


def test_a_change_on_top_of_another(tree: Tree) -> None:
    first = apply_patch(tree, {}, diff(CODE, TEXT, TEXT.replace("one", "1")))
    after = TEXT.replace("one", "1")
    second = apply_patch(tree, first, diff(CODE, after, after.replace("three", "3")))
    file = second[CODE]
    assert file is not None
    assert file.content == b"int 1;\nint two;\nint 3;\n"
    original = tree.read(CODE)
    assert original is not None
    assert original.content == TEXT.encode()


def test_a_new_file_and_a_removed_one(tree: Tree) -> None:
    changes = apply_patch(tree, {}, diff("mm/new.c", "", "int four;\n") + diff(CODE, TEXT, ""))
    assert changes == {"mm/new.c": SourceFile(b"int four;\n"), CODE: None}


def test_a_renamed_file(tree: Tree) -> None:
    text = f"diff --git a/{CODE} b/mm/moved.c\nsimilarity index 100%\n"
    changes = apply_patch(tree, {}, f"{text}rename from {CODE}\nrename to mm/moved.c\n")
    assert changes == {"mm/moved.c": SourceFile(TEXT.encode()), CODE: None}


def test_a_file_made_executable(tree: Tree) -> None:
    changes = apply_patch(
        tree, {}, f"diff --git a/{CODE} b/{CODE}\nold mode 100644\nnew mode 100755\n"
    )
    assert changes == {CODE: SourceFile(TEXT.encode(), executable=True)}


def test_the_hunk_that_does_not_fit_is_named(tree: Tree) -> None:
    wrong = TEXT.replace("two", "nothing like it")
    with pytest.raises(NotApplicable, match=r"memory_hotplug\.c: hunk @@ -1,3 \+1,3 @@ does not"):
        apply_patch(tree, {}, diff(CODE, wrong, wrong.replace("one", "1")))


def test_a_file_that_is_not_there_is_named(tree: Tree) -> None:
    with pytest.raises(NotApplicable, match=r"^mm/absent\.c: No such file or directory$"):
        apply_patch(tree, {}, diff("mm/absent.c", "int a;\n", "int b;\n"))


@pytest.mark.parametrize(
    "path", ["../outside.c", "mm/../../outside.c", "/tmp/outside.c", ".git/hooks/x", ".GIT/config"]
)
def test_a_path_out_of_the_tree_is_refused(tree: Tree, tmp_path: Path, path: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ReviewError, match="is no path inside of a kernel tree"):
        apply_patch(tree, {}, diff(path, "", "int x;\n"))
    assert sorted(tmp_path.rglob("*")) == before


def test_nothing_is_written_through_a_symbolic_link(tree: Tree, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = (
        "diff --git a/mm/link b/mm/link\nnew file mode 120000\n--- /dev/null\n+++ b/mm/link\n"
        f"@@ -0,0 +1 @@\n+{outside}\n\\ No newline at end of file\n"
    )
    changes = apply_patch(tree, {}, link)
    assert changes == {"mm/link": SourceFile(str(outside).encode(), link=True)}
    with pytest.raises(ReviewError):
        apply_patch(tree, changes, link + diff("mm/link/evil.c", "", "int x;\n"))
    with pytest.raises(ReviewError):
        apply_patch(tree, changes, diff("mm/link/evil.c", "", "int x;\n"))
    assert list(outside.iterdir()) == []


def test_a_file_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.write_text("the user's")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy/file").hardlink_to(shared)
    write_file(tmp_path / "copy", "file", SourceFile(b"another"))
    assert shared.read_text() == "the user's"
    assert (tmp_path / "copy/file").read_text() == "another"


def test_a_file_below_a_link_is_neither_written_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_text("kept")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy/link").symlink_to(tmp_path / "outside")
    refused = "link is a symbolic link; nothing is written"
    with pytest.raises(ReviewError, match=refused):
        write_file(tmp_path / "copy", "link/file", SourceFile(b""))
    with pytest.raises(ReviewError, match=refused):
        remove_file(tmp_path / "copy", "link/file")
    assert (tmp_path / "outside/file").read_text() == "kept"


def test_a_damaged_diff(tree: Tree) -> None:
    with pytest.raises(NotApplicable):
        apply_patch(tree, {}, f"diff --git a/{CODE} b/{CODE}\n@@ -x,1 +1 @@\n")
