"""Addresses of messages, commits and kernel functions on the web.

The page has them as links that a reader may follow; it loads nothing from there. Text that is not
of the right form gets no address, so that a result cannot choose where a link leads.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

_MESSAGE: Final = re.compile(r"[^\s<>/\"'&?#]+@[A-Za-z0-9.-]+")
_FUNCTION: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RELEASE: Final = re.compile(r"\bv[0-9]+\.[0-9]+\b")

COMMIT: Final = re.compile(r"\b(?<=commit )([0-9a-f]{12,40})\b")
"""A commit of Linux in prose, as `commit 31bc3858ea3e`."""


def message_url(message: str) -> str:
    """The address of a mail in the archive of the kernel's lists; empty for other text."""
    if not _MESSAGE.fullmatch(message) or not message.isascii() or not message.isprintable():
        return ""
    return f"https://lore.kernel.org/all/{quote(message, safe='@')}/"


def commit_url(commit: str) -> str:
    """The address of a commit in Linus Torvalds' tree."""
    return f"https://git.kernel.org/linus/{commit}"


def function_url(name: str, release: str) -> str:
    """The address of a function's source; empty for names that C does not allow."""
    if not _FUNCTION.fullmatch(name):
        return ""
    return f"https://elixir.bootlin.com/linux/{release}/A/ident/{name}"


def release_in(text: str) -> str:
    """The release that a text names, as `v4.10`; `latest` without one."""
    named = _RELEASE.search(text)
    return named[0] if named else "latest"
