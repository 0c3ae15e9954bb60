"""Stages are built in a sandbox, from the objects of the one before, and kept in a cache."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.review.pretend import CODE, HEADER, SOURCES, make_tree
from zonediff.engine.units import MIB
from zonediff.review.build_cache import BuildCache
from zonediff.review.builder import Builder, open_builder
from zonediff.review.configuration import configuration
from zonediff.review.errors import ReviewError
from zonediff.review.sandbox import Sandbox, choose_sandbox
from zonediff.review.sources import SourceFile, open_tree
from zonediff.review.watched import Bounds

pytest.importorskip("tuxmake")
try:
    SANDBOX = choose_sandbox(unsafe=False)
except ReviewError as error:
    pytest.skip(str(error), allow_module_level=True)

Open = Callable[..., AbstractContextManager[Builder]]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """Opens a builder of the pretend tree, with other texts for some of its files."""

    def open_(
        changes: dict[str, str] | None = None, *, sandbox: Sandbox = SANDBOX, line: str = "series-1"
    ) -> AbstractContextManager[Builder]:
        folder = tmp_path / "tree"
        if not folder.exists():
            make_tree(folder, changes)
        cache = BuildCache(tmp_path / "cache")
        return open_builder(
            open_tree(folder, cache.sources),
            configuration(("hotplug",)),
            sandbox=sandbox,
            cache=cache,
            line=line,
            jobs=1,
        )

    return open_


def code(text: str) -> dict[str, SourceFile | None]:
    return {CODE: SourceFile(text.encode())}


def compiled(log: Path) -> int:
    """How many files a build compiled."""
    return sum(line.startswith("  CC ") for line in log.read_text().splitlines())


def test_a_stage_is_built_and_kept(opened: Open) -> None:
    seen: list[tuple[int, int]] = []
    with opened() as builder:
        built = builder.build({}, lambda done, total: seen.append((done, total)))
        again = builder.build({}, lambda done, total: pytest.fail("it was built again"))
    assert built.image is not None
    assert built.image.release == "6.1.7-pretend"
    assert built.image.path.read_bytes().endswith(SOURCES[CODE].encode())
    assert seen == [(1, 1250)]
    assert again == built
    assert built.problem == ""
    assert (built.image.config() or {})["ACPI_HOTPLUG_MEMORY"] == "y"


def test_the_users_tree_stays_as_it_was(opened: Open, tmp_path: Path) -> None:
    with opened() as builder:
        before = {
            path: (path.stat().st_mtime_ns, path.read_bytes())
            for path in (tmp_path / "tree").rglob("*")
            if path.is_file()
        }
        builder.build(code("int changed;\n"))
        builder.build({**code("int other;\n"), "mm/new.c": SourceFile(b"int new;\n"), HEADER: None})
    after = {
        path: (path.stat().st_mtime_ns, path.read_bytes())
        for path in (tmp_path / "tree").rglob("*")
        if path.is_file()
    }
    assert after == before
    assert not (tmp_path / "cache/scratch").exists()


def test_only_what_differs_is_compiled_again(opened: Open) -> None:
    with opened() as builder:
        builder.build({})
        aside = builder.build({"mm/aside.c": SourceFile(b"int aside;\n")})
        changed = builder.build({**code("int a;\n"), "mm/aside.c": SourceFile(b"int aside;\n")})
        other = builder.build({**code("int a;\n"), "mm/aside.c": SourceFile(b"int other;\n")})
        back = builder.build({"mm/aside.c": SourceFile(b"int last;\n")})
    assert [compiled(built.log) for built in (aside, changed, other, back)] == [0, 1, 0, 1]
    assert back.image is not None
    assert back.image.path.read_bytes().endswith(SOURCES[CODE].encode())


def test_objects_of_the_base_serve_every_series_and_theirs_no_other(
    opened: Open, tmp_path: Path
) -> None:
    with opened() as builder:
        builder.build({})
        builder.build(code("int a;\n"))
    with opened(line="series-2") as builder:
        other = builder.build({"mm/aside.c": SourceFile(b"int aside;\n")})
    assert compiled(other.log) == 0
    assert other.image is not None
    assert other.image.path.read_bytes().endswith(SOURCES[CODE].encode())
    [key] = (tmp_path / "cache/builds").iterdir()
    assert sorted(path.name for path in key.iterdir()) == ["base", "series-1", "series-2"]


def test_a_stage_that_does_not_build_is_a_result_and_tried_again(opened: Open) -> None:
    with opened() as builder:
        built = builder.build(code("#error it says so\n"))
        again = builder.build(code("#error it says so\n"))
        fine = builder.build(code("int a;\n"))
    assert built.image is None
    assert built.problem == "mm/memory_hotplug.c:1:2: error: #error it says so"
    assert "#error it says so" in built.log.read_text()
    assert again.problem == built.problem
    assert fine.image is not None


def test_a_file_that_comes_back_is_compiled_again(opened: Open) -> None:
    with opened() as builder:
        builder.build(code("int a;\n"))
        builder.build(code("int b;\n"))
    with opened() as builder:
        before = builder.build({**code("int a;\n"), "mm/aside.c": SourceFile(b"int x;\n")})
    assert compiled(before.log) == 1
    assert before.image is not None
    assert before.image.path.read_bytes().endswith(b"int a;\n")


def test_options_that_the_tree_lacks_are_named(opened: Open) -> None:
    makefile = SOURCES["Makefile"].replace(
        "olddefconfig:\n\t@true",
        "olddefconfig:\n\t@grep -v CONFIG_NUMA= $(O)/.config > $(O)/new; mv $(O)/new $(O)/.config",
    )
    with opened({"Makefile": makefile}) as builder:
        assert builder.build({}).lacking == ("CONFIG_NUMA",)


def test_a_file_that_a_killed_build_left_unfinished_is_made_again(
    opened: Open, tmp_path: Path
) -> None:
    folder = tmp_path / "cache/builds"
    with opened() as builder:
        builder.build({})
    [base] = folder.glob("*/base")
    for name, age in (("whole", 1), ("half", -1)):
        (base / f"{name}.o").touch()
        (base / f".{name}.o.cmd").touch()
        now = (base / f"{name}.o").stat().st_mtime
        os.utime(base / f".{name}.o.cmd", (now + age, now + age))
    with opened() as builder:
        builder.build(code("int other;\n"))
    [line] = folder.glob("*/series-1")
    assert (line / ".whole.o.cmd").exists()
    assert not (line / ".half.o.cmd").exists()


def test_a_build_without_a_sandbox_copies_the_tree(opened: Open, tmp_path: Path) -> None:
    script = SOURCES["Makefile"] + "\t@echo >> mm/memory_hotplug.c\n"
    with opened({"Makefile": script}, sandbox=Sandbox("none")) as builder:
        assert builder.build({}).image is not None
    assert (tmp_path / "tree" / CODE).read_text() == SOURCES[CODE]


# --- hostile Makefiles ----------------------------------------------------------------------------


def with_makefile(lines: str) -> dict[str, SourceFile | None]:
    """The base with a Makefile that does something before it compiles."""
    rule = "$(O)/vmlinux: mm/memory_hotplug.c include/linux/memory_hotplug.h\n"
    text = SOURCES["Makefile"].replace(rule, rule + lines)
    return {"Makefile": SourceFile(text.encode())}


def test_a_makefile_that_writes_outside(opened: Open, tmp_path: Path) -> None:
    target = Path.home() / "zonediff-was-here"
    script = f"\techo x > {target}\n"
    with opened() as builder:
        built = builder.build(with_makefile(script))
    assert built.image is None
    assert "vmlinux" in built.problem
    assert f"cannot create {target}" in built.log.read_text()
    assert not target.exists()


def test_a_makefile_that_changes_the_sources(opened: Open, tmp_path: Path) -> None:
    with opened() as builder:
        built = builder.build(with_makefile(f"\techo evil > {CODE}\n"))
    assert built.image is None
    assert "Read-only file system" in built.log.read_text()
    assert (tmp_path / "tree" / CODE).read_text() == SOURCES[CODE]


def test_a_makefile_that_forks_without_end(
    opened: Open, left_running: Callable[[], set[int]]
) -> None:
    with opened() as builder:
        builder.bounds = Bounds(processes=100, seconds=60)
        built = builder.build(with_makefile("\t(while :; do sleep 600 & done); sleep 600\n"))
    assert built.problem == "the build was stopped: it ran more than 100 processes at once"
    assert not left_running()


def test_a_makefile_that_prints_without_end(opened: Open) -> None:
    with opened() as builder:
        builder.bounds = Bounds(log=MIB, seconds=60)
        built = builder.build(with_makefile("\tyes\n"))
    assert built.problem == "the build was stopped: it printed more than 1 MiB"
    assert built.log.stat().st_size <= MIB


@pytest.mark.parametrize("name", ["arch/x86/boot/bzImage", ".config", "vmlinux"])
def test_a_makefile_that_leaves_a_link_to_a_file_of_the_user(
    opened: Open, tmp_path: Path, name: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    # In the sandbox, this path is another file, in a /tmp of its own.
    link = f"\t@mkdir -p {tmp_path}; cp image {secret}; ln -sfn {secret} $(O)/{name}\n"
    rule = "\t@cat image mm/memory_hotplug.c > $(O)/arch/x86/boot/bzImage\n"
    text = SOURCES["Makefile"].replace(rule, "\t@rm -f $(O)/arch/x86/boot/bzImage\n" + rule + link)
    with opened() as builder:
        built = builder.build({"Makefile": SourceFile(text.encode())})
        assert built.image is None
        assert built.problem.endswith(f"{name} is a symbolic link")
        assert "a secret" not in built.log.read_text()
        builder.build(code("int other;\n"))
    assert secret.read_text() == "a secret"


def test_a_makefile_whose_image_is_none(opened: Open) -> None:
    with opened() as builder:
        built = builder.build({"image": SourceFile(b"not an image")})
    assert built.image is None
    assert built.problem.startswith("the build left no kernel that boots: ")


def test_a_hostile_series_leaves_its_objects_to_nobody(opened: Open) -> None:
    poison = "\t@cp mm/memory_hotplug.c $(O)/vmlinux; echo poison > $(O)/planted\n"
    with opened(line="series-evil") as builder:
        builder.build({})
        builder.build({**with_makefile(poison), **code("int evil;\n")})
    with opened(line="series-good") as builder:
        builder.build(code("int good;\n"))
        folder = builder.cache.builds / builder._folder_key()
    assert (folder / "series-evil/planted").exists()
    assert not (folder / "series-good/planted").exists()
    assert not (folder / "base/planted").exists()


# --- the cache ------------------------------------------------------------------------------------


def fill(cache: BuildCache, name: str, size: int, used: float) -> Path:
    folder = cache.images / name
    folder.mkdir(parents=True)
    (folder / "bzImage").write_bytes(bytes(size))
    os.utime(folder, (used, used))
    return folder


def test_the_entries_used_least_recently_go_first(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path / "cache", limit=5 * MIB)
    now = time.time()
    with cache.locked():
        old, middle, new = (
            fill(cache, name, 2 * MIB, now - age)
            for name, age in (("old", 300), ("middle", 200), ("new", 100))
        )
        removed = cache.make_room()
    assert [entry.path for entry in removed] == [old]
    assert (old.exists(), middle.exists(), new.exists()) == (False, True, True)


def test_clearing_the_cache(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path / "cache")
    assert cache.clear() == 0
    with cache.locked():
        folder = fill(cache, "x", MIB, 1.0)
        folder.chmod(0o500)
    assert cache.clear() >= MIB
    assert cache.entries() == []


def test_a_link_in_the_cache_is_not_followed(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path / "cache")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_text("kept")
    with cache.locked():
        fill(cache, "x", MIB, 1.0).joinpath("link").symlink_to(tmp_path / "outside")
    cache.clear()
    assert (tmp_path / "outside/file").read_text() == "kept"


def test_a_folder_with_other_files_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    cache = BuildCache(tmp_path)
    with pytest.raises(ReviewError, match="not empty and no cache of ours"), cache.locked():
        pass
    with pytest.raises(ReviewError, match="not empty and no cache of ours"):
        cache.clear()


def test_two_builds_do_not_share_the_cache_at_once(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path / "cache")

    class Waits(Exception):
        pass

    def waits() -> None:
        raise Waits

    with cache.locked(), pytest.raises(Waits), cache.locked(waits):
        pass


def test_without_a_compiler_building_is_refused(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zonediff.review.tuxmake_command.shutil.which", lambda name, path: None)
    missing = "gcc and make not found: run `zonediff live doctor`"
    with pytest.raises(ReviewError, match=missing), opened():
        pass
