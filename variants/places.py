"""Paths in published texts: without the folders of the computer that made them.

The same run then gives the same bytes wherever it is made, and a report that is mailed shows no
user's home.
"""

from __future__ import annotations

import inspect
import site
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent.parent
"""The folder of our packages, under any name of the checkout."""


def without_folders(path: str) -> str:
    """A path as the user gave it; of an absolute one, the name alone."""
    return Path(path).name if Path(path).is_absolute() else path


def traceback_text(error: BaseException, calls: int = 0) -> str:
    """A traceback without its first calls, and without the folders of this computer.

    Our files are in `zonediff/`, Python's in `python3.11/`, those of installed packages in that of
    the package; variant files and others below the current folder have their names.
    """
    frames = error.__traceback__
    for _ in range(calls):
        frames = frames.tb_next if frames is not None else None
    text = "".join(traceback.format_exception(type(error), error, frames))
    for folder, name in sorted(_folders(error), key=lambda item: len(item[0]), reverse=True):
        text = text.replace(f"{folder}/", name)
    return text


def _folders(error: BaseException) -> Iterator[tuple[str, str]]:
    """Folders of this computer, each with the text that replaces it."""
    yield str(_PACKAGE), "zonediff/"
    if str(Path.cwd()) != "/":
        yield str(Path.cwd()), ""
    for name in ("stdlib", "platstdlib"):
        yield sysconfig.get_path(name), f"python{sys.version_info.major}.{sys.version_info.minor}/"
    for folder in {*site.getsitepackages(), site.getusersitepackages()}:
        yield folder, ""
    trace = error.__traceback__
    while trace is not None:
        file = inspect.getfile(trace.tb_frame)
        # Variant files are given by path; the folders of other files are known already.
        if trace.tb_frame.f_globals.get("__name__", "").startswith("zonediff_variant_file_"):
            parent = str(Path(file).parent)
            if parent not in (".", "/"):
                yield parent, ""
        trace = trace.tb_next
