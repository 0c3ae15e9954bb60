"""A mail text as a draft in reply to a message: a file that git send-email and mutt take.

Who sends it, to whom and when is theirs to say, so it has no From, To, Date or Message-ID.
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
"""A longer one would make a header that relays may refuse or break."""

_LONGEST_SUBJECT: Final = 500

# An identifier must never be folded or encoded, as other headers are: threads would be lost.
_HEADERS: Final = HeaderRegistry()
_HEADERS.map_to_type("in-reply-to", MessageIDHeader)  # type: ignore[arg-type]
_HEADERS.map_to_type("references", MessageIDHeader)  # type: ignore[arg-type]

_POLICY: Final = policy.default.clone(header_factory=_HEADERS, cte_type="7bit")


class DraftError(ZonediffError):
    """A message id or a subject that cannot stand in a header."""


def draft(text: str, message_id: str, subject: str) -> str:
    """The mail as RFC 5322 has it; text is ASCII.

    Raises DraftError.
    """
    parent, subject = f"<{checked_id(message_id)}>", reply_subject(subject)
    # Encoded words have to be short; plain ones are clearer on one line, as git writes them.
    mail = EmailMessage(_POLICY.clone(max_line_length=998 if subject.isascii() else 78))
    mail["Subject"] = subject
    mail["In-Reply-To"] = parent
    mail["References"] = parent
    mail.set_content(text, charset="us-ascii", cte="7bit", params={"format": "fixed"})
    return mail.as_string()


def checked_id(message_id: str) -> str:
    """A message id without its angle brackets. Raises DraftError when it is none."""
    found = _MESSAGE_ID.fullmatch(message_id)
    if found is None:
        raise DraftError(
            f"{_quoted(message_id)} is no message id: give what the header Message-ID has, such "
            "as 20170227092817.23571-1-mhocko@kernel.org"
        )
    if len(message_id) > _LONGEST_ID:
        raise DraftError(f"a message id of {len(message_id)} characters is too long for a header")
    return found[1] or found[2]


def reply_subject(subject: str) -> str:
    """The subject of a reply. Raises DraftError when it has more than one line, or none."""
    text = subject.strip()
    if not text or visible(text) != text or "\n" in text or "\t" in text:
        raise DraftError(
            f"{_quoted(subject)} is no subject: one line of text, without control characters"
        )
    if "=?" in text:  # decoded, it could hold anything
        raise DraftError(f"{_quoted(subject)} is an encoded subject: give it in plain characters")
    if len(text) > _LONGEST_SUBJECT:
        raise DraftError(f"a subject of {len(text)} characters is too long for a header")
    return text if text.lower().startswith("re:") else f"Re: {text}"


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}...")
