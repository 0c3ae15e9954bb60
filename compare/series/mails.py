"""Read patches from mails: an mbox, files of `git format-patch`, or a single mail."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from zonediff.compare.series.patch import SeriesError, read_diff
from zonediff.engine.bounds import HEADER_CHARACTERS, MAIL_BYTES, MAIL_PARTS
from zonediff.engine.words import count_of
from zonediff.result.series import Patch

_SEPARATOR: Final = re.compile(
    rb"^From \S{1,256} .{1,64}\d\d:\d\d:\d\d.{0,64} \d{4}\r?\n", re.MULTILINE
)
"""The line before each mail of an mbox; other lines may begin with `From ` as well."""

_TAG: Final = re.compile(r"\s*\[[^\]]*\]\s*")
_NUMBER: Final = re.compile(r"\b([0-9]{1,9})/[0-9]{1,9}\b")
_DIFF: Final = re.compile(r"^(?:diff --git |--- \S.*\n\+\+\+ )", re.MULTILINE)
_SIGNATURE: Final = re.compile(r"^-- $", re.MULTILINE)
_AUTHOR: Final = re.compile(r"\s*From: *(.+)\n")
_HOLDS_PARTS: Final = re.compile(rb"^content-type:\s*(?:message|multipart)/", re.I | re.MULTILINE)
_CONTENT_HEADER: Final = re.compile(rb"^content-[^\n]*(?:\n[ \t][^\n]*)*", re.I | re.MULTILINE)
_NO_CHARSETS: Final = frozenset(
    {"idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape"}
)
"""Python's encodings that no mail is in; decoding one of them can take quadratic time."""

T = TypeVar("T")


_ID: Final = re.compile(r"<[^<>\s]{1,512}>")


class NoPatchError(SeriesError):
    """Mails without any patch."""


class SeriesMail(NamedTuple):
    """A mail of a thread.

    subject: in full, with its tags. id: without brackets. answers: ids of the mails that it refers
    to, the first mail of the thread first. sent: seconds since 1970, 0 if unknown. text: all of its
    text. diff: the patch as text, empty without one.
    """

    subject: str
    id: str
    answers: tuple[str, ...]
    sent: float
    text: str
    diff: str


def read_thread(data: bytes, source: str) -> list[SeriesMail]:
    """All mails of an mbox, or a single one, in the order of the file. Raises SeriesError."""
    _limit(data, source)
    return [_series_mail(_parse(text, source), source) for text in _split(data, source)]


def _series_mail(mail: Message, source: str) -> SeriesMail:
    text, _ = _body(mail, source)
    start = _DIFF.search(text)
    refers = (
        f"{_header(mail, 'References', source, cut=True)} {_header(mail, 'In-Reply-To', source)}"
    )
    return SeriesMail(
        subject=_header(mail, "Subject", source),
        id=_header(mail, "Message-Id", source).strip("<>"),
        answers=tuple(dict.fromkeys(id.strip("<>") for id in _ID.findall(refers))),
        sent=_seconds(_header(mail, "Date", source)),
        text=text,
        diff=_SIGNATURE.split(text[start.start() :])[0] if start else "",
    )


def _seconds(text: str) -> float:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return 0.0


def read_file(path: Path) -> list[Patch]:
    """The patches of a file of mails, sorted by number. Raises SeriesError."""
    return read_mails(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """The content of a file of mails, one byte more than allowed at most. Raises SeriesError."""
    try:
        with path.open("rb") as file:
            return file.read(MAIL_BYTES + 1)
    except OSError as error:
        raise SeriesError(f"{path}: {error.strerror}") from None


def read_mails(data: bytes, source: str) -> list[Patch]:
    """The patches of mails, sorted by number; mails without a patch are skipped.

    source: names the mails in errors. Raises SeriesError; NoPatchError when no mail has a patch.
    """
    _limit(data, source)
    mails = [_parse(text, source) for text in _split(data, source)]
    patches = [patch for mail in mails if (patch := _patch(mail, source)) is not None]
    if not patches:
        where = "it" if len(mails) == 1 else "them"
        raise NoPatchError(f"{source}: {count_of(len(mails), 'mail')}, but no patch in {where}")
    return sorted(patches, key=lambda patch: patch.number or 0)


def _limit(data: bytes, source: str) -> None:
    """Refuse too many bytes. Raises SeriesError."""
    if len(data) > MAIL_BYTES:
        raise SeriesError(f"{source}: larger than {MAIL_BYTES >> 20} MiB")


def _split(data: bytes, source: str) -> list[bytes]:
    if data.startswith(b"From "):
        mails = [text for text in _SEPARATOR.split(data) if text.strip()]
    else:
        mails = [data]
    if not mails or not _parse(mails[0], source).get("Subject"):
        raise SeriesError(
            f"{source}: neither an mbox nor a mail: no headers with a subject at its beginning"
        )
    return mails


def _parse(text: bytes, source: str) -> Message:
    """Parse one mail. Raises SeriesError."""
    if sum(1 for _ in _HOLDS_PARTS.finditer(text)) > MAIL_PARTS:
        raise SeriesError(f"{source}: a mail with more than {MAIL_PARTS} parts that hold parts")
    if any(len(match[0]) > HEADER_CHARACTERS for match in _CONTENT_HEADER.finditer(text)):
        raise SeriesError(
            f"{source}: a Content- header of a mail is longer than {HEADER_CHARACTERS} characters"
        )
    try:
        return message_from_bytes(text)
    except Exception as error:  # the parser documents none, and raises several kinds
        raise SeriesError(f"{source}: a mail is malformed: {type(error).__name__}") from None


def _patch(mail: Message, source: str) -> Patch | None:
    """The patch in a mail; None when there is none in it."""
    body, notes = _body(mail, source)
    start = _DIFF.search(body)
    if start is None:
        return None
    full = _header(mail, "Subject", source)
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
        id=_header(mail, "Message-Id", source).strip("<>"),
        subject=subject,
        author=author[1].strip() if author else _header(mail, "From", source),
        date=_date(_header(mail, "Date", source)),
        files=read.files,
        functions=read.functions,
        number=int(number[1]) if number else None,
        notes=(*notes, *read.notes),
    )


def _body(mail: Message, source: str) -> tuple[str, list[str]]:
    """All text of a mail, attached patches included, and what was wrong with its encoding."""
    texts, notes = [], []
    for part in mail.walk():
        if part.get_content_maintype() != "text" or part.get_content_subtype() == "html":
            continue
        claimed = _charset(part)
        data = _payload(part, source)
        text, used = _decode(data, claimed)
        if used != claimed:
            notes.append(f"its text is not in {claimed}, which it claims to be in; read as {used}")
        texts.append(text.replace("\r\n", "\n"))
    return "\n".join(texts), notes


def _charset(part: Message) -> str:
    """The charset that a part claims to be in, which may be unreadable as well as unknown."""
    return _ask(lambda: str(part.get_content_charset("utf-8")), "an unreadable charset")


def _payload(part: Message, source: str) -> bytes:
    """The bytes of a part of text. Raises SeriesError when they cannot be had."""
    del part["Content-Type"]  # decoding asks for the charset again, which may be unreadable
    data = _ask(lambda: part.get_payload(decode=True), None)
    if isinstance(data, bytes):
        return data
    raise SeriesError(f"{source}: the text of a mail cannot be decoded as its headers say")


def _ask(question: Callable[[], T], otherwise: T) -> T:
    """Ask Python's email package, which raises exceptions of many kinds for malformed mails."""
    try:
        return question()
    except Exception:
        return otherwise


def _decode(data: bytes, claimed: str) -> tuple[str, str]:
    """The text, and its real encoding."""
    for encoding in (claimed, "utf-8"):
        try:
            if codecs.lookup(encoding).name.replace("-", "_") not in _NO_CHARSETS:
                text = data.decode(encoding)
                text.encode()  # UTF-7 can hold halves of characters
                return text, encoding
        except (LookupError, ValueError):
            continue
    return data.decode("latin-1"), "latin-1"


def _header(mail: Message, name: str, source: str, *, cut: bool = False) -> str:
    """A header on one line, decoded as far as it can be.

    cut: keep the beginning of one that is too long; else SeriesError is raised for it.
    """
    value = _ask(lambda: str(mail.get(name, "")), "")
    if cut:
        value = value[:HEADER_CHARACTERS]
    if len(value) > HEADER_CHARACTERS:
        raise SeriesError(
            f"{source}: a mail's {name} is longer than {HEADER_CHARACTERS} characters"
        )
    words = _ask(lambda: decode_header(value), [(value, None)])
    text = "".join(
        word if isinstance(word, str) else _word(word, charset) for word, charset in words
    )
    return " ".join(text.encode(errors="replace").decode().split())


def _word(word: bytes, charset: str | None) -> str:
    """A word of a header; what is not encoded comes from decode_header() in Python's escapes."""
    if charset is None:
        return word.decode("raw_unicode_escape", errors="replace")
    return _decode(word, charset)[0]


def _date(text: str) -> str:
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except (TypeError, ValueError, OverflowError):
        return ""
