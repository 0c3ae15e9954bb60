"""Write measured tables into docs/benchmarks.md.

On the page the comment `<!-- table: KEY -->` stands before each table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
_TABLE: Final = re.compile(r"(<!-- table: (\S+) -->\n\n)((?:\|.*\n)*)")


def with_tables(page: str, tables: Mapping[str, str]) -> str:
    """Return the page with these tables, by key, in their places; other tables stay."""

    def filled(match: re.Match[str]) -> str:
        before, key, old = match.groups()
        new = f"{tables[key]}\n" if key in tables else old
        return before + new + ("\n" if new and not old else "")

    return _TABLE.sub(filled, page)


def write(tables: Mapping[str, str]) -> None:
    """Write these tables into the page."""
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), tables), encoding="utf-8")
