"""The files that a command writes: checked before the work, written when all of it is done."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import click

_READ_BELOW_FOLDERS: Final = (".yaml", ".yml", ".py")
"""Suffixes of the files that commands look for in a folder of inputs."""

_BESIDE_A_STORE: Final = ("-wal", "-shm", "-journal", "-lock", "-client1")
"""The suffixes that SQLite and locks add to the name of a store, for files beside it."""


def check(outputs: Iterable[tuple[str, Path | None]], inputs: Iterable[Path] = ()) -> None:
    """Check early that each output, a pair of its option and its path, can be written.

    inputs: all files and folders that the command reads. Raises click.BadParameter when the folder
    of an output is missing or read-only, when it is a folder itself, or when it would overwrite an
    input, a scenario or variant in a folder of inputs, standard output, or another output.
    """
    files, folders = _sorted(inputs)
    written: dict[Path, str] = {}
    for option, path in outputs:
        if path is None:
            continue
        place = Path(os.path.realpath(path))
        problem = _clash(place, files, folders) or _problem(path)
        if problem is None and place in written and str(path) != os.devnull:
            problem = f"is written for {written[place]} already"
        if problem is not None:
            raise click.BadParameter(f"{path} {problem}", param_hint=option)
        for name in _names(option, place):
            written[name] = option


def check_folder(option: str, folder: Path | None) -> None:
    """Check early that files can be written to a folder. Raises click.BadParameter."""
    if folder is None:
        return
    if not folder.is_dir():
        problem = "is a file: name a folder" if folder.exists() else "is no folder: make it first"
        raise click.BadParameter(f"{folder} {problem}", param_hint=option)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise click.BadParameter(
            f"{folder} cannot be written to: permission denied", param_hint=option
        )


def _sorted(inputs: Iterable[Path]) -> tuple[set[Path], list[Path]]:
    """The regular files among the inputs, and the folders; all without links."""
    places = [Path(os.path.realpath(path)) for path in inputs]
    return {place for place in places if place.is_file()}, [p for p in places if p.is_dir()]


def _clash(place: Path, files: set[Path], folders: Iterable[Path]) -> str | None:
    """Why an output would overwrite an input; None if it would not."""
    if place in files:
        return "is read as well: name another file"
    if place.suffix in _READ_BELOW_FOLDERS:
        for folder in folders:
            if place.is_relative_to(folder):
                return f"is in {folder}, where all files *{place.suffix} are input"
    return None


def _names(option: str, place: Path) -> Iterator[Path]:
    """The files that an output takes."""
    yield place
    if option == "--store":
        yield from (place.with_name(place.name + suffix) for suffix in _BESIDE_A_STORE)


MOST_CHARACTERS: Final = 100_000
"""The size of the largest mail that the kernel's lists take."""


def warn_of_size(mail: str, path: Path) -> None:
    """Warn on standard error of a mail that a list would refuse."""
    if len(mail) > MOST_CHARACTERS:
        click.echo(
            f"Warning: {path} has {len(mail):,} characters; lists refuse mails of more than "
            f"{MOST_CHARACTERS:,}.",
            err=True,
        )


def _problem(path: Path) -> str | None:
    """Why a file cannot be written; None if it can."""
    if path.is_dir():
        return "is a folder: name a file"
    if path.exists() and not path.is_file():  # a pipe or device is not replaced
        return None if os.access(path, os.W_OK) else "cannot be written: permission denied"
    if _is_standard_output(path):
        return "is standard output as well: name another file"
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        return f"cannot be written: there is no folder {path.parent}"
    touched = [place for place in (folder, path) if place.exists()]
    if not all(os.access(place, os.W_OK) for place in touched) or _is_kept(path, folder):
        return "cannot be written: permission denied"
    return None


def _is_standard_output(path: Path) -> bool:
    """Whether standard output goes to this file, and the user did not ask for that."""
    if str(path).startswith(("/dev/", "/proc/")) or not path.exists():
        return False
    try:
        return os.path.samestat(path.stat(), os.fstat(sys.stdout.fileno()))
    except (AttributeError, OSError, ValueError):  # closed, or no file
        return False


def _is_kept(path: Path, folder: Path) -> bool:
    """Whether a folder such as /tmp keeps another user's file from being replaced."""
    user, about = os.geteuid(), folder.stat()
    if not about.st_mode & stat.S_ISVTX or not path.exists():
        return False
    return user not in (0, about.st_uid, path.stat().st_uid)
