"""Finding variants by name: ours, those of a file, those of installed packages."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zonediff.engine.machine import Machine
from zonediff.engine.steps import Plug
from zonediff.engine.units import parse_size
from zonediff.variants.registry import COMPARED, GROUP, OURS, Registry, VariantError, load_file
from zonediff.variants.upstream import Upstream

OWN = '''
from zonediff.engine.memory import Zone
from zonediff.engine.policy import Policy, Source
from zonediff.engine.rules import Decision, Rule
from zonediff.variants.upstream import Upstream

MINE = Rule("mine", "mine", "as I like it", "mine.c")


class AllMovable(Upstream):
    """All added memory is movable.

    Whoever adds it.
    """

    name = "all-movable"
    origin = "a file of my own"

    def zone_of_new_memory(self, kernel, node, first, source):
        return Decision(Zone.MOVABLE, MINE.because())


class Helper(Upstream):
    """No variant: it has no name of its own."""
'''


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(text: str, name: str = "mine.py") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


class Entry:
    """An entry point of an installed package, by hand."""

    def __init__(self, value: str, loads: Any, name: str = "any") -> None:
        self.name, self.value, self._loads = name, value, loads

    def load(self) -> Any:
        if isinstance(self._loads, BaseException):
            raise self._loads
        return self._loads


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let these entry points be installed, and nothing else."""

    def install(*entries: Entry) -> None:
        def entry_points(*, group: str) -> list[Entry]:
            assert group == GROUP
            return list(entries)

        monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)

    return install


def policy(name: str, **body: Any) -> Any:
    return type("Theirs", (Upstream,), {"name": name, "__doc__": "Theirs.", **body})


def test_ours_come_first_and_the_compared_ones_are_ours(install: Any) -> None:
    install()
    registry = Registry()
    assert registry.names() == list(OURS)
    assert registry.default_names() == list(COMPARED)
    assert set(COMPARED) <= set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_each_of_ours_is_found_by_its_name(name: str) -> None:
    assert Registry().resolve(name).name == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("upstrem", "there is no variant 'upstrem': did you mean upstream?"),
        ("michal-split/4", "did you mean michal-split/3 or michal-split/2 or michal-split/1?"),
        ("zzz", "did you mean upstream or igor-movable or michal-split"),
    ],
)
def test_a_name_that_is_not_known_is_answered_with_the_nearest(
    install: Any, name: str, message: str
) -> None:
    install()
    with pytest.raises(VariantError) as raised:
        Registry().resolve(name)
    assert message in str(raised.value)


def test_files_are_given_as_text_or_path_one_or_several(write: Any) -> None:
    path = write(OWN)
    for files in (path, str(path), [path], [str(path)], (file for file in [path])):
        assert Registry(files).names() == [*OURS, "all-movable"]


def test_a_variant_of_a_file_runs_like_ours(write: Any) -> None:
    path = write(OWN)
    registry = Registry([path])
    assert registry.default_names() == [*COMPARED, "all-movable"]
    variant = registry.resolve("all-movable")
    assert variant.summary == "All added memory is movable."
    assert variant.description.endswith("Whoever adds it.")
    assert variant.origin == "a file of my own"
    assert variant.where == str(path)
    assert variant.lineage == ("all-movable", "upstream")
    trace = variant.run(Machine(), [Plug("dimm0", parse_size("256M"))])
    assert trace.subject == "all-movable"
    view = trace.last().block(33)
    assert view is not None
    assert view.valid_zones == "Movable"
    assert trace.steps[0].acts[0].reasons[1].text == "as I like it"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(:\n", ":1:7: invalid syntax"),
        ("import os\n\n1 / 0\n", ":3: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)\n", ":1: SystemExit: 3"),
        ("import nothing_of_that_name\n", ":1: ModuleNotFoundError: No module named"),
        ("x = 1\n", ": defines no variant: a variant is a class built on a Policy"),
        (
            "from zonediff.variants.upstream import Upstream\n",
            ": defines no variant: a variant is a class built on a Policy",
        ),
    ],
)
def test_a_file_that_holds_no_variant_is_told_where_and_why(
    write: Any, text: str, message: str
) -> None:
    path = write(text)
    with pytest.raises(VariantError) as raised:
        Registry([path])
    assert str(raised.value).startswith(f"{path}{message}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x7fELF\x02\x01\x01\0\0\xff", ":1: holds a NUL byte"),
        (b"x = 1\n\0\n", ":2: holds a NUL byte"),
        ("x = 1\n".encode("utf-16"), ":1: holds a NUL byte"),
        (b"x = 1\ny = '\xff'\n", ":2: byte 0xff cannot be read as utf-8"),
        (b"\x89PNG\r\n\x1a\n", ": invalid or missing encoding declaration"),
        (b"# coding: nope\n", ": unknown encoding: nope"),
    ],
)
def test_a_file_that_is_no_text_is_told_so(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(content)
    with pytest.raises(VariantError) as raised:
        Registry([path])
    assert str(raised.value) == (f"{path}{message}; a variant file is Python source, text in UTF-8")


def test_a_file_in_the_encoding_that_it_declares(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(b"# coding: latin-1\n# \xff" + OWN.encode())
    assert Registry([path]).resolve("all-movable").name == "all-movable"


def test_an_empty_file_and_a_folder(write: Any, tmp_path: Path) -> None:
    with pytest.raises(VariantError, match=r"mine\.py: defines no variant: a variant is a class"):
        load_file(write(""))
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(VariantError, match=r"folder\.py: is a folder; a variant file is a Python"):
        load_file(tmp_path / "folder.py")


def test_an_error_from_elsewhere_is_told_with_the_line_of_the_file(write: Any) -> None:
    path = write("import json\n\n\njson.loads('{')\n")
    with pytest.raises(VariantError, match=r"mine\.py:4: JSONDecodeError"):
        load_file(path)


def test_a_missing_file_and_one_that_is_not_python(write: Any, tmp_path: Path) -> None:
    with pytest.raises(VariantError, match=r"nowhere\.py: no such variant file"):
        load_file(tmp_path / "nowhere.py")
    with pytest.raises(VariantError, match=r"a variant file is a Python file, NAME\.py"):
        load_file(write("x = 1", "mine.txt"))


def test_a_variant_must_answer_every_question(write: Any) -> None:
    path = write(
        "from zonediff.engine.policy import Policy\n\n\n"
        "class Mute(Policy):\n    name = 'mute'\n    origin = 'nowhere'\n"
    )
    with pytest.raises(VariantError, match=r"variant 'mute' does not answer kernel_onlines\(\)"):
        Registry([path])


@pytest.mark.parametrize("name", ["upstream", "all-movable"])
def test_names_are_unique(write: Any, name: str) -> None:
    first = write(OWN)
    second = write(OWN.replace("all-movable", name), "other.py")
    with pytest.raises(VariantError) as raised:
        Registry([first, second])
    assert str(raised.value) == f"{second}:16: there is already a variant {name!r}"


@pytest.mark.parametrize("name", ["two words", "", "-x", "live:x"])
def test_a_name_is_a_word(write: Any, name: str) -> None:
    with pytest.raises(VariantError, match="is no name for a variant"):
        Registry([write(OWN.replace("all-movable", name))])


def test_installed_variants_are_found_by_their_class(install: Any) -> None:
    install(Entry("their.module:B", policy("b"), "z"), Entry("their.module:A", policy("a"), "y"))
    registry = Registry()
    assert registry.names() == [*OURS, "a", "b"]
    assert registry.resolve("a").name == "a"
    assert registry.default_names() == [*COMPARED, "a", "b"]


def test_installed_variants_are_looked_for_only_when_they_may_matter(install: Any) -> None:
    install(Entry("their.module:A", RuntimeError("must not be loaded")))
    registry = Registry()
    assert registry.resolve("upstream").name == "upstream"
    with pytest.raises(VariantError, match="must not be loaded"):
        registry.names()


def test_installed_variants_are_loaded_once(install: Any) -> None:
    install(Entry("their.module:A", policy("a")))
    registry = Registry()
    assert registry.names() == registry.names() == [*OURS, "a"]


@pytest.mark.parametrize(
    ("loads", "message"),
    [
        (
            ImportError("gone"),
            r"variant 'any' \(their\.module:A\) cannot be loaded: ImportError\('gone'\)",
        ),
        (object(), r"their\.module:A is no Policy class with a name"),
        (Upstream(), r"their\.module:A is no Policy class with a name"),
        (policy("upstream"), r"their\.module:A: there is already a variant 'upstream'"),
    ],
)
def test_what_is_wrong_with_an_installed_variant(install: Any, loads: Any, message: str) -> None:
    install(Entry("their.module:A", loads))
    with pytest.raises(VariantError, match=message):
        Registry().names()


def test_a_variant_that_cannot_be_made_says_so(install: Any) -> None:
    def fail(self: object) -> None:
        raise RuntimeError("no")

    install(Entry("their.module:A", policy("a", __init__=fail)))
    with pytest.raises(VariantError, match=r"variant 'a' cannot be made: RuntimeError\('no'\)"):
        Registry().resolve("a")


def test_a_variant_without_a_docstring_goes_by_that_of_its_base(install: Any) -> None:
    install(Entry("their.module:A", type("A", (Upstream,), {"name": "a"})))
    assert Registry().resolve("a").summary == Registry().resolve("upstream").summary


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('name = "all-movable"', 'name = "a b"', 16),
        ('origin = "a file of my own"', 'origin = "mine"\n    released = "May"', 18),
        ("class AllMovable(Upstream)", "class AllMovable(Policy)", 10),
    ],
)
def test_a_mistake_of_a_class_is_reported_at_its_line(
    write: Any, old: str, new: str, line: int
) -> None:
    path = write(OWN.replace(old, new))
    with pytest.raises(VariantError) as raised:
        Registry([path])
    assert str(raised.value).startswith(f"{path}:{line}: ")


def test_a_variant_that_cannot_be_made_is_reported_at_the_line_that_fails(write: Any) -> None:
    bad = "class Bad(Upstream):\n    name = 'bad'\n\n    def __init__(self):\n        1 / 0\n"
    path = write(f"{OWN}\n\n{bad}")
    with pytest.raises(VariantError) as raised:
        Registry([path]).model("bad")
    line = len(path.read_text().splitlines())
    assert str(raised.value).startswith(f"{path}:{line}: variant 'bad' cannot be made: ")


def test_a_misspelt_question_is_a_hint(write: Any) -> None:
    path = write(OWN.replace("def zone_of_new_memory", "def zone_of_new_memry"))
    assert Registry([path]).hints() == [
        f"{path}:19:5: all-movable: zone_of_new_memry overrides nothing: "
        "did you mean zone_of_new_memory?"
    ]


@pytest.mark.parametrize(
    "helper",
    [
        "    def _zone_to_onlin(self):\n        pass\n",
        "    def zone_to_onlin(self):\n        return self.zone_to_onlin()\n",
        "    def helper(self):\n        pass\n",
    ],
    ids=["private", "used", "unlike any question"],
)
def test_a_helper_of_a_variant_is_no_hint(write: Any, helper: str) -> None:
    path = write(OWN.replace("    origin", f"{helper}\n    origin"))
    assert Registry([path]).hints() == []


@pytest.mark.parametrize(
    ("name", "near"),
    [("v6.8", "v6.1 or v6.12"), ("v4.1", "v4.3"), ("v9.0", "v7.2"), ("v4.13.1", "v4.13")],
)
def test_an_unknown_release_offers_the_nearest_ones(name: str, near: str) -> None:
    with pytest.raises(VariantError, match=f"there is no variant '{name}': did you mean {near}"):
        Registry().model(name)
