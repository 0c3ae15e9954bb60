"""What code is made of beside its own text."""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path

import pytest

from zonediff.work import dependencies
from zonediff.work.dependencies import ModuleChanged, code_hashes, imports, recheck

TEXTS: dict[bytes, str] = {}
"""What was written, by its hash."""


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has looked at nothing yet."""
    monkeypatch.setattr(dependencies, "_first_read", {})


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose modules can be imported."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)
        TEXTS[hashlib.sha256(text.encode()).digest()] = text
    importlib.invalidate_caches()


def files(modules: list[str]) -> dict[str, bytes | str]:
    """The files of some modules: by name, their text where this test has written it."""
    hashes = [*code_hashes(modules)]
    names = [name.decode() for name in hashes[::2]]
    assert len({*names}) == len(names)
    return {name: TEXTS.get(known, known) for name, known in zip(names, hashes[1::2], strict=True)}


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
    assert files(["first", "os"]) == {
        "first first.py": first,
        "second second.py": "import package, first",
        "package inner/__init__.py": "THREE = 3",
        "package inner/deep.py": "import third",
        "third third.py": "FOUR = 4",
    }


def test_what_is_installed_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    write(folder, installed="import another", another="")
    assert [*files(["installed"])] == ["installed installed.py"]


def test_what_only_looks_like_code_is_left_out(modules: Path) -> None:
    package = modules / "package"
    (package / "folder.py").mkdir(parents=True)
    (package / ".#unsaved.py").symlink_to("me@here.1:2")
    write(package, __init__="ONE = 1")
    assert [*files(["package"])] == ["package __init__.py"]


def test_a_module_in_the_place_of_one_of_pythons_counts(modules: Path) -> None:
    write(modules, this="ONE = 1")
    assert [*files(["this", "sys", "json", "profile"])] == ["this this.py"]


def test_what_changes_under_a_process_is_told(modules: Path) -> None:
    write(modules, once="import twice", twice="import there")
    before = files(["once"])
    write(modules, once="import twice, this")
    with pytest.raises(ModuleChanged, match="the module 'once' has changed since"):
        recheck(["once"])
    with pytest.raises(ModuleChanged, match="the module 'once' has changed since"):
        files(["once"])
    recheck(["twice"])
    write(modules, once="import twice")
    recheck(["once"])
    assert files(["once"]) == before


def test_what_comes_or_goes_under_a_process_is_told(modules: Path) -> None:
    write(modules, once="import twice, there", twice="")
    files(["once"])
    write(modules, there="ONE = 1")
    with pytest.raises(ModuleChanged, match="the module 'there' has changed since"):
        recheck(["once"])
    (modules / "there.py").unlink()
    recheck(["once"])
    (modules / "twice.py").unlink()
    with pytest.raises(ModuleChanged, match="the module 'twice' has changed since"):
        recheck(["once"])


def test_where_a_file_is_in_its_package_counts(
    modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = modules / "package" / "a", modules / "package" / "b"
    here.mkdir(parents=True)
    write(here, optional="ONE = 1")
    before = files(["package"])
    here.rename(there)
    importlib.invalidate_caches()
    monkeypatch.setattr(dependencies, "_first_read", {})
    assert files(["package"]) != before
