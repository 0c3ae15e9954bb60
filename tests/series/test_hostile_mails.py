"""Mails of strangers: each gives an answer or one message, in a time that fits its size."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.series.test_mails import DIFF
from zonediff.compare.series.mails import read_mails
from zonediff.compare.series.patch import SeriesError, read_diff
from zonediff.engine.bounds import DIFF_NUMBER_DIGITS, HEADER_CHARACTERS, MAIL_BYTES, MAIL_PARTS

HEAD = "Subject: [PATCH 1/2] x\nFrom: A <a@b.c>\nMessage-Id: <1@x>\n"
MEGABYTE = 1 << 20


def answers(mail: str) -> bool:
    """Whether a mail gives patches, or one message that names its source."""
    try:
        return bool(read_mails(mail.encode(), "x"))
    except SeriesError as error:
        return str(error).startswith("x: ")


def test_a_file_of_mails_is_read_up_to_its_bound() -> None:
    mail = f"{HEAD}\n{DIFF}".encode()
    lines = (MAIL_BYTES - len(mail)) // 10_000
    full = (mail + (b"x" * 9999 + b"\n") * lines).ljust(MAIL_BYTES, b"\n")
    assert len(read_mails(full, "x")) == 1
    with pytest.raises(SeriesError, match=r"^x: larger than 64 MiB$"):
        read_mails(full + b"\n", "x")


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 99999999999999999999 Mar 2017 10:00:00 +0000",
        "Mon, 6 Mar 99999999999999999999 10:00:00 +0000",
        "Mon, 6 Mar 2017 10:00:00 +99999999999999999999",
        "Mon, 6 Mar 2017 99:99:99 +0000",
        "=?x\0y?q?Mon?=",
        "",
    ],
)
def test_a_date_that_is_none(date: str) -> None:
    [patch] = read_mails(f"{HEAD}Date: {date}\n\n{DIFF}".encode(), "x")
    assert patch.date == ""


@pytest.mark.parametrize(
    "kind",
    [
        'text/plain; charset="a\0b"',
        "text/plain; charset*=a\0b'en'utf-8",
        "text/plain; charset*0=utf; charset*9999999999=x",
        "text/plain; charset=punycode",
        "text/plain; charset=unicode_escape",
        "text/plain; charset=hex",
        "text/plain; charset=é",
    ],
)
def test_a_charset_that_is_none(kind: str) -> None:
    [patch] = read_mails(f"{HEAD}Content-Type: {kind}\n\n{DIFF}".encode(), "x")
    assert patch.functions == ("add_memory",)


@pytest.mark.parametrize(
    ("subject", "read_as"),
    [
        ("[PATCH 1/2] =?a\0b?q?xyz?=", "xyz"),
        ("[PATCH 1/2] =?punycode?q?xyz?=", "xyz"),
        ("[PATCH 1/2] =?\u2028utf-8?q?xyz?=", "xyz"),
        ("[PATCH 1/2] =?utf-7?q?+2AA-?= x", "+2AA- x"),
        ("[PATCH 1/2] =?utf-8?b?!!!!?= x", ""),
        ("[PATCH 1/2] Fix =?utf-8?q?J=C3=B6rg?= twice", "Fix Jörg twice"),
        (f"[PATCH {'9' * 3000}/2] x", "x"),
    ],
)
def test_a_subject_is_decoded_as_far_as_it_can_be(subject: str, read_as: str) -> None:
    [patch] = read_mails(f"Subject: {subject}\nFrom: A <a@b.c>\n\n{DIFF}".encode(), "x")
    assert read_as in patch.subject
    assert patch.subject == patch.subject.encode().decode()


def test_a_header_of_the_greatest_length_and_one_more_character() -> None:
    subject = "s" * HEADER_CHARACTERS
    [patch] = read_mails(f"Subject: {subject}\n\n{DIFF}".encode(), "x")
    assert patch.subject == subject
    with pytest.raises(SeriesError, match=r"^x: a mail's Subject is longer than 4096 characters$"):
        read_mails(f"Subject: {subject}s\n\n{DIFF}".encode(), "x")


@pytest.mark.parametrize("filler", [";", '"', "\n ;"])
def test_a_content_type_that_is_too_long(filler: str) -> None:
    kind = f"text/plain;{filler * HEADER_CHARACTERS}"
    with pytest.raises(SeriesError, match=r"^x: a Content- header of a mail is longer than 4096"):
        read_mails(f"{HEAD}Content-Type: {kind}\n\n{DIFF}".encode(), "x")


def test_the_most_parts_inside_each_other_and_one_more() -> None:
    part = "Content-Type: message/rfc822\n\n"
    [patch] = read_mails(f"{HEAD}{part * MAIL_PARTS}{DIFF}".encode(), "x")
    assert patch.functions == ("add_memory",)
    with pytest.raises(SeriesError, match=r"^x: a mail with more than 20 parts that hold parts$"):
        read_mails(f"{HEAD}{part * (MAIL_PARTS + 1)}{DIFF}".encode(), "x")


@pytest.mark.parametrize("encoding", ["base64", "uuencode", "quoted-printable", "8bit", "x\0y"])
def test_a_body_that_is_not_in_its_transfer_encoding(encoding: str) -> None:
    mail = f"{HEAD}Content-Transfer-Encoding: {encoding}\n\nbegin 999 x\n\x80~~\n{DIFF}"
    assert answers(mail)


def test_a_hunk_with_numbers_of_the_most_digits() -> None:
    most = "9" * DIFF_NUMBER_DIGITS
    diff = DIFF.replace("@@ -1,3 +1,3 @@", f"@@ -{most},3 +{most},3 @@")
    assert read_diff(diff, "x").functions == ("add_memory",)


@pytest.mark.parametrize(
    "header", ["@@ -9{},3 +1,3 @@", "@@ -1,9{} +1,3 @@", "@@ -1,3 +9{},3 @@", "@@ -1,3 +1,9{} @@"]
)
@pytest.mark.parametrize("digits", [DIFF_NUMBER_DIGITS, 5000])
def test_a_hunk_with_a_number_of_too_many_digits(header: str, digits: int) -> None:
    diff = DIFF.replace("@@ -1,3 +1,3 @@", header.format("9" * digits))
    with pytest.raises(SeriesError, match=r"its diff is damaged .not the header of a hunk: @@ -"):
        read_diff(diff, "x")


@pytest.mark.parametrize(
    "line",
    [
        "--- " + "a" * MEGABYTE,
        "diff --git " + "://" + "a " * (MEGABYTE // 2),
        "diff --git a/x b/x\nBinary files " + "a and " * (MEGABYTE // 6),
        "diff --git a/x b/x\n" + '--- "' + "\\" * MEGABYTE,
        "diff --git a/x.c b/x.c\n@@ -1 +1 @@ " + "a " * (MEGABYTE // 2) + "\n-b\n+c",
    ],
)
def test_long_lines_take_time_in_proportion(line: str) -> None:
    # A time that is quadratic in this length is hours.
    assert answers(f"{HEAD}\n{line}\n")


def test_file_names_with_blanks_are_read_as_git_writes_them() -> None:
    files, functions, _ = read_diff(
        "diff --git a/ lead.c b/ lead.c\n"
        "new file mode 100644\n"
        "index 0000000..e69de29\n"
        "diff --git a/a b/c d.c b/a b/c d.c\n"
        "new file mode 100644\n"
        "index 0000000..bb0223a\n"
        "--- /dev/null\n"
        "+++ b/a b/c d.c\t\n"
        "@@ -0,0 +1,3 @@\n"
        "+int f(void)\n"
        "+{\n"
        "+}\n"
        "diff --git a/old name.c b/new name.c\n"
        "similarity index 100%\n"
        "rename from old name.c\n"
        "rename to new name.c\n"
        'diff --git "a/t\\tab.c" "b/t\\tab.c"\n'
        "deleted file mode 100644\n",
        "x",
    )
    assert [(file.path, file.added) for file in files] == [
        (" lead.c", 0),
        ("a b/c d.c", 3),
        ("new name.c", 0),
        ("t\\tab.c", 0),
    ]
    assert functions == ("f",)


def test_a_hunk_without_a_file_is_damage() -> None:
    with pytest.raises(SeriesError, match="a hunk that belongs to no file"):
        read_diff("--- a/mm/x.c\n@@ -1 +1 @@\n-a\n+b\n", "x")
    with pytest.raises(SeriesError, match="a hunk that belongs to no file"):
        read_diff(f"{DIFF}wrapped\n@@ -9 +9 @@\n-a\n+b\n", "x")


def test_b4_gets_fail_and_the_reason(zonediff: Any) -> None:
    nested = HEAD + "Content-Type: message/rfc822\n\n" * 2000 + DIFF
    result = zonediff("b4-check", stdin=nested.encode())
    assert result.exit_code == 0
    [answer] = json.loads(result.stdout)
    assert answer["status"] == "fail"
    assert answer["summary"] == "mail: a mail with more than 20 parts that hold parts"
