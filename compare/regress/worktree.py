"""A revision's files in a folder of their own, for as long as they are needed."""

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
    """Check a commit out into a git worktree, which is gone afterwards.

    commit: its full name. No filter of the repository's configuration is run.
    """
    from git import GitCommandError

    with tempfile.TemporaryDirectory(prefix="zonediff-") as folder:
        path = Path(folder).resolve() / "tree"
        try:
            repo.git(c=_no_filters(repo)).worktree("add", "--detach", "--", str(path), commit)
            yield path
        finally:
            # An unfinished one may not be there to remove; the folder goes in any case.
            with suppress(GitCommandError):
                repo.git.worktree("remove", "--force", "--", str(path))


def _no_filters(repo: Repo) -> list[str]:
    """Configuration that makes every filter that the repository's may name do nothing."""
    from git import GitCommandError

    try:
        listed: str = repo.git.config("--name-only", "--get-regexp", r"^filter\..*\.")
    except GitCommandError:  # there is none
        return []
    names = sorted({key.rpartition(".")[0] for key in listed.splitlines()})
    return [
        f"{name}.{setting}"
        for name in names
        for setting in ("smudge=", "process=", "required=false")
    ]
