"""Prevents the code of variant files from ending the process without a result.

`os._exit(0)` or os.exec*() in a variant file would end a command with the exit code of a success.
Called from a variant file, these functions raise SystemExit instead, which is reported like any
other failure of a variant.
"""

from __future__ import annotations

import os
import posix
import sys
from collections.abc import Callable
from functools import wraps
from types import FrameType, ModuleType
from typing import Any, Final

MODULE_PREFIX: Final = "zonediff_variant_file_"
"""The prefix of the module names of variant files."""

_ENDS: Final[tuple[tuple[ModuleType, tuple[str, ...]], ...]] = (
    (os, ("_exit", "execv", "execve")),
    (posix, ("_exit", "execv", "execve")),
)
_MARK: Final = "ends_for_others_only"


def guard_exits() -> None:
    """Let these functions raise SystemExit when a variant file calls them, from now on."""
    for module, names in _ENDS:
        for name in names:
            function = getattr(module, name)
            if not hasattr(function, _MARK):
                setattr(module, name, _guarded(function))


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def guarded(*arguments: Any, **named: Any) -> Any:
        if _called_by_variant(sys._getframe()):
            raise SystemExit(f"it called os.{function.__name__}(), which ends the process")
        return function(*arguments, **named)

    setattr(guarded, _MARK, True)
    return guarded


def _called_by_variant(frame: FrameType | None) -> bool:
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith(MODULE_PREFIX):
            return True
        frame = frame.f_back
    return False
