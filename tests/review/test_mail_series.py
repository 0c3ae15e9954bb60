"""Series are read from mails of every form: threads, revisions, single files, maildirs."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.review.pretend import CODE, SOURCES, diff, mail, write_mbox
from zonediff.compare.series.patch import SeriesError
from zonediff.review.errors import ReviewError
from zonediff.review.mail_series import MailedSeries, read_mailed_series


@pytest.fixture(autouse=True)
def _without_b4(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide a b4 that is installed; the tests of b4 bring one of their own."""
    monkeypatch.setattr("zonediff.review.mail_series.b4_program", lambda: None)


def patch(word: str) -> str:
    return diff(CODE, SOURCES[CODE], SOURCES[CODE].replace("one", word))


def subjects(series: MailedSeries) -> list[str]:
    return [item.subject for item in series.patches]


def words(series: MailedSeries) -> list[str]:
    """The names that the patches add."""
    return [
        line.removeprefix("+int ").rstrip(";")
        for item in series.patches
        for line in item.diff.splitlines()
        if line.startswith("+int ")
    ]


def test_one_patch(tmp_path: Path) -> None:
    file = write_mbox(tmp_path / "m", mail("[PATCH] mm: a change", patch("a"), id="7@x"))
    series = read_mailed_series([file])
    assert (series.title, series.revision) == ("mm: a change", "")
    assert [item.message_id for item in series.patches] == ["7@x"]
    assert series.patches[0].diff.startswith("diff --git ")


def test_a_thread_with_cover_letter_and_replies_in_any_order(tmp_path: Path) -> None:
    file = write_mbox(
        tmp_path / "m",
        mail("Re: [PATCH v2 1/2] mm: first", patch("reply"), id="9@x", answers=["0@x", "1@x"]),
        mail("[PATCH v2 2/2] mm: second", patch("b"), id="2@x", answers=["0@x"]),
        mail("[PATCH v2 1/2] mm: first", patch("a"), id="1@x", answers=["0@x"]),
        mail("[PATCH v2 0/2] mm: a series", "base-commit: " + "ab" * 20, id="0@x"),
    )
    series = read_mailed_series([file])
    assert (series.title, series.revision, series.base) == ("mm: a series", "v2", "ab" * 20)
    assert subjects(series) == ["mm: first", "mm: second"]
    assert words(series) == ["a", "b"]


def test_the_newest_of_several_revisions(tmp_path: Path) -> None:
    mails = [
        mail(
            f"[PATCH v{version} {number}/2] mm: {number}",
            patch(f"v{version}n{number}"),
            id=f"{version}.{number}@x",
            answers=[f"{version}.0@x"],
            day=version,
        )
        for version in (2, 10, 3)
        for number in (1, 2)
    ]
    covers = [mail(f"[PATCH v{v} 0/2] mm: series", id=f"{v}.0@x", day=v) for v in (2, 10, 3)]
    series = read_mailed_series([write_mbox(tmp_path / "m", *mails, *covers)])
    assert series.revision == "v10"
    assert words(series) == ["v10n1", "v10n2"]


def test_a_patch_sent_again_replaces_the_one_before(tmp_path: Path) -> None:
    file = write_mbox(
        tmp_path / "m",
        mail("[PATCH 2/2] mm: second", patch("late"), id="5@x", answers=["0@x"], day=9),
        mail("[PATCH 1/2] mm: first", patch("a"), id="1@x", answers=["0@x"]),
        mail("[PATCH 2/2] mm: second", patch("early"), id="2@x", answers=["0@x"]),
    )
    series = read_mailed_series([file])
    assert words(series) == ["a", "late"]
    assert series.notes == ("Patch 2 is there more than once; the last one is used.",)


def test_a_patch_sent_again_as_a_new_version_leaves_the_others(tmp_path: Path) -> None:
    file = write_mbox(
        tmp_path / "m",
        mail("[PATCH 1/2] mm: first", patch("a"), id="1@x", answers=["0@x"]),
        mail("[PATCH 2/2] mm: second", patch("b"), id="2@x", answers=["0@x"]),
        mail("[PATCH v2 2/2] mm: second", patch("c"), id="3@x", answers=["0@x", "2@x"], day=3),
    )
    series = read_mailed_series([file])
    assert (series.revision, words(series)) == ("v2", ["a", "c"])
    assert series.notes == ("Patch 1 is that of v1.",)


def test_a_missing_patch_is_named(tmp_path: Path) -> None:
    file = write_mbox(tmp_path / "m", mail("[PATCH 2/3] mm: second", patch("b")))
    with pytest.raises(ReviewError, match=r"m: patch 1, 3 of 3 is missing: name a file with all"):
        read_mailed_series([file])


def test_files_of_format_patch_are_one_series(tmp_path: Path) -> None:
    files = [
        write_mbox(
            tmp_path / str(number),
            mail(f"[PATCH {number}/2] mm: {number}", patch(f"n{number}"), id=f"{number}@x"),
        )
        for number in (2, 1)
    ]
    assert words(read_mailed_series(files)) == ["n1", "n2"]


def test_a_maildir(tmp_path: Path) -> None:
    for number, folder in ((1, "cur"), (2, "new")):
        (tmp_path / folder).mkdir()
        text = mail(f"[PATCH {number}/2] mm: {number}", patch(f"n{number}"), id=f"{number}@x")
        (tmp_path / folder / f"{number}.host:2,S").write_text(text.partition("\n")[2])
    assert words(read_mailed_series([tmp_path])) == ["n1", "n2"]


def test_a_folder_that_is_no_maildir(tmp_path: Path) -> None:
    with pytest.raises(SeriesError, match="a folder without cur and new: name an mbox"):
        read_mailed_series([tmp_path])


def test_mails_without_a_patch(tmp_path: Path) -> None:
    with pytest.raises(ReviewError, match="1 mail, but no patch in any of them"):
        read_mailed_series([write_mbox(tmp_path / "m", mail("a question"))])


def test_a_thread_whose_references_run_in_a_circle(tmp_path: Path) -> None:
    file = write_mbox(
        tmp_path / "m",
        mail("[PATCH 1/2] mm: first", patch("a"), id="1@x", answers=["2@x"]),
        mail("[PATCH 2/2] mm: second", patch("b"), id="2@x", answers=["1@x"]),
    )
    assert words(read_mailed_series([file])) == ["a", "b"]


def test_a_series_of_too_many_patches(tmp_path: Path) -> None:
    text = mail("[PATCH 1/100000] mm: first", patch("a"))
    with pytest.raises(ReviewError, match="more than 200 patches"):
        read_mailed_series([write_mbox(tmp_path / "m", text)])


def test_a_long_chain_of_replies_is_followed_once(tmp_path: Path) -> None:
    mails = [mail("Re: q", id=f"{n}@x", answers=[f"{n - 1}@x"]) for n in range(1, 3000)]
    last = mail("[PATCH] mm: last", patch("a"), id="z@x", answers=["2999@x"])
    series = read_mailed_series([write_mbox(tmp_path / "m", *mails, last)])
    assert [item.message_id for item in series.patches] == ["z@x"]


def test_text_in_another_encoding_than_claimed(tmp_path: Path) -> None:
    head, _, body = mail("[PATCH] mm: a change", patch("\u00fcber")).partition("\n\n")
    data = f"{head}\nContent-Type: text/plain; charset=us-ascii\n\n{body}".encode("latin-1")
    (tmp_path / "m").write_bytes(data)
    assert words(read_mailed_series([tmp_path / "m"])) == ["\u00fcber"]


def test_prerequisites_are_said(tmp_path: Path) -> None:
    text = patch("a") + "\nprerequisite-patch-id: " + "1" * 40
    series = read_mailed_series([write_mbox(tmp_path / "m", mail("[PATCH] mm: a", text))])
    assert series.notes == ("The series names prerequisite patches, which were not applied.",)


# --- b4 -------------------------------------------------------------------------------------------


def pretend_b4(folder: Path, script: str) -> Path:
    program = folder / "b4"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def thread(tmp_path: Path) -> Path:
    return write_mbox(
        tmp_path / "m",
        mail("[PATCH 0/2] mm: a series", id="0@x"),
        mail("[PATCH 1/2] mm: first", patch("a"), id="1@x", answers=["0@x"]),
        mail("[PATCH 2/2] mm: second", patch("b"), id="2@x", answers=["0@x"]),
    )


def test_b4_chooses_the_patches_of_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = write_mbox(
        tmp_path / "chosen",
        mail("[PATCH 1/2] mm: first", patch("a"), id="1@x"),
        mail("[PATCH 2/2] mm: second", patch("by_b4"), id="3@x"),
    )
    b4 = pretend_b4(
        tmp_path,
        f'[ "$*" = "--offline-mode am -m {tmp_path}/m -o $6 0@x" ] && cp {chosen} "$6/v1.mbx"\n',
    )
    monkeypatch.setattr("zonediff.review.mail_series.b4_program", lambda: str(b4))
    series = read_mailed_series([thread(tmp_path)])
    assert (series.title, words(series)) == ("mm: a series", ["a", "by_b4"])
    assert series.notes == ("b4 chose the patches of the thread.",)


@pytest.mark.parametrize("script", ["exit 1", "exit 0", 'echo no mail > "$6/v1.mbx"'])
def test_where_b4_fails_our_reader_does_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    b4 = pretend_b4(tmp_path, script)
    monkeypatch.setattr("zonediff.review.mail_series.b4_program", lambda: str(b4))
    series = read_mailed_series([thread(tmp_path)])
    assert (words(series), series.notes) == (["a", "b"], ())


def test_b4_gets_no_environment_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    b4 = pretend_b4(tmp_path, f"env > {tmp_path}/environment")
    monkeypatch.setenv("A_SECRET", "value")
    monkeypatch.setattr("zonediff.review.mail_series.b4_program", lambda: str(b4))
    read_mailed_series([thread(tmp_path)])
    environment = (tmp_path / "environment").read_text()
    assert "A_SECRET" not in environment
    assert f"HOME={os.environ.get('HOME')}\n" not in environment
