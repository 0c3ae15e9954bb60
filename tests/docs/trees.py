"""Git repositories that pages speak of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

TREES: Final[dict[str, Callable[[Path], None]]] = {}
"""By page: what makes its repositories in a folder."""
