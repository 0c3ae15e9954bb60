"""The bounds of what is read: sizes, counts and depths beyond which an input is refused.

Inputs come from strangers. Each bound is far above what people write, and keeps the time and the
memory for an input in proportion to its size. docs/reliability.md lists them all.
"""

from __future__ import annotations

from typing import Final

# --- patches ---

MAIL_BYTES: Final = 64 << 20
"""The largest file of mails that is read, in bytes."""

HEADER_CHARACTERS: Final = 4096
"""The most characters of a header that is used: subject, date, sender, message id, content type."""

MAIL_PARTS: Final = 20
"""The most parts of one mail that hold parts themselves (multipart, message)."""

DIFF_NUMBER_DIGITS: Final = 9
"""The most digits of a line number or count in a diff."""

SERIES_PATCHES: Final = 200
"""The most patches of a series; who asks for more has the wrong range."""
