"""The kernel sources that a series applies to: a commit of a git tree, or a plain folder.

The user's tree is only read. A build gets a copy of its own, which shares the files of the tree
by hard links where it is only read in a sandbox.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from zonediff.compare.series.patch import SeriesError
from zonediff.compare.series.repository import ends_of, repository, resolve
from zonediff.engine.bounds import SERIES_PATCHES
from zonediff.review.errors import ReviewError

if TYPE_CHECKING:
    from git import Repo

_VERSION: Final = re.compile(
    r"^VERSION = (.*)\nPATCHLEVEL = (.*)\n(?:SUBLEVEL = (.*)\n)?(?:EXTRAVERSION = (.*)\n)?", re.M
)

_FROM_A_BUILD: Final = (".config", ".config.old", "vmlinux", "include/config", "include/generated")
"""A file that a build inside the tree leaves behind; with it, builds elsewhere are refused."""

_GENERATED: Final = "arch/*/include/generated"


class SourceFile(NamedTuple):
    """A file of a tree. link: a symbolic link, whose target is the content."""

    content: bytes
    executable: bool = False
    link: bool = False


Changes = Mapping[str, SourceFile | None]
"""Files that differ from a tree, by path; None for a file that is not there."""


class Tree(Protocol):
    """Kernel sources. identity: a hash or commit that changes with them. says: it, for readers."""

    @property
    def identity(self) -> str: ...

    @property
    def says(self) -> str: ...

    def read(self, path: str) -> SourceFile | None:
        """Return a file, None where there is none. Raises ReviewError."""
        ...

    def time_of(self, path: str) -> int:
        """Return when a file changed last, in nanoseconds; 0 for one that is not there."""
        ...

    def fill(self, folder: Path, *, shared: bool) -> None:
        """Put all sources into a new folder; shared: hard links will do. Raises ReviewError."""
        ...


@dataclass(frozen=True, slots=True)
class FolderTree:
    """A folder of sources that is no git repository, such as Debian's linux-source."""

    path: Path
    identity: str
    version: str

    @property
    def says(self) -> str:
        return f"Linux {self.version}"

    def read(self, path: str) -> SourceFile | None:
        place = self.path / inner(path)
        try:
            return read_file(place)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ReviewError(f"{place}: {error.strerror}") from None

    def time_of(self, path: str) -> int:
        with suppress(OSError):
            return (self.path / inner(path)).lstat().st_mtime_ns
        return 0

    def fill(self, folder: Path, *, shared: bool) -> None:
        try:
            shutil.copytree(
                self.path,
                folder,
                symlinks=True,
                copy_function=_link_or_copy if shared else shutil.copy2,
                ignore=_without_builds(self.path),
                dirs_exist_ok=True,
            )
        except (OSError, shutil.Error) as error:
            raise ReviewError(f"{self.path}: cannot be copied to {folder}: {error}") from None


@dataclass(frozen=True, slots=True)
class GitTree:
    """A commit of a git repository; `folder` holds its files, checked out by checked_out()."""

    path: Path
    identity: str
    version: str
    kept: Path

    @property
    def says(self) -> str:
        return f"Linux {self.version}, commit {self.identity[:12]}"

    def read(self, path: str) -> SourceFile | None:
        with repository(self.path) as repo:
            return read_from_commit(repo, self.identity, str(inner(path)))

    def time_of(self, path: str) -> int:
        return FolderTree(self.kept, self.identity, self.version).time_of(path)

    def fill(self, folder: Path, *, shared: bool) -> None:
        if not self.kept.is_dir():
            _check_out(self.path, self.identity, self.kept)
        FolderTree(self.kept, self.identity, self.version).fill(folder, shared=shared)


def read_file(place: Path) -> SourceFile | None:
    """Return a file or a symbolic link; None for anything else. Raises OSError."""
    about = place.lstat()
    if stat.S_ISLNK(about.st_mode):
        return SourceFile(os.fsencode(place.readlink()), link=True)
    if not stat.S_ISREG(about.st_mode):
        return None
    return SourceFile(place.read_bytes(), bool(about.st_mode & 0o100))


def open_tree(path: Path, cache: Path, revision: str = "") -> Tree:
    """Return the sources at a path: a commit of a git tree, by default HEAD, or a plain folder.

    cache: the folder for files of a commit that is built. Raises ReviewError, SeriesError.
    """
    path = Path(os.path.realpath(path))
    if not path.is_dir():
        raise ReviewError(f"{path}: there is no such folder: name the sources of a kernel")
    if not (path / ".git").exists():
        version = _version(path, _makefile(FolderTree(path, "", "")))
        return FolderTree(path, _identity(path), version)
    with repository(path) as repo:
        commit = resolve(repo, revision or "HEAD")
    tree = GitTree(path, commit, "", cache / commit)
    return GitTree(path, commit, _version(path, _makefile(tree)), cache / commit)


def has_commit(path: Path, commit: str) -> bool:
    """Return whether a tree is a git repository that has a commit."""
    with suppress(SeriesError), repository(Path(os.path.realpath(path))) as repo:
        resolve(repo, commit)
        return (path / ".git").exists()
    return False


def is_changed(path: Path) -> bool:
    """Return whether files of a git tree differ from its HEAD; they are no part of a review."""
    if not (path / ".git").exists():
        return False
    with repository(Path(os.path.realpath(path)), work_tree=True) as repo:
        return bool(repo.git.status("--porcelain", "--untracked-files=no", "--no-renames"))


def inner(path: str) -> PurePosixPath:
    """Return a path of a patch. Raises ReviewError for one that leads out of the tree."""
    place = PurePosixPath(path)
    wrong = {"..", ".git"} & {part.lower() for part in place.parts}
    if place.is_absolute() or wrong or not place.parts or "\0" in path:
        raise ReviewError(f"{path!r} is no path inside of a kernel tree")
    return place


class TreeCommit(NamedTuple):
    """A commit of a range, with what differs from the commit that the range begins after."""

    name: str
    subject: str
    changes: Changes


def read_commits(path: Path, revisions: str) -> tuple[str, list[TreeCommit]]:
    """Return the commit before a range `A..B`, and its commits, oldest first.

    Of a merge, only the first parents are followed, so each commit is built on the one before.
    Raises SeriesError and ReviewError.
    """
    first, last = ends_of(revisions)
    with repository(Path(os.path.realpath(path))) as repo:
        base, end = resolve(repo, first), resolve(repo, last)
        span = f"{base}..{end}"
        most = f"--max-count={SERIES_PATCHES + 1}"
        listed: str = repo.git.rev_list("--first-parent", "--reverse", most, span, "--")
        names = listed.split()
        if not names:
            raise ReviewError(f"{revisions}: there is no commit in this range")
        if len(names) > SERIES_PATCHES:
            raise ReviewError(f"{revisions}: more than {SERIES_PATCHES} commits")
        return base, [
            TreeCommit(name, _subject(repo, name), _changes(repo, base, name)) for name in names
        ]


def _subject(repo: Repo, commit: str) -> str:
    subject: bytes = repo.git.show(
        "--no-patch", "--format=%s", "--encoding=UTF-8", commit, "--", stdout_as_string=False
    )
    return subject.decode(errors="replace").strip()


def _changes(repo: Repo, before: str, after: str) -> Changes:
    """Return the files that differ between two commits, as the later one has them."""
    listed: bytes = repo.git.diff_tree(
        *("-r", "-z", "--no-renames", "--name-only", before, after, "--"), stdout_as_string=False
    )
    paths = [os.fsdecode(name) for name in listed.split(b"\0") if name.strip()]
    return {str(inner(path)): read_from_commit(repo, after, path) for path in paths}


def read_from_commit(repo: Repo, commit: str, path: str) -> SourceFile | None:
    """Return a file of a commit, None where there is none."""
    entry: str = repo.git.ls_tree("--full-tree", commit, "--", path)
    if not entry:
        return None
    mode, kind, blob = entry.split("\t")[0].split()
    if kind != "blob":
        return None
    content: bytes = repo.git.cat_file(
        "blob", blob, stdout_as_string=False, strip_newline_in_stdout=False
    )
    return SourceFile(content, mode == "100755", mode == "120000")


def _check_out(path: Path, commit: str, folder: Path) -> None:
    """Write all files of a commit to a new folder. Neither the work tree nor its index changes."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=f".{folder.name[:12]}-", dir=folder.parent) as temporary,
        repository(path) as repo,
    ):
        files = Path(temporary, "files")
        files.mkdir()
        with repo.git.custom_environment(
            GIT_INDEX_FILE=str(Path(temporary, "index")),
            GIT_DIR=str(repo.git_dir),
            GIT_WORK_TREE=str(files),
        ):
            repo.git.read_tree(commit)
            repo.git.checkout_index("--all", "--quiet")
        files.rename(folder)


def _version(path: Path, makefile: str) -> str:
    """Return the release that a kernel's Makefile names. Raises ReviewError without one."""
    match = _VERSION.search(makefile)
    if match is None:
        raise ReviewError(f"{path}: no sources of a kernel: its Makefile names no VERSION")
    numbers = ".".join(filter(None, match.groups()[:3]))
    return numbers + (match[4] or "")


def _makefile(tree: Tree) -> str:
    file = tree.read("Makefile")
    return file.content.decode(errors="replace") if file else ""


def _identity(path: Path) -> str:
    """Return a hash of the names, sizes and times of all files, which change with their content."""
    digest = hashlib.sha256()
    ignored = _without_builds(path)
    for folder, folders, files in os.walk(path):
        out = ignored(folder, [*folders, *files])
        folders[:] = sorted(set(folders) - out)
        for name in sorted(set(files) - out):
            place = os.path.join(folder, name)  # noqa: PTH118 - a hundred thousand of them
            with suppress(OSError):
                about = os.lstat(place)
                line = f"{place}\0{about.st_size}\0{about.st_mtime_ns}\0{about.st_mode}\n"
                digest.update(os.fsencode(line))
    return digest.hexdigest()


def _without_builds(path: Path) -> Callable[[str, list[str]], set[str]]:
    """Return a filter that leaves out what a build inside of the tree made; see copytree()."""
    top = {str(path / name) for name in _FROM_A_BUILD}
    top |= {str(place) for place in path.glob(_GENERATED)}

    def ignored(folder: str, names: list[str]) -> set[str]:
        return {
            name
            for name in names
            if name == ".git" or name.endswith((".o", ".cmd", ".a")) or f"{folder}/{name}" in top
        }

    return ignored


def _link_or_copy(source: str, target: str) -> None:
    """Make a hard link; on another file system, or where the kernel refuses it, a copy."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
