"""What code is made of beside its own text."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from zonediff.compare.imported import code, imports


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose modules can be imported."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)
    importlib.invalidate_caches()


def test_imports_are_found_wherever_they_are() -> None:
    text = b"""
import one.part, two as other
from three.part import name
if one: import four
def later():
    try:
        from five import *
    except ImportError:
        import six
from . import beside
from .seven import eight
"""
    assert imports(text) == {"one", "two", "three", "four", "five", "six"}
    assert imports(b"import no, (") == imports(b"import \0") == set()


def test_code_is_of_all_that_is_imported(modules: Path) -> None:
    package = modules / "package" / "inner"
    package.mkdir(parents=True)
    first = "import second, os, zonediff.engine, nowhere"
    write(modules, first=first, second="import package, first")
    write(package, __init__="THREE = 3", deep="import third")
    write(modules, third="FOUR = 4", other="FIVE = 5")
    found = [text.decode() for text in code(["first", "os"])]
    assert found[::2] == [
        *("first first.py", "second second.py", "package __init__.py", "package deep.py"),
        "third third.py",
    ]
    assert found[1::2] == [
        *(first, "import package, first"),
        *("THREE = 3", "import third", "FOUR = 4"),
    ]


def test_what_is_installed_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    write(folder, installed="import another", another="")
    assert [*code(["installed"])] == [b"installed installed.py", b"import another"]
