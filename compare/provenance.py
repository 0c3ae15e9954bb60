"""Find the provenance of a result: git revisions, uncommitted changes, versions."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from zonediff.compare.series.patch import SeriesError
from zonediff.compare.series.repository import repository
from zonediff.corpus.problems import as_text
from zonediff.result.result import Source

OURS = Path(__file__).resolve().parent.parent
"""The folder that holds our own packages: a checkout, or a place of installed ones."""


def sources(inputs: Iterable[tuple[str, Path]]) -> list[Source]:
    """The revision of our own sources, and of the files and folders that the user gave.

    given: the role of each (`variant file`, `corpus`), and its path. There is no revision for a
    path outside a git repository, and none on a machine without git.
    """
    revisions = [_source("zonediff", OURS, "")] if (OURS / ".git").exists() else []
    return revisions + [_source(role, path, as_text(path.name)) for role, path in inputs]


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that outcomes depend on."""
    packages = ("simpy",)
    return {"Python": platform.python_version()} | {name: version(name) for name in packages}


def _source(role: str, path: Path, name: str) -> Source:
    try:
        with repository(path, work_tree=True) as repo:
            if not repo.head.is_valid() or repo.working_tree_dir is None:
                return Source(role, name)
            inside = path.resolve().relative_to(Path(repo.working_tree_dir).resolve())
            # A submodule has a configuration of its own, which nothing overrides.
            dirty = repo.is_dirty(
                untracked_files=True, submodules=False, path=inside.as_posix() or "."
            )
            return Source(role, name, repo.head.commit.hexsha, dirty)
    except (SeriesError, ValueError):
        return Source(role, name)
