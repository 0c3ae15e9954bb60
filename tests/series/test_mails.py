"""Patches from mails."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from zonediff.compare.series.mails import read_file, read_mails
from zonediff.compare.series.patch import SeriesError

DIFF = """\
diff --git a/mm/x.c b/mm/x.c
--- a/mm/x.c
+++ b/mm/x.c
@@ -1,3 +1,3 @@ int add_memory(int nid)
 \ta
-\tb
+\tc
 \td
"""

MAIL = f"""\
From: A Developer <dev@example.org>
Subject: [RFC PATCH] mm: change
Date: Mon, 27 Feb 2017 10:28:17 +0100
Message-Id: <1@example.org>

Why.

---
 mm/x.c | 2 +-

{DIFF}--\x20
2.11.0

--\x20
A list's footer with a --- line
--- and more
"""


def mbox(*mails: str) -> bytes:
    return "\n".join(f"From x Mon Sep 17 00:00:00 2001\n{mail}" for mail in mails).encode()


def test_a_single_mail() -> None:
    [patch] = read_mails(MAIL.encode(), "stdin")
    assert patch.subject == "mm: change"
    assert patch.author == "A Developer <dev@example.org>"
    assert patch.date == "2017-02-27"
    assert patch.id == "1@example.org"
    assert patch.functions == ("add_memory",)
    assert [(file.path, file.added, file.removed) for file in patch.files] == [("mm/x.c", 1, 1)]
    assert patch.notes == ()


def test_the_author_in_the_body_counts() -> None:
    text = MAIL.replace("\n\nWhy.", "\n\nFrom: Someone Else <else@example.org>\n\nWhy.")
    [patch] = read_mails(text.encode(), "stdin")
    assert patch.author == "Someone Else <else@example.org>"


def test_an_mbox_in_the_order_of_its_numbers_without_cover_letter_and_replies() -> None:
    cover = "From: a\nSubject: [PATCH v2 0/2] two\n\nBoth.\n\nFrom here on it is prose.\n"
    first, second = (
        MAIL.replace("[RFC PATCH] mm: change", f"[PATCH v2 {number}/2] mm: {number}")
        for number in (1, 2)
    )
    reply = "From: b\nSubject: Re: [PATCH v2 1/2] mm: 1\n\n> " + DIFF.replace("\n", "\n> ")
    patches = read_mails(mbox(cover, second, reply, first), "x.mbox")
    assert [(patch.number, patch.subject) for patch in patches] == [(1, "mm: 1"), (2, "mm: 2")]


def test_what_git_format_patch_writes_gives_what_git_gives(linux: Any, tmp_path: Path) -> None:
    from zonediff.compare.series.repository import read_range

    file = tmp_path / "series.mbox"
    file.write_text(linux.git("format-patch", "--stdout", "base..main"))
    expected = read_range(linux.path, "base..main")
    assert [
        (patch.subject, patch.author, patch.date, patch.files, patch.functions)
        for patch in read_file(file)
    ] == [
        (patch.subject, patch.author, patch.date, patch.files, patch.functions)
        for patch in expected
    ]


def test_a_binary_patch(linux: Any, tmp_path: Path) -> None:
    linux.commit("logo", {"logo.png": bytes(range(256)) * 9})
    file = tmp_path / "series.mbox"
    file.write_text(linux.git("format-patch", "--binary", "--stdout", "main~1..main"))
    [patch] = read_file(file)
    assert [(change.path, change.binary) for change in patch.files] == [("logo.png", True)]


def test_encoded_subjects_bodies_and_attachments() -> None:
    mail = EmailMessage()
    mail["Subject"] = "[PATCH] mm: größer"
    mail["From"] = "Jörg <j@example.org>"
    mail.set_content("Überall größer.\n", charset="iso-8859-1")
    mail.add_attachment(DIFF.encode(), maintype="text", subtype="x-patch")
    [patch] = read_mails(mail.as_bytes(), "stdin")
    assert patch.subject == "mm: größer"
    assert patch.author == "Jörg <j@example.org>"
    assert patch.functions == ("add_memory",)
    assert patch.notes == ()


@pytest.mark.parametrize(
    ("charset", "data", "read_as"),
    [
        ("us-ascii", "é".encode(), "utf-8"),
        ("utf-8", "é".encode("latin-1"), "latin-1"),
        ("klingon", "é".encode(), "utf-8"),
    ],
)
def test_text_in_another_encoding_than_it_claims(charset: str, data: bytes, read_as: str) -> None:
    head, _, body = MAIL.encode().partition(b"\n\n")
    kind = f"\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
    [patch] = read_mails(head + kind.encode() + data + body, "stdin")
    assert patch.functions == ("add_memory",)
    assert patch.notes == (
        f"its text is not in {charset}, which it claims to be in; read as {read_as}",
    )


def test_lines_that_end_as_in_windows() -> None:
    [patch] = read_mails(MAIL.replace("\n", "\r\n").encode(), "stdin")
    assert patch.functions == ("add_memory",)


@pytest.mark.parametrize("data", [b"", b"\n", b"hello\n", b"\x7fELF\0\0", b"From nowhere\nhello\n"])
def test_what_is_no_mail(data: bytes) -> None:
    with pytest.raises(SeriesError, match=r"^x: neither an mbox nor a mail"):
        read_mails(data, "x")


def test_mails_without_a_patch() -> None:
    with pytest.raises(SeriesError, match=r"^x: 2 mails, but no patch in them$"):
        read_mails(mbox("Subject: a\n\nb\n", "Subject: c\n\nd\n"), "x")


def test_a_damaged_patch_is_named() -> None:
    with pytest.raises(SeriesError, match=r"^x: \[RFC PATCH\] mm: change: its diff is damaged"):
        read_mails(MAIL.replace("\n \td", "").encode(), "x")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SeriesError, match="No such file"):
        read_file(tmp_path / "missing.mbox")


def test_a_date_that_is_none() -> None:
    [patch] = read_mails(MAIL.replace("Mon, 27 Feb 2017 10:28:17 +0100", "today").encode(), "x")
    assert patch.date == ""
