"""One base class for every error that a user may read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.test_packaging import MAY_IMPORT, ROOT


def exceptions() -> Iterator[tuple[Path, ast.ClassDef]]:
    """Every class of ours that derives from a built-in exception."""
    for folder in MAY_IMPORT:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef) and any(
                    isinstance(base, ast.Name) and base.id.endswith(("Exception", "ValueError"))
                    for base in node.bases
                ):
                    yield path.relative_to(ROOT), node


def test_other_exceptions_say_that_they_are_control_flow() -> None:
    others = [
        f"{path}:{node.lineno}: {node.name}"
        for path, node in exceptions()
        if node.name != "ZonediffError"
        and not (ast.get_docstring(node) or "").startswith("Control flow: ")
    ]
    assert others == []
