"""The command that builds a kernel with tuxmake in the sandbox."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from zonediff.review import sandbox as sandboxes
from zonediff.review.errors import ReviewError
from zonediff.review.sandbox import Folder, Sandbox
from zonediff.review.watched import Bounds

SOURCE: Final = "/zonediff/source"
BUILD: Final = "/zonediff/build"
CCACHE: Final = "/zonediff/ccache"
PACKAGES: Final = "/zonediff/packages"
PROGRAM: Final = "/zonediff/build_program.py"
OPTIONS: Final = "/zonediff/options.config"

PATH: Final = sandboxes.PATH

_OUTPUT: Final = "tuxmake"
"""The folder of tuxmake's own files, in the build folder."""

_CCACHE_SIZE: Final = "5G"


class Folders(NamedTuple):
    """Folders of a build. ccache: its cache, and whether it is used; None without ccache.

    scratch: room for temporary folders of ours.
    """

    source: Path
    build: Path
    ccache: tuple[Path, bool] | None
    scratch: Path


def command(
    folders: Folders, *, sandbox: Sandbox, options: Sequence[str], jobs: int, bounds: Bounds
) -> list[str]:
    """Return the command that builds the kernel. Raises ReviewError without tuxmake."""
    package = _package()
    program = Path(__file__).with_name("build_program.py")
    build = BUILD if sandbox.own_paths else str(folders.build)
    fragment = folders.scratch / "options.config"
    fragment.write_text("".join(f"{line}\n" for line in options), encoding="utf-8")
    request = {
        "tree": SOURCE if sandbox.own_paths else str(folders.source),
        "build": build,
        "output": f"{build}/{_OUTPUT}",
        "packages": PACKAGES if sandbox.own_paths else str(package.parent),
        "options": OPTIONS if sandbox.own_paths else str(fragment),
        "wrapper": "ccache" if folders.ccache else None,
        "jobs": jobs,
    }
    environment = {"PYTHONDONTWRITEBYTECODE": "1"}
    shown = [
        Folder(folders.source, SOURCE),
        Folder(folders.build, BUILD, writable=True),
        Folder(package, f"{PACKAGES}/{package.name}"),
        Folder(program, PROGRAM),
        Folder(fragment, OPTIONS),
        *sandboxes.python_folders(),
    ]
    if folders.ccache:
        place, used = folders.ccache
        shown.append(Folder(place, CCACHE, writable=used))
        environment["CCACHE_DIR"] = CCACHE if sandbox.own_paths else str(place)
        environment["CCACHE_MAXSIZE"] = _CCACHE_SIZE
        environment["CCACHE_TEMPDIR"] = "/tmp"
        if not used:  # another compiler command would have Kbuild compile all files again
            environment["CCACHE_DISABLE"] = "1"
    root = folders.scratch / "root"
    root.mkdir(parents=True, exist_ok=True)
    python = os.path.realpath(sys.executable)
    run = [
        python,
        "-u",
        "-I",
        "-S",
        PROGRAM if sandbox.own_paths else str(program),
        json.dumps(request),
    ]
    return sandbox.command(bounds.applied(run), shown, environment, root)


def compiler() -> str:
    """Return the version line of the compiler. Raises ReviewError when a program is missing."""
    _package()
    lacks = [name for name in ("gcc", "make") if shutil.which(name, path=PATH) is None]
    if lacks:
        raise ReviewError(
            f"kernels cannot be built: {' and '.join(lacks)} not found: run `zonediff live doctor`"
        )
    done = subprocess.run(
        ["gcc", "--version"],
        env={"PATH": PATH, "LANG": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    return lines[0] if lines else "gcc"


def _package() -> Path:
    """Return the folder of tuxmake. Raises ReviewError without it."""
    spec = importlib.util.find_spec("tuxmake")
    if spec is None or spec.origin is None:
        raise ReviewError("building needs tuxmake: python -m pip install 'zonediff[review]'")
    return Path(spec.origin).parent
