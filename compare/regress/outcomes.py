"""Run the files of each revision in a process of its own, and read its result."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from zonediff.compare.series.patch import SeriesError
from zonediff.result.files import ResultFileError, load
from zonediff.result.known import KnownOutcome
from zonediff.result.result import Result

_START: Final = """\
import sys, types
folder = sys.argv.pop(1)
if folder:
    package = types.ModuleType("zonediff")
    package.__path__ = [folder]
    sys.modules["zonediff"] = package
from zonediff.cli.main import main
main()
"""
"""Runs the command from a folder of sources; for an empty name, the installed command."""

_WITHOUT_GIT: Final = {"GIT_PYTHON_GIT_EXECUTABLE": os.devnull, "GIT_PYTHON_REFRESH": "raise"}
"""Environment that hides git from a run: git might run programs that the repository's settings
name."""

_WRITES_A_RESULT: Final = (0, 1, 3)
"""Exit codes of `zonediff run` that come with a result."""


class CannotCompare(SeriesError):
    """A revision cannot be run, or its files are not there."""


@dataclass(frozen=True, slots=True)
class Request:
    """The run to do at each revision; all paths are relative to the repository's root.

    scenarios: names; without any, the whole corpus. variants: names; None for the default ones.
    removed: variant files that the head need not have any more. known: outcomes that do not count.
    """

    scenarios: tuple[str, ...] = ()
    variants: str | None = None
    variant_files: tuple[Path, ...] = ()
    corpus: Path | None = None
    baseline: str = "upstream"
    removed: tuple[Path, ...] = ()
    known: tuple[KnownOutcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of a revision. name: as the user gave it."""

    name: str
    folder: Path

    @property
    def sources(self) -> str:
        """The folder of zonediff's own sources, empty where the repository is not zonediff's."""
        own = all((self.folder / file).is_file() for file in ("cli/main.py", "engine/policy.py"))
        return str(self.folder) if own else ""


def outcomes(trees: Sequence[Tree], request: Request) -> list[Result]:
    """The result at each revision, the older one first; they are run at the same time.

    Raises CannotCompare, also for a variant file that neither revision has, or that the last one
    has lost without `removed` saying so.
    """
    _check_files(trees, request)
    for tree in trees:
        if not tree.sources and not request.variant_files and request.corpus is None:
            raise CannotCompare(
                f"{tree.name} has no zonediff sources: name the files to run with --variant-file "
                "and --corpus"
            )
    with _processes(trees, request) as started:
        return [_result(*item) for item in started]


def _check_files(trees: Sequence[Tree], request: Request) -> None:
    """Raise SeriesError if a variant file is missing, because then nothing would be tested."""
    head = trees[-1]
    for file in request.variant_files:
        revisions = [tree.name for tree in trees if (tree.folder / file).is_file()]
        if not revisions:
            raise CannotCompare(
                f"{file} is in no revision: neither in {' nor in '.join(t.name for t in trees)}"
            )
        if head.name not in revisions and file not in request.removed:
            raise CannotCompare(
                f"{head.name} has no {file}, which {revisions[0]} has: if it was removed on "
                f"purpose, say --removed {file}"
            )
    for file in request.removed:
        if file not in request.variant_files:
            raise CannotCompare(f"--removed {file} is not among the files of --variant-file")
        if (head.folder / file).is_file():
            raise CannotCompare(f"--removed {file}: {head.name} has it")


_Started = tuple[Tree, "subprocess.Popen[bytes]", IO[bytes], Path]


@contextmanager
def _processes(trees: Sequence[Tree], request: Request) -> Iterator[list[_Started]]:
    """Start a process for each revision; end all of them and close all files at the end."""
    with ExitStack() as left:
        started: list[_Started] = []
        for tree in trees:
            beside = tree.folder.parent
            output = beside / "result.json"
            errors = left.enter_context((beside / "errors").open("w+b"))
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-c",
                    _START,
                    tree.sources,
                    *_arguments(tree, request, output),
                ],
                cwd=tree.folder,
                env={**os.environ, **_WITHOUT_GIT},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,  # a Ctrl-C is for this process, which ends them
            )
            left.callback(process.wait)
            left.callback(process.kill)
            started.append((tree, process, errors, output))
        yield started


def _arguments(tree: Tree, request: Request, output: Path) -> Iterator[str]:
    """The command line of a run; variant files that a revision does not have yet are left out."""
    yield from ("run", "-o", str(output), "--baseline", request.baseline)
    if request.variants is not None:
        yield from ("--variants", request.variants)
    for file in request.variant_files:
        if (tree.folder / file).is_file():
            yield from ("--variant-file", str(file))
    if request.corpus is not None:
        yield from ("--corpus", str(request.corpus))
    yield from ("--", *request.scenarios)


def _result(
    tree: Tree, process: subprocess.Popen[bytes], errors: IO[bytes], output: Path
) -> Result:
    code = process.wait()
    if code not in _WRITES_A_RESULT or not output.exists():
        errors.seek(0)
        lines = errors.read().decode(errors="replace").strip().splitlines()
        message = f": {lines[-1]}" if lines else ""
        raise CannotCompare(f"{tree.name} cannot be run (exit code {code}){message}")
    try:
        return load(output)
    except ResultFileError as error:
        why = str(error).removeprefix(f"{output}: ")
        raise CannotCompare(f"the result of {tree.name} cannot be compared: {why}") from None
