"""Files that are made once and kept for the next time: below $XDG_CACHE_HOME/zonediff."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from zonediff.result.writing import write_files


def cached(name: str, make: Callable[[], bytes]) -> Path:
    """The file of this name in the cache, made now if it is not there; may be in a folder.

    The name has to say what the content depends on, best as a hash. Raises OSError, and what
    `make` raises.
    """
    path = folder() / name
    if not path.is_file():
        content = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_files({path: content})
    return path


def folder() -> Path:
    """The folder of our cache (XDG base directory specification)."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    # The specification has relative paths ignored.
    base = Path(home) if home.startswith("/") else Path.home() / ".cache"
    return base / "zonediff"
