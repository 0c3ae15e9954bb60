"""Patches in mails: an mbox file, what `git format-patch` writes, or a single mail."""

from __future__ import annotations

import re
from contextlib import suppress
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

from zonediff.compare.series.patch import SeriesError, read_diff
from zonediff.engine.words import count_of
from zonediff.result.series import Patch

_SEPARATOR: Final = re.compile(
    rb"^From \S{1,256} .{1,64}\d\d:\d\d:\d\d.{0,64} \d{4}\r?\n", re.MULTILINE
)
"""The line before each mail of an mbox; other lines may begin with `From ` as well."""

_TAG: Final = re.compile(r"\s*\[[^\]]*\]\s*")
_NUMBER: Final = re.compile(r"\b(\d+)/\d+\b")
_DIFF: Final = re.compile(r"^(?:diff --git |--- \S+.*\n\+\+\+ )", re.MULTILINE)
_SIGNATURE: Final = re.compile(r"^-- $", re.MULTILINE)
_AUTHOR: Final = re.compile(r"\s*From: *(.+)\n")


class NoPatchError(SeriesError):
    """These are mails, but there is no patch in any of them."""


def read_file(path: Path) -> list[Patch]:
    """The patches of a file of mails, by their numbers. Raises SeriesError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SeriesError(f"{path}: {error.strerror}") from None
    return read_mails(data, str(path))


def read_mails(data: bytes, source: str) -> list[Patch]:
    """The patches of mails, by their numbers; mails without one are passed over.

    source: names them in errors. Raises SeriesError, NoPatchError when all are passed over.
    """
    mails = [message_from_bytes(text) for text in _split(data, source)]
    patches = [patch for mail in mails if (patch := _patch(mail, source)) is not None]
    if not patches:
        where = "it" if len(mails) == 1 else "them"
        raise NoPatchError(f"{source}: {count_of(len(mails), 'mail')}, but no patch in {where}")
    return sorted(patches, key=lambda patch: patch.number or 0)


def _split(data: bytes, source: str) -> list[bytes]:
    if data.startswith(b"From "):
        mails = [text for text in _SEPARATOR.split(data) if text.strip()]
    else:
        mails = [data]
    if not mails or not message_from_bytes(mails[0])["Subject"]:
        raise SeriesError(
            f"{source}: neither an mbox nor a mail: no headers with a subject at its beginning"
        )
    return mails


def _patch(mail: Message, source: str) -> Patch | None:
    """The patch in a mail; None when there is none in it."""
    body, notes = _body(mail)
    start = _DIFF.search(body)
    if start is None:
        return None
    full = _header(mail, "Subject")
    subject = full
    while tag := _TAG.match(subject):
        subject = subject[tag.end() :]
    tags = full[: len(full) - len(subject)]
    number = _NUMBER.search(tags)
    author = _AUTHOR.match(body)
    read = read_diff(
        _SIGNATURE.split(body[start.start() :])[0], f"{source}: {full or 'a mail without subject'}"
    )
    return Patch(
        id=_header(mail, "Message-Id").strip("<>"),
        subject=subject,
        author=author[1].strip() if author else _header(mail, "From"),
        date=_date(mail),
        files=read.files,
        functions=read.functions,
        number=int(number[1]) if number else None,
        notes=(*notes, *read.notes),
    )


def _body(mail: Message) -> tuple[str, list[str]]:
    """All text of a mail, attached patches included, and what was wrong with its encoding."""
    texts, notes = [], []
    for part in mail.walk():
        if part.get_content_maintype() != "text" or part.get_content_subtype() == "html":
            continue
        data = part.get_payload(decode=True)
        if not isinstance(data, bytes):
            continue
        claimed = part.get_content_charset() or "utf-8"
        text, used = _decode(data, claimed)
        if used != claimed:
            notes.append(f"its text is not in {claimed}, which it claims to be in; read as {used}")
        texts.append(text.replace("\r\n", "\n"))
    return "\n".join(texts), notes


def _decode(data: bytes, claimed: str) -> tuple[str, str]:
    """Text, and the encoding that it turned out to be in."""
    for encoding in (claimed, "utf-8"):
        try:
            return data.decode(encoding), encoding
        except (LookupError, UnicodeError):
            continue
    return data.decode("latin-1"), "latin-1"


def _header(mail: Message, name: str) -> str:
    """A header on one line, decoded as far as it can be."""
    value = str(mail.get(name, ""))
    with suppress(HeaderParseError, LookupError, UnicodeError):
        value = str(make_header(decode_header(value)))
    return " ".join(value.split())


def _date(mail: Message) -> str:
    try:
        return parsedate_to_datetime(_header(mail, "Date")).date().isoformat()
    except (TypeError, ValueError):
        return ""
