"""The error that ended a build, out of its log."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_TAIL_BYTES: Final = 1 << 20
"""Only the end of a log is read."""

_ERRORS: Final = (
    re.compile(r"\S.*?: (?:fatal )?error: .*|\S.*: undefined reference to .*"),
    re.compile(r"(?:tuxmake: |ERROR: |error: ).*"),
    re.compile(r".*\*\*\* (?!Waiting for unfinished jobs).*"),
)
"""Lines that name an error, the kinds that say most first."""

_CHARACTERS: Final = 500


def last_error(log: Path, sources: Path | str) -> str:
    """Return the last error in a log, with paths as in the tree; or its last line."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        text = file.read().decode(errors="replace")
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    for pattern in _ERRORS:
        errors = [line for line in lines if pattern.match(line)]
        if errors:
            return _readable(errors[-1], str(sources))
    return _readable(lines[-1], str(sources)) if lines else "the build printed nothing"


def _readable(line: str, sources: str) -> str:
    """Return a line without the folder that the sources were in, and without its end."""
    line = line.replace(f"{sources}/", "").replace("../source/", "").strip()
    return line if len(line) <= _CHARACTERS else line[: _CHARACTERS - 3] + "..."
