"""The files that a command writes: looked at before the work, written when all of it is done."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import click


def check(outputs: Mapping[str, Path | None], inputs: Iterable[Path] = ()) -> None:
    """See early that every output, by its option, can be written.

    Raises click.BadParameter when its folder is missing or read-only, when it is a folder itself,
    or when it would overwrite an input or another output.
    """
    taken = {path.resolve(): "is read as well" for path in inputs if path.is_file()}
    for option, path in outputs.items():
        if path is None:
            continue
        problem = taken.get(path.resolve()) or _problem(path)
        if problem is not None:
            raise click.BadParameter(f"{path} {problem}", param_hint=option)
        taken[path.resolve()] = f"is written for {option} already"


def _problem(path: Path) -> str | None:
    """What keeps a file from being written."""
    if path.is_dir():
        return "is a folder: name a file"
    folder = path.resolve().parent
    if not folder.is_dir():
        return f"cannot be written: there is no folder {path.parent}"
    special = path.exists() and not path.is_file()  # a pipe or device is not replaced
    touched = [path] if special else [folder, path]
    if not all(os.access(place, os.W_OK) for place in touched if place.exists()):
        return "cannot be written: permission denied"
    return None
