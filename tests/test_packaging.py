"""The distribution holds what it should, and the packages depend on each other one way only."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import pytest

import zonediff
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
    "review": {
        *("engine", "corpus", "variants", "result", "work", "explore", "live", "compare"),
    },
    "reports": {"engine", "corpus", "variants", "result", "explore"},
    "cli": {
        *("engine", "corpus", "variants", "result", "work", "explore", "live", "compare"),
        *("review", "reports", "zonediff"),
    },
    "zonediff": {"engine", "corpus", "variants", "result", "work", "compare", "reports"},
}
"""Each top-level folder, and the others that its modules may import."""

REPORT_LAYERS = ("text", "page", "forms")
"""The folders of reports/; each may import itself and those before it."""

FACE = "zonediff"
"""The folder that is the package itself; the others are its subpackages."""

BESIDE = ("docs", "tests", "benchmarks", "tools")
"""The folders that are not installed and belong to the sources."""

DATA = {
    "corpus": (
        "scenarios/**/*.yaml",
        "claims/**/*.yaml",
        "sweeps/*.yaml",
        "recordings/*.jsonl",
        "certificates/*.json",
    ),
    "reports": ("templates/**/*",),
    "live": ("agent.c", "agent.sh"),
    "review": ("fragments/*.config", "sandbox.sh"),
    "zonediff": ("py.typed",),
}
"""The files beside the modules that an installation needs."""


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command that has to succeed; return what it prints."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sdist_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source distribution."""
    tmp = tmp_path_factory.mktemp("packaging")
    source = tmp / "source"
    source.mkdir()
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, source)
    for folder in (*MAY_IMPORT, *BESIDE):
        ignored = shutil.ignore_patterns("__pycache__", "artefacts")
        shutil.copytree(ROOT / folder, source / folder, ignore=ignored)
    build_sdist = f"from setuptools import build_meta; build_meta.build_sdist({str(tmp)!r})"
    run(sys.executable, "-c", build_sdist, cwd=source)
    [sdist] = tmp.glob("*.tar.gz")
    return sdist


@pytest.fixture(scope="module")
def wheel_path(sdist_path: Path) -> Path:
    """A wheel built from a source distribution, so that what either leaves out is missing."""
    offline = ("--no-deps", "--no-index", "--no-build-isolation")
    run(sys.executable, "-m", "pip", "wheel", *offline, sdist_path, cwd=sdist_path.parent)
    [path] = sdist_path.parent.glob("*.whl")
    return path


def test_a_source_distribution_has_documentation_tests_and_their_data(sdist_path: Path) -> None:
    with tarfile.open(sdist_path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    expected = {
        str(path.relative_to(ROOT))
        for folder in BESIDE
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and {"__pycache__", "artefacts"}.isdisjoint(path.parts)
    }
    expected |= {"CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "SECURITY.md", "Makefile"}
    assert expected - names == set()


@pytest.fixture(scope="module")
def wheel(wheel_path: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(wheel_path) as built:
        yield built


@pytest.fixture(scope="module")
def installed(wheel_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with the wheel; its dependencies are those of the tests."""
    environment = tmp_path_factory.mktemp("installed") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=ROOT)
    python = environment / "bin" / "python"
    offline = ("--quiet", "--no-deps", "--no-index", "--disable-pip-version-check")
    pip = (sys.executable, "-m", "pip", "--python", python, "install")
    run(*pip, *offline, wheel_path, cwd=environment)
    [packages] = environment.glob("lib/python*/site-packages")
    # A folder that is named in a .pth file has its own .pth files ignored: no editable install.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment


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


def test_a_tree_that_was_built_before_packs_nothing_that_is_gone(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "setup.py", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, source)
    for folder in MAY_IMPORT:
        shutil.copytree(ROOT / folder, source / folder)
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(tmp_path)!r})"
    run(sys.executable, "-c", build, cwd=source)
    claim, scenario, module = (
        "corpus/claims/C01.yaml",
        "corpus/scenarios/knob/content.yaml",
        "corpus/scaffold.py",
    )
    (source / claim).unlink()
    (source / scenario).rename(source / "corpus/scenarios/knob/renamed.yaml")
    (source / module).rename(source / "corpus/renamed.py")
    run(sys.executable, "-c", build, cwd=source)
    [path] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(path) as built:
        names = {name.removeprefix("zonediff/") for name in built.namelist()}
    assert names.isdisjoint({claim, scenario, module})
    assert names >= {"corpus/scenarios/knob/renamed.yaml", "corpus/renamed.py"}


SCRIPT = """
from pathlib import Path

import zonediff

registry = zonediff.Registry("mine.py")
scenarios = zonediff.load_scenarios("ordering/change-of-mind")
result = zonediff.run(scenarios, ["igor-movable", "mine"], registry=registry)
assert zonediff.run(scenarios, ["igor-movable", "mine"], registry=registry, jobs=2) == result
print(*((judgement.variant, judgement.kind) for judgement in result.judgements))
Path("report.html").write_text(zonediff.render(result, "html"), encoding="utf-8")
Path("result.json").write_text(zonediff.render(result, "json"), encoding="utf-8")
try:
    zonediff.run(scenarios, "nobody")
except zonediff.ZonediffError as error:
    print(type(error).__name__)
print(zonediff.__version__, Path(zonediff.__file__).parent)
"""
VARIANT = """
from zonediff.variants.upstream import Upstream


class Mine(Upstream):
    "The same kernel under another name."

    name = "mine"
    origin = "an example"
"""


def test_a_script_elsewhere_works_with_the_installed_wheel(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "mine.py").write_text(VARIANT, encoding="utf-8")
    printed = run(installed / "bin" / "python", "script.py", cwd=tmp_path).splitlines()
    [package] = installed.glob("lib/python*/site-packages/zonediff")
    assert printed == [
        "('igor-movable', 'regression') ('mine', 'unchanged')",
        "VariantError",
        f"{version('zonediff')} {package}",
    ]
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    command = installed / "bin" / "zonediff"
    text = run(command, "report", "result.json", "--format", "csv", cwd=tmp_path)
    assert text.startswith("scenario,")


def test_importing_the_package_alone_imports_nothing_else() -> None:
    program = """
import sys, typing, collections.abc
before = set(sys.modules)
import zonediff
print(*sorted(set(sys.modules) - before))
print(*dir(zonediff))
zonediff.ZonediffError
print(*sorted(set(sys.modules) - before))
"""
    alone, names, modules = run(sys.executable, "-c", program, cwd=ROOT.parent).splitlines()
    assert alone == "zonediff"
    assert names.split() == sorted(zonediff.__all__)
    assert modules == "zonediff zonediff.engine zonediff.engine.errors"


def test_the_public_names_are_there_and_no_others() -> None:
    for name in zonediff.__all__:
        assert getattr(zonediff, name) is not None
    assert zonediff.__version__ == version("zonediff")
    with pytest.raises(AttributeError, match="module 'zonediff' has no attribute 'walk'"):
        zonediff.walk  # type: ignore[attr-defined]  # noqa: B018


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


def long_functions(source: str, most: int = 50) -> list[str]:
    """The functions with more lines, from `def` to the end."""
    return [
        f"{node.name}: {lines} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > most
    ]


def test_no_function_has_more_than_fifty_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): offenders
        for folder in (*MAY_IMPORT, "tools")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (offenders := long_functions(path.read_text()))
    }
    assert long == {}


def test_a_long_function_is_found() -> None:
    body = "\n    pass" * 3
    assert long_functions(f"async def short(): ...\ndef long():{body}", most=3) == ["long: 4 lines"]


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_packages_import_only_what_is_below_them(folder: str) -> None:
    modules = sorted((ROOT / folder).rglob("*.py"))
    assert modules
    offenders = (against_the_rule(path.read_text(), path.relative_to(ROOT)) for path in modules)
    assert list(chain.from_iterable(offenders)) == []


@pytest.mark.parametrize("layer", REPORT_LAYERS)
def test_forms_use_the_page_and_text_and_the_page_uses_text(layer: str) -> None:
    above = REPORT_LAYERS[REPORT_LAYERS.index(layer) + 1 :]
    modules = sorted((ROOT / "reports" / layer).rglob("*.py"))
    assert modules
    wrong = [
        f"{path.name}:{line}: {name}"
        for path in modules
        for line, name in imports(path.read_text(), (FACE, "reports", layer))
        if name.startswith(tuple(f"{FACE}.reports.{other}." for other in above))
    ]
    assert wrong == []


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
