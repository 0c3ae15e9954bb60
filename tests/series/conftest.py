"""Small git repositories with patches to something like the kernel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.series.trees import Tree, add_series
from zonediff.cli.main import cli


@pytest.fixture
def new_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Tree]:
    """Make a repository of that name; nobody's own git configuration counts."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return lambda name: Tree(tmp_path / name)


@pytest.fixture
def linux(new_tree: Callable[[str], Tree]) -> Tree:
    """A tree with the tag `base` and a three-patch series on it, shaped like michal-split."""
    tree = new_tree("linux")
    add_series(tree)
    return tree


@pytest.fixture
def zonediff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*args: object, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(cli, [str(arg) for arg in args], input=stdin)

    return call
