"""Draft replies to a message, as files that git send-email and mutt can send.

A draft has no From, To, Date or Message-ID: the sender adds these.
"""

from __future__ import annotations

import re
from email import policy
from email.headerregistry import HeaderRegistry, MessageIDHeader
from email.message import EmailMessage
from typing import Final

from zonediff.engine.errors import ZonediffError
from zonediff.reports.text.plain import visible

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+"
_ID: Final = rf"{_ATOM}@(?:{_ATOM}|\[[A-Za-z0-9:.]+\])"
_MESSAGE_ID: Final = re.compile(rf"<({_ID})>|({_ID})")
_LONGEST_ID: Final = 250
"""Characters; relays may refuse or break the header of a longer id."""

_LONGEST_SUBJECT: Final = 500

# Message ids must not be folded or encoded as other headers are: mail readers would lose threads.
_HEADERS: Final = HeaderRegistry()
_HEADERS.map_to_type("in-reply-to", MessageIDHeader)  # type: ignore[arg-type]
_HEADERS.map_to_type("references", MessageIDHeader)  # type: ignore[arg-type]

_POLICY: Final = policy.default.clone(header_factory=_HEADERS, cte_type="7bit")


class DraftError(ZonediffError):
    """A message id or a subject that cannot stand in a header."""


def draft(text: str, message_id: str, subject: str) -> str:
    """The mail in the format of RFC 5322. text: the body, in ASCII.

    Raises DraftError for a message id or a subject that cannot stand in a header.
    """
    parent, subject = f"<{checked_message_id(message_id)}>", reply_subject(subject)
    # RFC 2047 limits encoded lines to 76 characters; plain subjects stay on one line, as in git.
    mail = EmailMessage(_POLICY.clone(max_line_length=998 if subject.isascii() else 78))
    mail["Subject"] = subject
    mail["In-Reply-To"] = parent
    mail["References"] = parent
    mail.set_content(text, charset="us-ascii", cte="7bit", params={"format": "fixed"})
    return mail.as_string()


def checked_message_id(message_id: str) -> str:
    """A message id without its angle brackets. Raises DraftError for anything else."""
    match = _MESSAGE_ID.fullmatch(message_id)
    if match is None:
        raise DraftError(
            f"{_quoted(message_id)} is not a message id: copy it from the header Message-ID, such "
            "as 20170227092817.23571-1-mhocko@kernel.org"
        )
    if len(message_id) > _LONGEST_ID:
        raise DraftError(
            f"the message id is too long for a header: {len(message_id)} characters, "
            f"at most {_LONGEST_ID}"
        )
    return match[1] or match[2]


def reply_subject(subject: str) -> str:
    """The subject of a reply. Raises DraftError unless it is one line of plain text."""
    text = subject.strip()
    if not text or visible(text) != text or "\n" in text or "\t" in text:
        raise DraftError(
            f"{_quoted(subject)} is not a subject: give one line of text without control characters"
        )
    if "=?" in text:  # decoded, it could contain anything
        raise DraftError(f"{_quoted(subject)} is an encoded subject: give it in plain characters")
    if len(text) > _LONGEST_SUBJECT:
        raise DraftError(
            f"the subject is too long for a header: {len(text)} characters, "
            f"at most {_LONGEST_SUBJECT}"
        )
    return text if text.lower().startswith("re:") else f"Re: {text}"


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}...")
