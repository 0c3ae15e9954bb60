"""A repository with a user's variant file and scenarios, at two revisions."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from zonediff.cli.main import cli

SCENARIO = """\
title: Movable from the first block on
why: a plain udev rule does this
machine: {nodes: [1G], dimms: [{id: dimm1, size: 1G}]}
steps:
  - online: {blocks: dimm1, value: online_movable, order: first-to-last}
goals:
  - {want: every block movable, blocks: dimm1, state: online, zone: Movable}
"""

VARIANT = '''
"""A variant from outside."""

from zonediff.engine.memory import Zone
from zonediff.engine.rules import Decision, Rule
from zonediff.variants.upstream import Upstream

RULE = Rule("mine", "zone_for_memory", "block {first} goes elsewhere", "mm/mine.c")


class Mine(Upstream):
    """New memory starts where the test wants it."""

    name = "mine"
    origin = "a test"

    def zone_of_new_memory(self, kernel, node, first, source):
        return Decision(Zone.MOVABLE, RULE.because(first=first))
'''


class Tree:
    """A repository on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "A Developer")
        self.git("config", "user.email", "dev@example.org")

    def git(self, *args: object) -> str:
        done = subprocess.run(
            ["git", *map(str, args)], cwd=self.path, capture_output=True, check=True, text=True
        )
        return done.stdout.strip()

    def commit(self, **files: str) -> str:
        """Commit files; `__` in a name is a slash and `_` before the suffix a dot."""
        for name, content in files.items():
            stem, _, suffix = name.replace("__", "/").rpartition("_")
            file = self.path / f"{stem}.{suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")

    @property
    def worktrees(self) -> int:
        return len(self.git("worktree", "list").splitlines())


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """At `base` the variant onlines any block as movable; at `main` it is as upstream."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    tree = Tree(tmp_path / "mine")
    tree.commit(mine_py=VARIANT, scenarios__first_yaml=SCENARIO)
    tree.git("tag", "base")
    tree.commit(mine_py=VARIANT.replace("Zone.MOVABLE", "Zone.NORMAL"))
    return tree


@pytest.fixture
def regress(tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command on that repository, with temporary folders that can be looked at."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.chdir(tmp_path)

    def call(*args: object, variant_file: str = "mine.py") -> Result:
        given = ("--repo", tree.path, "--variant-file", variant_file, "--corpus", "scenarios")
        result = CliRunner().invoke(
            cli, ["regress", *map(str, given), "--variants", "mine", *map(str, args)]
        )
        assert tree.worktrees == 1
        assert list(temporary.iterdir()) == []
        return result

    return call
