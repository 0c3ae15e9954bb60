"""Apply patches to the files of a tree, in memory: the tree itself is only read.

`git apply` does it, in a folder that holds only the files that the patch names.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from zonediff.compare.series.diff_files import DiffError, split_files
from zonediff.review.errors import ReviewError
from zonediff.review.sources import Changes, SourceFile, Tree, inner, read_file

_MOVED_FROM: Final = re.compile(r'^(?:rename|copy) from "?(.*?)"?$', re.MULTILINE)
_FAILED: Final = re.compile(r"^error: patch failed: (.*):([0-9]+)$", re.MULTILINE)
_HUNK: Final = re.compile(r"@@ -([0-9]+)(?:,[0-9]+)? \+[0-9]+(?:,[0-9]+)? @@.*")
_SECONDS: Final = 300


class NotApplicable(ReviewError):
    """A patch that does not apply; the message names the file and the hunk."""


def apply_patch(tree: Tree, changes: Changes, diff: str) -> Changes:
    """Return the files that differ from the tree once a diff is applied on top of `changes`.

    Raises NotApplicable; ReviewError for a path out of the tree.
    """
    try:
        names = [file.path for file in split_files(diff)]
    except DiffError as error:
        raise NotApplicable(f"its diff is damaged: {error}") from None
    paths = sorted({str(inner(name)) for name in (*names, *_MOVED_FROM.findall(diff))})

    def read(path: str) -> SourceFile | None:
        return changes[path] if path in changes else tree.read(path)

    for path in paths:
        for above in inner(path).parents[:-1]:
            if (file := read(str(above))) is not None and file.link:
                raise NotApplicable(f"{path}: {above} is a symbolic link")
    with tempfile.TemporaryDirectory(prefix="zonediff-patch-") as temporary:
        folder = Path(temporary, "files")
        folder.mkdir()
        before = {path: read(path) for path in paths}
        for path, file in before.items():
            if file is not None:
                write_file(folder, path, file)
        _git_apply(folder, diff)
        after: dict[str, SourceFile | None] = dict.fromkeys(paths)
        after |= {str(place.relative_to(folder)): read_file(place) for place in _files(folder)}
    return {**changes, **{path: after[path] for path in after if after[path] != before.get(path)}}


def write_file(folder: Path, path: str, file: SourceFile) -> None:
    """Write a file below a folder as a new one: what a hard link shares stays as it is.

    Raises ReviewError when the way to it leads through a symbolic link.
    """
    place = folder / inner(path)
    remove_file(folder, path)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.link:
            place.symlink_to(os.fsdecode(file.content))
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        descriptor = os.open(place, flags, 0o755 if file.executable else 0o644)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(file.content)
    except OSError as error:
        raise ReviewError(f"{path}: cannot be written: {error.strerror}") from None


def remove_file(folder: Path, path: str) -> None:
    """Remove a file below a folder, if it is there.

    Raises ReviewError when the way to it leads through a symbolic link.
    """
    place = folder / inner(path)
    for above in place.relative_to(folder).parents[:-1]:
        if (folder / above).is_symlink():
            raise ReviewError(f"{path}: {above} is a symbolic link; nothing is written through it")
    try:
        place.unlink(missing_ok=True)
    except NotADirectoryError:
        return
    except OSError as error:
        raise ReviewError(f"{path}: cannot be replaced: {error.strerror}") from None


def _git_apply(folder: Path, diff: str) -> None:
    """Apply a diff to the files in a folder. Raises NotApplicable."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C",
        "HOME": str(folder.parent),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(folder.parent),
    }
    try:
        done = subprocess.run(
            ["git", "apply", "--whitespace=nowarn", "-"],
            cwd=folder,
            env=environment,
            input=diff.encode(errors="surrogateescape"),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise ReviewError("git is not installed, or not in PATH") from None
    except subprocess.TimeoutExpired:
        raise NotApplicable(f"git apply took longer than {_SECONDS} s") from None
    if done.returncode == 0:
        return
    said = done.stderr.decode(errors="replace")
    if failed := _FAILED.search(said):
        hunk = _hunk(diff, failed[1], int(failed[2]))
        raise NotApplicable(f"{failed[1]}: hunk {hunk} does not fit")
    lines = [line.removeprefix("error: ") for line in said.splitlines() if line.strip()]
    raise NotApplicable(lines[0] if lines else f"git apply fails with {done.returncode}")


def _hunk(diff: str, path: str, line: int) -> str:
    """Return the header of the hunk of a file that begins at a line of it."""
    for file in split_files(diff):
        for text in file.hunks if file.path == path else ():
            if (header := _HUNK.match(text)) and int(header[1]) == line:
                return header[0]
    return f"at line {line}"


def _files(folder: Path) -> Iterator[Path]:
    for above, folders, files in os.walk(folder):
        links = [name for name in folders if Path(above, name).is_symlink()]
        yield from (Path(above, name) for name in (*files, *links))
