"""Git repositories, asked without running anything of theirs: hooks, filters, diff programs.

Paths and revisions come from users and repositories from anywhere. Revisions never reach git as
options, nothing is fetched, and history is looked at only between the two ends of a range.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zonediff.compare.series.patch import Patch, SeriesError, read_diff

if TYPE_CHECKING:
    from git import Commit, Repo

MOST: Final = 200
"""Patches in a series; who asks for more has the wrong range."""

_NO_SUCH_REVISION: Final = 1
"""Exit code of a quiet `git rev-parse --verify`; any other is a failure of another kind."""

_HARMLESS: Final = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.pager=cat",
    "log.showSignature=false",
    "submodule.recurse=false",
    "protocol.allow=never",
)
"""Configuration that overrides what a repository may have git run or fetch."""


@contextmanager
def repository(path: Path) -> Iterator[Repo]:
    """The repository at a path or around it. Raises SeriesError, also for git's own failures."""
    try:
        # Importing GitPython takes 75 ms, and fails where there is no git.
        from git import GitCommandError, InvalidGitRepositoryError, NoSuchPathError, Repo
    except ImportError:
        raise SeriesError("git is not installed, or not in PATH") from None
    try:
        with Repo(path, search_parent_directories=True, expand_vars=False) as repo:
            repo.git.set_persistent_git_options(c=list(_HARMLESS))
            yield repo
    except NoSuchPathError:
        raise SeriesError(f"{path}: there is no such folder") from None
    except InvalidGitRepositoryError:
        raise SeriesError(f"{path}: not a git repository") from None
    except GitCommandError as error:
        lines = str(error.stderr).strip().removeprefix("stderr:").strip(" '\n").splitlines()
        said = [line for line in lines if line.startswith("fatal:")] or lines[-1:]
        why = said[0] if said else f"exit code {error.status}"
        raise SeriesError(f"{path}: git failed: {why}") from None


def resolve(repo: Repo, revision: str) -> str:
    """The full name of the commit that a revision means. Raises SeriesError."""
    from git import GitCommandError

    if revision.startswith("-") or not revision.isprintable() or not revision.strip():
        raise SeriesError(f"{revision!r} is no revision: name a commit, a tag or a branch")
    try:
        found: str = repo.git.rev_parse("--verify", "--quiet", f"{revision}^{{commit}}", "--")
    except GitCommandError as error:
        if error.status != _NO_SUCH_REVISION:
            raise
        hint = "; this is a shallow clone: fetch more of its history" if _shallow(repo) else ""
        raise SeriesError(f"{repo.git_dir}: there is no revision {revision!r}{hint}") from None
    return found.splitlines()[0]


def read_range(path: Path, revisions: str) -> list[Patch]:
    """The patches of a range `A..B`, oldest first, merges left out. Raises SeriesError."""
    first, dots, last = revisions.partition("..")
    if not dots or not first or not last or last.startswith("."):
        raise SeriesError(f"{revisions!r} is no range: write A..B, as in v4.10..topic")
    with repository(path) as repo:
        span = f"{resolve(repo, first)}..{resolve(repo, last)}"
        commits = list(repo.iter_commits(span, max_count=MOST + 1, no_merges=True))
        if not commits:
            raise SeriesError(f"{revisions}: there is no commit in this range")
        edge = _edge(repo)
        if any(commit.hexsha in edge for commit in commits):
            raise SeriesError(
                f"{revisions}: the range reaches the end of a shallow clone: fetch more of its "
                "history (git fetch --deepen=N)"
            )
        if len(commits) > MOST:
            raise SeriesError(f"{revisions}: more than {MOST} patches: name a narrower range")
        return [_patch(repo, commit) for commit in reversed(commits)]


def _patch(repo: Repo, commit: Commit) -> Patch:
    diff: bytes = repo.git.diff_tree(
        "--root",
        "--no-commit-id",
        "--patch",
        "--find-renames",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        commit.hexsha,
        "--",
        stdout_as_string=False,
        strip_newline_in_stdout=False,
    )
    notes = []
    try:
        text = diff.decode()
    except UnicodeDecodeError:
        text = diff.decode("latin-1")
        notes.append("its diff is not UTF-8; read as Latin-1")
    subject = (
        commit.summary if isinstance(commit.summary, str) else commit.summary.decode("latin-1")
    )
    author = f"{commit.author.name} <{commit.author.email}>"
    if "\N{REPLACEMENT CHARACTER}" in subject + author:
        notes.append(f"its message is not in {commit.encoding}, which it claims to be in")
    files, functions = read_diff(text, f"commit {commit.hexsha[:12]} ({subject})")
    return Patch(
        id=commit.hexsha,
        subject=subject,
        author=author,
        date=commit.authored_datetime.date().isoformat(),
        files=files,
        functions=functions,
        notes=tuple(notes),
    )


def _shallow(repo: Repo) -> bool:
    return (Path(repo.common_dir) / "shallow").exists()


def _edge(repo: Repo) -> set[str]:
    """The commits of a shallow clone whose parents are missing: all they hold looks added."""
    file = Path(repo.common_dir) / "shallow"
    return set(file.read_text(encoding="ascii").split()) if file.exists() else set()
