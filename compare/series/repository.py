"""Git repositories, read without running their programs: hooks, filters, diff drivers.

Paths and revisions come from users and repositories from anywhere. Revisions never reach git as
options, nothing is fetched, and history is looked at only between the two ends of a range.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from configparser import Error as ConfigError
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zonediff.compare.series.patch import SeriesError, read_diff
from zonediff.engine.bounds import SERIES_PATCHES
from zonediff.result.series import Patch

if TYPE_CHECKING:
    from git import Git, GitCommandError, Repo

_NO_SUCH_REVISION: Final = 1
"""Exit code of a quiet `git rev-parse --verify`; any other is a failure of another kind."""

_HARMLESS: Final = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.pager=cat",
    "core.attributesFile=/dev/null",
    "log.showSignature=false",
    "submodule.recurse=false",
    "protocol.allow=never",
)
"""Configuration that overrides what a repository may have git run or fetch."""

_NAMES_FUNCTIONS: Final = (
    r"diff.default.xfuncname=!^[A-Za-z_0-9]+:[[:space:]]*(/|$)" "\n^[A-Za-z_].*$"
)
"""Configuration for hunk headers that name functions and not labels."""

_OFFLINE: Final = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1"}
"""Environment for git; unlike `protocol.allow` no configuration of a repository overrules it."""

_ELSEWHERE: Final = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
)
"""Environment by which git names its own repository to a hook or a rebase."""


@contextmanager
def repository(path: Path, *, work_tree: bool = False) -> Iterator[Repo]:
    """The repository at a path or around it. Raises SeriesError, also for git's own failures.

    work_tree: git runs in the work tree; otherwise in the repository's own folder, so that
    neither `core.worktree` nor attributes of a work tree count.
    """
    try:
        # Importing GitPython takes 75 ms, and fails where there is no git.
        from git import (
            Git,
            GitCommandError,
            InvalidGitRepositoryError,
            NoSuchPathError,
            Repo,
        )
    except ImportError:
        raise SeriesError("git is not installed, or not in PATH") from None
    try:
        with (
            _without(_ELSEWHERE),
            # Absolute, or GitPython would take a folder called ~ for the home directory.
            Repo(path.absolute(), search_parent_directories=True, expand_vars=False) as repo,
        ):
            if not work_tree:
                repo.git = Git(repo.git_dir)
            _restrain(repo.git)
            yield repo
    except NoSuchPathError:
        raise SeriesError(f"{path}: there is no such folder") from None
    except InvalidGitRepositoryError:
        raise SeriesError(f"{path}: not a git repository") from None
    except ConfigError as error:
        why = " ".join(str(error).split())
        raise SeriesError(f"{path}: its git configuration cannot be read: {why}") from None
    except GitCommandError as error:
        raise SeriesError(f"{path}: git failed: {_said(error)}") from None


def _said(error: GitCommandError) -> str:
    """Git's message about its failure, and the remedy where objects are missing."""
    lines = str(error.stderr).strip().removeprefix("stderr:").strip(" '\n").splitlines()
    messages = [line for line in lines if line.startswith("fatal:")] or lines[-1:]
    why = messages[0] if messages else f"exit code {error.status}"
    if any("promisor remote" in line or "lazy fetching" in line for line in lines):
        return f"{why}; this is a partial clone, and nothing is fetched: let git fetch the rest"
    return why


@contextmanager
def _without(names: tuple[str, ...]) -> Iterator[None]:
    """Remove names from the environment for the duration."""
    removed = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(removed)


def git_in(folder: Path) -> Git:
    """Git in a work tree, restrained by the configuration that counts in this very folder.

    `includeIf` brings in other configuration there than in the repository's own folder. Raises
    SeriesError.
    """
    from git import Git

    git = Git(folder)
    _restrain(git)
    return git


def _restrain(git: Git) -> None:
    """Let git run nothing and fetch nothing. Raises SeriesError."""
    git.update_environment(**_OFFLINE)
    git.set_persistent_git_options(c=[*_HARMLESS])
    git.set_persistent_git_options(c=[*_HARMLESS, _NAMES_FUNCTIONS, *_no_filters(git)])


def _no_filters(git: Git) -> Iterator[str]:
    """Configuration that turns off every filter that the repository's configuration names."""
    listed: str = git.config("--name-only", "--list")
    keys = [key for key in listed.splitlines() if key.startswith("filter.")]
    for name in sorted({key.rpartition(".")[0] for key in keys}):
        if "=" in name:
            raise SeriesError(
                f"{git.working_dir}: its configuration names {name}, which cannot be turned off "
                "for the '=' in it: rename this filter"
            )
        yield from (f"{name}.{setting}" for setting in _NO_FILTER)


_NO_FILTER: Final = ("clean=", "smudge=", "process=", "required=false")


def resolve(repo: Repo, revision: str) -> str:
    """The full name of a revision's commit. Raises SeriesError."""
    from git import GitCommandError

    if revision.startswith("-") or not revision.isprintable() or not revision.strip():
        raise SeriesError(f"{revision!r} is no revision: name a commit, a tag or a branch")
    try:
        commits: str = repo.git.rev_parse("--verify", "--quiet", f"{revision}^{{commit}}", "--")
    except GitCommandError as error:
        if error.status != _NO_SUCH_REVISION:
            raise
        hint = "; this is a shallow clone: fetch more of its history" if _shallow(repo) else ""
        raise SeriesError(f"{repo.git_dir}: there is no revision {revision!r}{hint}") from None
    return commits.splitlines()[0]


def base_of(path: Path, revisions: str) -> str:
    """The full name of the commit before a range `A..B`. Raises SeriesError."""
    with repository(path) as repo:
        return resolve(repo, ends_of(revisions)[0])


def ends_of(revisions: str) -> tuple[str, str]:
    """The two ends of a range. Raises SeriesError."""
    first, dots, last = revisions.partition("..")
    if not dots or not first or not last or last.startswith("."):
        raise SeriesError(f"{revisions!r} is no range: write A..B, as in v4.10..topic")
    return first, last


def read_range(path: Path, revisions: str) -> list[Patch]:
    """The patches of a range `A..B`, oldest first, merges left out. Raises SeriesError."""
    first, last = ends_of(revisions)
    with repository(path) as repo:
        span = f"{resolve(repo, first)}..{resolve(repo, last)}"
        # Without sorting, so that a range of half a million commits is refused at once.
        names = _rev_list(repo, f"--max-count={SERIES_PATCHES + 1}", span).decode().split()
        if not names:
            raise SeriesError(f"{revisions}: there is no commit in this range")
        if _edge(repo).intersection(names):
            raise SeriesError(
                f"{revisions}: the range reaches the end of a shallow clone: fetch more of its "
                "history (git fetch --deepen=N)"
            )
        if len(names) > SERIES_PATCHES:
            raise SeriesError(
                f"{revisions}: more than {SERIES_PATCHES} patches: name a narrower range"
            )
        # By parents and not by dates, which rebasing and clocks may have in any order.
        lines = _rev_list(
            repo, "--topo-order", "--reverse", "--date=short", f"--format={_FORMAT}", span
        ).split(b"\n")
        return [
            _patch(repo, name.split()[-1].decode(), about)
            for name, about in zip(lines[:-1:2], lines[1::2], strict=True)
        ]


_FORMAT: Final = "%an <%ae>%x00%ad%x00%e%x00%s"
"""Author, date, encoding and subject of a commit, on one line."""


def _rev_list(repo: Repo, *arguments: str) -> bytes:
    """The unchanged output of `git rev-list` for commits that are not merges."""
    output: bytes = repo.git.rev_list(
        "--no-merges",
        "--encoding=UTF-8",
        *arguments,
        "--",
        stdout_as_string=False,
        strip_newline_in_stdout=False,
    )
    return output


def _patch(repo: Repo, commit: str, about: bytes) -> Patch:
    """A commit by its full name as a patch; about: in _FORMAT."""
    diff: bytes = repo.git.diff_tree(
        "--root",
        "--no-commit-id",
        "--patch",
        "--find-renames",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--submodule=short",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        commit,
        "--",
        stdout_as_string=False,
        strip_newline_in_stdout=False,
    )
    notes = []
    text, known = _decode(diff)
    if not known:
        notes.append("its diff is not UTF-8; read as Latin-1")
    message, known = _decode(about)
    author, date, encoding, subject = message.split("\0", 3)
    if not known:
        claimed = encoding or "UTF-8"
        notes.append(f"its message is not in {claimed}, which it claims to be in; read as Latin-1")
    read = read_diff(text, f"commit {commit[:12]} ({subject})")
    return Patch(
        id=commit,
        subject=subject,
        author=author.removesuffix(" <>"),
        date=date,
        files=read.files,
        functions=read.functions,
        notes=(*notes, *read.notes),
    )


def _decode(data: bytes) -> tuple[str, bool]:
    """Text that should be UTF-8, and whether it is."""
    try:
        return data.decode(), True
    except UnicodeDecodeError:
        return data.decode("latin-1"), False


def _shallow(repo: Repo) -> bool:
    return (Path(repo.common_dir) / "shallow").exists()


def _edge(repo: Repo) -> set[str]:
    """The commits of a shallow clone whose parents are missing: all they hold looks added."""
    file = Path(repo.common_dir) / "shallow"
    return set(file.read_text(encoding="ascii").split()) if file.exists() else set()
