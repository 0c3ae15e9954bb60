"""A sandbox for builds: a mailed patch may change Makefiles, which `make` runs.

A program in it has no network and no home folder; it reads the compiler and the folders it is
given, and writes only to some of these. bubblewrap makes it, or `unshare` with user namespaces.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from zonediff.review.errors import ReviewError

Kind = Literal["bubblewrap", "namespaces", "none"]

SCRIPT: Final = Path(__file__).with_name("sandbox.sh")

_SYSTEM: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store")
"""Where distributions keep compilers and libraries."""

_SETTINGS: Final = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d")
"""All that programs need of /etc in order to start."""

_TMP_BYTES: Final = 1 << 30

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Folder:
    """A file or folder of this computer, and its path for the program."""

    real: Path
    path: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Sandbox:
    """How programs are confined; `none` is for users who trust the series."""

    kind: Kind

    @property
    def own_paths(self) -> bool:
        """Whether a program sees folders at paths of our choice."""
        return self.kind != "none"

    def command(
        self,
        program: Sequence[str],
        folders: Sequence[Folder],
        environment: dict[str, str],
        new_root: Path,
    ) -> list[str]:
        """Return the command that runs a program in the sandbox.

        folders: what it sees beside the system's own. new_root: an empty folder, for the
        namespaces to build their root on.
        """
        environment = {"PATH": PATH, "HOME": "/tmp", "LANG": "C", **environment}
        variables = [f"{name}={value}" for name, value in environment.items()]
        match self.kind:
            case "none":
                return ["env", "-i", *variables, *program]
            case "bubblewrap":
                return [*_bubblewrap(folders), "env", "-i", *variables, *program]
            case "namespaces":
                return [
                    *_unshare(folders, new_root),
                    *("env", "-i", *variables),
                    *program,
                ]


def choose_sandbox(*, unsafe: bool) -> Sandbox:
    """Return the sandbox that this computer can make; none if the user says so.

    Raises ReviewError when there is no way to make one and the user did not give it up.
    """
    if unsafe:
        return Sandbox("none")
    for kind in ("bubblewrap", "namespaces"):
        if problem(kind) is None:
            return Sandbox(kind)
    raise ReviewError(
        "no sandbox for building, as bubblewrap and user namespaces do not work here: install "
        "bubblewrap (apt-get install bubblewrap), or trust the series with --unsafe-build"
    )


@cache
def problem(kind: Literal["bubblewrap", "namespaces"]) -> str | None:
    """Return why a kind of sandbox does not work here; None when it does."""
    name = {"bubblewrap": "bwrap", "namespaces": "unshare"}[kind]
    if shutil.which(name) is None:
        return f"{name} was not found"
    with tempfile.TemporaryDirectory(prefix="zonediff-root-") as root:
        command = Sandbox(kind).command(["true"], [], {}, Path(root))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"{name} fails with exit code {done.returncode}"


def python_folders() -> list[Folder]:
    """Return what this Python needs in the sandbox, if it is not among the system's programs."""
    base = Path(sys.base_prefix).resolve()
    if base.is_relative_to("/usr") and not base.is_relative_to("/usr/home"):
        return []
    return [Folder(base, str(base))]


def _existing(paths: Iterable[str]) -> list[str]:
    return [path for path in paths if os.path.lexists(path)]


def _bubblewrap(folders: Sequence[Folder]) -> list[str]:
    command = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc"]
    command += ["--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session"]
    if _disables_namespaces():
        command += ["--disable-userns"]
    command += ["--cap-drop", "ALL", "--hostname", "zonediff"]
    for path in _existing(_SYSTEM):
        if Path(path).is_symlink():
            command += ["--symlink", str(Path(path).readlink()), path]
        else:
            command += ["--ro-bind", path, path]
    for path in _existing(_SETTINGS):
        command += ["--ro-bind", path, path]
    command += ["--proc", "/proc", "--dev", "/dev", "--size", str(_TMP_BYTES), "--tmpfs", "/tmp"]
    for folder in folders:
        command += ["--bind" if folder.writable else "--ro-bind", str(folder.real), folder.path]
    return [*command, "--remount-ro", "/", "--chdir", "/tmp", "--"]


@cache
def _disables_namespaces() -> bool:
    """Whether this bubblewrap can keep programs from making namespaces of their own (0.8)."""
    done = subprocess.run(["bwrap", "--help"], capture_output=True, text=True, check=False)
    return "--disable-userns" in done.stdout + done.stderr


def _unshare(folders: Sequence[Folder], new_root: Path) -> list[str]:
    """Return the command that leads into sandbox.sh, which reads what to show from arguments."""
    shown: list[str] = []
    for path in _existing(_SYSTEM):
        if Path(path).is_symlink():
            shown += ["link", str(Path(path).readlink()), path]
        else:
            shown += ["read", path, path]
    for path in _existing(_SETTINGS):
        shown += ["read", path, path]
    for folder in folders:
        shown += ["write" if folder.writable else "read", str(folder.real), folder.path]
    return [
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--user", "--map-root-user", "--mount", "--net", "--ipc", "--uts"),
        *("--pid", "--fork", "--kill-child"),
        *("sh", str(SCRIPT), str(new_root), *shown, "--"),
    ]
