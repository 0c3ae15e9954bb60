"""Check a revision out into a temporary folder."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zonediff.compare.series.repository import git_in

if TYPE_CHECKING:
    from git import Repo

_PREFIX: Final = "zonediff-"
_LOCK: Final = "lock"
_TREE: Final = "tree"


@contextmanager
def worktree(repo: Repo, commit: str) -> Iterator[Path]:
    """Check a commit out into a git worktree, and remove it afterwards.

    commit: its full name. repo: as repository() gives it, so that no hook or filter is run. Removes
    the worktrees of runs that were killed, too.
    """
    _remove_abandoned(repo)
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
        path = Path(folder).resolve() / _TREE
        lock = _locked(path.parent, os.O_CREAT)
        try:
            repo.git.worktree("add", "--no-checkout", "--detach", "--", str(path), commit)
            git_in(path).reset("--hard", "--quiet")
            yield path
        finally:
            _remove(repo, path)
            if lock is not None:
                os.close(lock)


def _remove_abandoned(repo: Repo) -> None:
    """Remove worktrees that nobody uses: the lock in the folder of one ends with its process."""
    listed: str = repo.git.worktree("list", "--porcelain", "-z")
    lines = [line.partition(" ") for line in listed.split("\0")]
    for path in [Path(value) for key, _, value in lines if key == "worktree"]:
        if path.name == _TREE and path.parent.name.startswith(_PREFIX):
            if not path.parent.is_dir():  # as after a restart of the computer
                _remove(repo, path)
            elif (lock := _locked(path.parent)) is not None:
                _remove(repo, path)
                shutil.rmtree(path.parent, ignore_errors=True)
                os.close(lock)
    # A run may have been killed before or after it made its worktree.
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if not (folder / _TREE).exists() and (lock := _locked(folder)) is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _remove(repo: Repo, path: Path) -> None:
    """Remove a worktree, which may be there in part."""
    from git import GitCommandError

    with suppress(GitCommandError):
        repo.git.worktree("remove", "--force", "--", str(path))


def _locked(folder: Path, flags: int = 0) -> int | None:
    """Lock a folder of ours; None when it is in use, another user's, or no such folder."""
    with suppress(OSError):
        about = folder.lstat()
        lock = os.open(folder / _LOCK, os.O_RDONLY | os.O_NOFOLLOW | flags, 0o600)
        try:
            if about.st_uid != os.geteuid():
                raise PermissionError
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise
        return lock
    return None
