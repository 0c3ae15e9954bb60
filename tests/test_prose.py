"""Docstrings begin with their subject and not with a clause."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = (
    *("engine", "variants", "corpus", "result", "work", "explore", "live", "compare", "review"),
    *("reports", "cli", "zonediff", "tools"),
)


def _docstrings(file: Path) -> Iterator[tuple[int, str]]:
    """Every docstring with its line, those of constants too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            text = node.value.value
            if isinstance(text, str):
                yield node.lineno, text


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_docstring_begins_with_what(folder: str) -> None:
    """`The size of a block` and not `What a block is in size`."""
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    clauses = [
        f"{file.relative_to(ROOT)}:{line}: {text[:40]}"
        for file in files
        for line, text in _docstrings(file)
        if text.startswith(("What ", "Whatever "))
    ]
    assert clauses == []
