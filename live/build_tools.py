"""The programs and headers that building a kernel needs, and which of them are missing here."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Tool:
    """A program, or with `header` a C header, or with `module` a Python package.

    debian, fedora: the packages that bring it. needed: whether a build fails without it.
    """

    name: str
    debian: str
    fedora: str
    needed: bool = True
    header: str = ""
    module: str = ""


TOOLS: Final = (
    Tool("gcc", "gcc", "gcc"),
    Tool("make", "make", "make"),
    Tool("flex", "flex", "flex"),
    Tool("bison", "bison", "bison"),
    Tool("bc", "bc", "bc"),
    Tool("perl", "perl", "perl"),
    Tool("git", "git", "git"),
    Tool("the headers of libelf", "libelf-dev", "elfutils-libelf-devel", header="gelf.h"),
    Tool("the headers of libc", "libc6-dev", "glibc-devel", header="stdio.h"),
    Tool("tuxmake", "", "", module="tuxmake"),
    Tool("pyelftools", "", "", module="elftools"),
    Tool("bwrap", "bubblewrap", "bubblewrap", needed=False),
    Tool("ccache", "ccache", "ccache", needed=False),
    Tool("b4", "b4", "b4", needed=False),
)
"""The tools that zonediff's own kernel configuration needs (Documentation/process/changes.rst)."""


def missing_tools() -> list[Tool]:
    """Return the tools that are not on this computer."""
    return [tool for tool in TOOLS if not _is_there(tool)]


def install_commands(tools: Sequence[Tool]) -> tuple[tuple[str, str], ...]:
    """Return a command for each system that installs all of these tools."""
    extra = ["pip install 'zonediff[review]'"] if any(tool.module for tool in tools) else []
    debian = [tool.debian for tool in tools if tool.debian]
    fedora = [tool.fedora for tool in tools if tool.fedora]
    return tuple(
        (system, " && ".join([*([f"{command} {' '.join(names)}"] if names else []), *extra]))
        for system, command, names in (
            ("Debian, Ubuntu", "apt-get install", debian),
            ("Fedora", "dnf install", fedora),
        )
    )


def _is_there(tool: Tool) -> bool:
    if tool.module:
        return importlib.util.find_spec(tool.module) is not None
    if not tool.header:
        return shutil.which(tool.name) is not None
    if shutil.which("gcc") is None:
        return False
    command = ["gcc", "-E", "-x", "c", "-include", tool.header, "/dev/null"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0
