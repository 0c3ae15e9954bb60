"""Check a revision out into a temporary folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from git import Repo


@contextmanager
def worktree(repo: Repo, commit: str) -> Iterator[Path]:
    """Check a commit out into a git worktree, and remove it afterwards.

    commit: its full name. repo: as repository() gives it, so that no hook or filter is run.
    """
    from git import GitCommandError

    with tempfile.TemporaryDirectory(prefix="zonediff-") as folder:
        path = Path(folder).resolve() / "tree"
        try:
            repo.git.worktree("add", "--detach", "--", str(path), commit)
            yield path
        finally:
            # An unfinished one may not be there to remove; the folder goes in any case.
            with suppress(GitCommandError):
                repo.git.worktree("remove", "--force", "--", str(path))
