"""The distribution holds what it should, and the packages depend on each other one way only."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest

from zonediff.work import contract

ROOT = Path(__file__).resolve().parent.parent

MAY_IMPORT: dict[str, set[str]] = {
    "engine": set(),
    "variants": {"engine"},
    "corpus": {"engine"},
    "result": {"engine", "corpus", "variants"},
    "work": {"engine", "corpus", "variants"},
    "explore": {"engine", "corpus", "variants", "result", "work"},
    "live": {"engine", "corpus", "variants", "result", "work", "explore"},
    "compare": {"engine", "corpus", "variants", "result", "work", "explore", "live"},
    "reports": {"engine", "corpus", "variants", "result", "explore"},
    "cli": {
        *("engine", "corpus", "variants", "result", "work", "explore", "live", "compare"),
        *("reports", "zonediff"),
    },
    "zonediff": {"engine", "corpus", "variants", "result", "compare", "reports"},
}
"""Each top-level folder, and the others that its modules may import."""

FACE = "zonediff"
"""The folder that is the package itself; the others are its subpackages."""

DATA = {
    "corpus": ("scenarios/**/*.yaml", "claims/**/*.yaml", "sweeps/*.yaml", "recordings/*.jsonl"),
    "reports": ("templates/**/*",),
    "live": ("agent.sh",),
    "zonediff": ("py.typed",),
}
"""The files beside the modules that an installation needs."""


def run(*command: str | Path, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """A wheel built from a source distribution, so that what either leaves out is missing."""
    tmp = tmp_path_factory.mktemp("packaging")
    source = tmp / "source"
    source.mkdir()
    for name in ("pyproject.toml", "setup.py", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, source)
    for folder in MAY_IMPORT:
        shutil.copytree(ROOT / folder, source / folder)
    build_sdist = f"from setuptools import build_meta; build_meta.build_sdist({str(tmp)!r})"
    run(sys.executable, "-c", build_sdist, cwd=source)
    [sdist] = tmp.glob("*.tar.gz")
    offline = ("--no-deps", "--no-index", "--no-build-isolation")
    run(sys.executable, "-m", "pip", "wheel", *offline, sdist, cwd=tmp)
    [path] = tmp.glob("*.whl")
    with zipfile.ZipFile(path) as built:
        yield built


def test_a_wheel_has_every_module_and_data_file(wheel: zipfile.ZipFile) -> None:
    expected = {
        str(path.relative_to(ROOT) if folder == FACE else Path(FACE, path.relative_to(ROOT)))
        for folder in MAY_IMPORT
        for pattern in ("**/*.py", "py.typed", *DATA.get(folder, ()))
        for path in (ROOT / folder).glob(pattern)
        if path.is_file()
    }
    assert {name for name in wheel.namelist() if name.startswith("zonediff/")} == expected


def test_a_wheel_installs_one_name_its_command_and_its_licence(wheel: zipfile.ZipFile) -> None:
    [info] = {name.partition("/")[0] for name in wheel.namelist()} - {"zonediff"}
    assert info.endswith(".dist-info")
    assert "zonediff = zonediff.cli.main:main" in wheel.read(f"{info}/entry_points.txt").decode()
    assert "License-Expression: GPL-2.0-only" in wheel.read(f"{info}/METADATA").decode()
    assert f"{info}/licenses/LICENSE" in wheel.namelist()


def imports(source: str, package: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of all that a module of this package imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            for alias in node.names:
                yield node.lineno, ".".join(filter(None, (*above, node.module, alias.name)))


def against_the_rule(source: str, path: Path) -> list[str]:
    """Return the imports that the module at this path (from the root) must not have."""
    folder = path.parts[0]
    allowed = {folder, *MAY_IMPORT[folder]}
    above = path.parent.parts if folder == FACE else (FACE, *path.parent.parts)
    refused = []
    for line, name in imports(source, above):
        top, _, rest = name.partition(".")
        below = rest.partition(".")[0]
        used = (below if below in MAY_IMPORT else FACE) if top == FACE else top
        # A folder by its bare name imports only where the working tree happens to be on the path.
        if used not in allowed and (top == FACE or top in MAY_IMPORT):
            refused.append(f"{path}:{line}: {name}")
    return refused


def modules_and_imports() -> dict[str, set[str]]:
    """Each module of ours by its dotted name, and the modules of ours that it imports anywhere."""
    paths = {
        ".".join(
            (() if folder == FACE else (FACE,)) + path.relative_to(ROOT).with_suffix("").parts
        ).removesuffix(".__init__"): path
        for folder in MAY_IMPORT
        for path in (ROOT / folder).rglob("*.py")
    }

    def module_of(name: str) -> str:
        return name if name in paths else name.rpartition(".")[0]

    return {
        module: {module_of(name) for _, name in imports(path.read_text(), ())} & paths.keys()
        for module, path in paths.items()
    }


def test_workers_agree_on_all_folders_that_decide_an_outcome() -> None:
    assert set(contract.FOLDERS) == {"compare", *MAY_IMPORT["compare"]}


def test_no_modules_import_each_other_in_a_circle() -> None:
    try:
        TopologicalSorter(modules_and_imports()).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' <- '.join(error.args[1])}")


def test_no_folder_holds_more_than_a_quarter_of_the_lines() -> None:
    lines = {
        folder: sum(len(path.read_text().splitlines()) for path in (ROOT / folder).rglob("*.py"))
        for folder in MAY_IMPORT
    }
    assert max(lines.values()) <= sum(lines.values()) / 4, lines


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_packages_import_only_what_is_below_them(folder: str) -> None:
    modules = sorted((ROOT / folder).rglob("*.py"))
    assert modules
    found = (against_the_rule(path.read_text(), path.relative_to(ROOT)) for path in modules)
    assert list(chain.from_iterable(found)) == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import zonediff.cli.main", "zonediff.cli.main"),
        ("from zonediff import cli", "zonediff.cli"),
        ("from ..cli import main", "zonediff.cli.main"),
        ("from .. import cli", "zonediff.cli"),
        ("if True:\n    from zonediff.cli.main import main", "zonediff.cli.main.main"),
        ("import cli.main", "cli.main"),
    ],
)
def test_an_import_from_above_is_found(source: str, name: str) -> None:
    line = len(source.splitlines())
    assert against_the_rule(source, Path("engine/zone.py")) == [f"engine/zone.py:{line}: {name}"]


@pytest.mark.parametrize(
    "source",
    [
        "import re",
        "from . import units",
        "from .units import Bytes",
        "from ..engine import units",
        "from zonediff.engine.units import Bytes",
    ],
)
def test_an_import_from_below_is_fine(source: str) -> None:
    assert against_the_rule(source, Path("engine/zone.py")) == []
    assert against_the_rule(source, Path("variants/zone.py")) == []
