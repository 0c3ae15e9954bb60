"""Drafts of mails: what is in their headers, and that the tools of mailing lists take them."""

from __future__ import annotations

import os
import shutil
import subprocess
from email import message_from_string, policy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zonediff.reports.forms.draft import DraftError, checked_message_id, draft, reply_subject
from zonediff.reports.forms.mail import render
from zonediff.result.result import Result

PARENT = "20170227092817.23571-1-mhocko@kernel.org"


def test_it_is_a_reply_and_leaves_the_rest_to_who_sends_it(result: Result) -> None:
    text = render(result)
    mail = message_from_string(draft(text, PARENT, "[RFC PATCH] mm: x"), policy=policy.default)
    assert dict(mail.items()) == {
        "Subject": "Re: [RFC PATCH] mm: x",
        "In-Reply-To": f"<{PARENT}>",
        "References": f"<{PARENT}>",
        "Content-Type": 'text/plain; charset="us-ascii"; format="fixed"',
        "Content-Transfer-Encoding": "7bit",
        "MIME-Version": "1.0",
    }
    assert mail.get_content() == text
    assert not mail.defects


def test_a_long_id_is_neither_folded_nor_encoded() -> None:
    name = f"{'a' * 200}@example.org"
    assert f"\nIn-Reply-To: <{name}>\nReferences: <{name}>\n" in draft("x\n", name, "s")


@pytest.mark.parametrize("subject", ["long " * 40, "sn\N{LATIN SMALL LETTER O}w \N{SNOWMAN} " * 20])
def test_a_subject_comes_out_as_it_went_in(subject: str) -> None:
    text = draft("x\n", PARENT, subject)
    assert text.isascii()
    mail = message_from_string(text, policy=policy.default)
    assert mail["Subject"] == f"Re: {subject.strip()}"


def test_a_reply_to_a_reply() -> None:
    assert reply_subject("RE: x") == "RE: x"


@pytest.mark.parametrize(
    "name",
    [PARENT, f"<{PARENT}>", "a+b/c=d$e@f", "x@[127.0.0.1]", "x@[IPv6:::1]"],
)
def test_message_ids(name: str) -> None:
    assert checked_message_id(name) == name.strip("<>")


@pytest.mark.parametrize(
    "name",
    ["", "a", "a@", "@b", "a b@c", "<a@b", "a@b>", "<a@b> <c@d>", "a@b\n", "a@b\nBcc: x@y",
     "a@\udc80", "a@b\0", "a" * 300 + "@b", "https://lore.kernel.org/linux-mm/a@b/"],
)  # fmt: skip
def test_no_message_ids(name: str) -> None:
    with pytest.raises(DraftError, match="message id"):
        checked_message_id(name)


@pytest.mark.parametrize(
    "subject",
    ["", " ", "a\nBcc: x@y", "a\rb", "a\tb", "a\0", "\udc80", "a\N{LINE SEPARATOR}b", "a" * 501,
     "=?utf-8?q?a=0ABcc:_x=40y?=", "\N{RIGHT-TO-LEFT OVERRIDE}x"],
)  # fmt: skip
def test_no_subjects(subject: str) -> None:
    with pytest.raises(DraftError, match="subject"):
        reply_subject(subject)


@given(st.text(max_size=60), st.text(max_size=60))
def test_nothing_that_is_accepted_adds_a_header(name: str, subject: str) -> None:
    for given_name, given_subject in ((name, "s"), (f"{name}@b", "s"), (PARENT, subject)):
        try:
            text = draft("x\n", given_name, given_subject)
        except DraftError:
            continue
        mail = message_from_string(text, policy=policy.default)
        assert len(mail.keys()) == 6
        assert mail.get_content() == "x\n"


def _sent(tmp_path: Path) -> tuple[Path, Path]:
    """A stand-in for sendmail, and the file where it leaves what it was to send."""
    script, sent = tmp_path / "sendmail", tmp_path / "sent"
    script.write_text(f"#!/bin/sh\ncat > {sent}\n")
    script.chmod(0o755)
    return script, sent


@pytest.mark.parametrize("subject", ["[RFC PATCH] mm: x", "word " * 30, "mm: \N{SNOWMAN}"])
def test_git_send_email_takes_it(tmp_path: Path, result: Result, subject: str) -> None:
    file = tmp_path / "draft.eml"
    file.write_text(draft(render(result), PARENT, subject))
    script, sent = _sent(tmp_path)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    done = subprocess.run(
        ["git", "-c", "user.name=A Dev", "-c", "user.email=a@example.org", "send-email",
         "--validate", "--confirm=never", "--to=list@example.org", f"--smtp-server={script}",
         file],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    if "is not a git command" in done.stderr or "Mail::Address" in done.stderr:
        pytest.skip("git send-email is not installed here")
    assert done.returncode == 0, done.stderr
    _check_sent(sent, result, subject)


@pytest.mark.skipif(shutil.which("mutt") is None, reason="mutt is not installed here")
@pytest.mark.parametrize("subject", ["[RFC PATCH] mm: x", "word " * 30])
def test_mutt_takes_it(tmp_path: Path, result: Result, subject: str) -> None:
    file = tmp_path / "draft.eml"
    file.write_text(draft(render(result), PARENT, subject))
    script, sent = _sent(tmp_path)
    settings = f'set sendmail="{script}"; set from=a@example.org; set copy=no'
    done = subprocess.run(
        ["mutt", "-n", "-F", "/dev/null", "-e", settings, "-H", file, "list@example.org"],
        env={**os.environ, "HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    _check_sent(sent, result, subject)


def _check_sent(sent: Path, result: Result, subject: str) -> None:
    mail = message_from_string(sent.read_text(), policy=policy.default)
    assert mail["Subject"] == f"Re: {subject.strip()}"
    assert mail["To"] == "list@example.org"
    assert mail["In-Reply-To"] == mail["References"] == f"<{PARENT}>"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_param("format") == "fixed"
    assert mail.get_content() == render(result)
