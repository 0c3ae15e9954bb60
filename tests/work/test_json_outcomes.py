"""Outcomes of each kind in a store: read as they were written, and known by what they depend on."""

from __future__ import annotations

import importlib
import sqlite3
import zlib
from contextlib import closing
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from zonediff.compare import runs
from zonediff.compare.run import run
from zonediff.compare.runs import Runs, SeedRange, WorkItem
from zonediff.corpus.loader import load
from zonediff.corpus.scenario import Scenario
from zonediff.explore import walk_batch, walks
from zonediff.explore.arena import STANDARD
from zonediff.explore.kinds import Witness
from zonediff.explore.walk_tables import PACKAGES
from zonediff.result.judgements import Run
from zonediff.result.result import Result
from zonediff.variants.registry import Registry
from zonediff.work import contract, dependencies
from zonediff.work.fingerprint import fingerprint
from zonediff.work.pool import InProcess
from zonediff.work.store import StoreError, open_store

WHERE = "pressure/help-by-chance"


def stored(path: Path, scenarios: list[Scenario], seeds: int, registry: Registry) -> Result:
    with open_store(path) as store:
        return run(scenarios, ["v4.14"], registry=registry, seeds=seeds, store=store)


def refuse(registry: Registry, item: WorkItem) -> Run:
    raise AssertionError(f"{item} is done again")


def test_every_run_of_the_corpus_is_read_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, scenarios, registry = tmp_path / "a.sqlite", load(), Registry()
    expected = stored(path, scenarios, 1, registry)
    monkeypatch.setattr("zonediff.compare.run.work", refuse)
    assert stored(path, scenarios, 1, registry) == expected


def test_more_seeds_do_not_do_old_ones_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "SEEDS_AT_ONCE", 4)
    path, scenarios, registry = tmp_path / "a.sqlite", load([WHERE]), Registry()
    done: list[SeedRange] = []
    work = runs.work

    def noting(registry: Registry, item: WorkItem) -> Run:
        done.append(item.cell.seeds)
        return work(registry, item)

    monkeypatch.setattr("zonediff.compare.run.work", noting)
    stored(path, scenarios, 8, registry)
    assert {(seeds.first, seeds.number) for seeds in done} == {(0, 4), (4, 4)}
    done.clear()
    more = stored(path, scenarios, 13, registry)
    assert {(seeds.first, seeds.number) for seeds in done} == {(8, 4), (12, 1)}
    monkeypatch.undo()
    assert more == run(scenarios, ["v4.14"], registry=registry, seeds=13)


def test_failures_are_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "fails.py"
    file.write_text(FAILS)
    registry = Registry([file])
    with open_store(tmp_path / "a.sqlite") as store:
        for _ in range(2):
            result = run(load([WHERE]), ["fails"], registry=registry, store=store)
            assert {item.status for item in result.runs if item.variant == "fails"} == {"error"}
        assert {what for (what,) in store.execute("SELECT what FROM outcomes")} == {
            f"run of {WHERE}[knob={knob}] on upstream" for knob in ("offline", "online")
        }


FAILS = """
from zonediff.variants.upstream import Upstream


class Fails(Upstream):
    '''Divides by nothing.'''

    name = "fails"
    origin = "a test"

    def memmap_kib(self, kernel, blocks):
        return 1 // 0
"""


def test_a_run_is_known_by_all_that_it_depends_on(tmp_path: Path) -> None:
    scenario, *_ = load([WHERE])
    file = tmp_path / "mine.py"
    file.write_text(FAILS.replace("fails", "mine"))
    with open_store(tmp_path / "a.sqlite") as store:
        first = WorkItem(0, runs.Cell(scenario, "mine", SeedRange(0, 8, True)), True)
        others = [
            first._replace(keeps_trace=False),
            first._replace(cell=first.cell._replace(variant="upstream")),
            first._replace(cell=first.cell._replace(seeds=SeedRange(1, 8, True))),
            first._replace(cell=first.cell._replace(seeds=SeedRange(0, 9, True))),
            first._replace(cell=first.cell._replace(seeds=SeedRange(0, 8))),
            first._replace(cell=first.cell._replace(scenario=replace(scenario, hash="another"))),
            first._replace(cell=first.cell._replace(scenario=replace(scenario, id="another"))),
        ]
        table = Runs(store, Registry([file]))
        keys = [table.key(item) for item in (first, *others)]
        file.write_text(file.read_text() + "# changed\n")
        keys.append(Runs(store, Registry([file])).key(first))
        assert len({*keys}) == len(keys)
        assert table.key(first._replace(cell_index=5)) == keys[0], "its place does not matter"


def test_what_is_damaged_is_told(tmp_path: Path) -> None:
    path, scenarios = tmp_path / "a.sqlite", load([WHERE])
    stored(path, scenarios, 1, Registry())
    for body in (b"no zlib", zlib.compress(b"no JSON"), zlib.compress(b"{}"), zlib.compress(b"5")):
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE outcomes SET body = ?", [body])
        with pytest.raises(StoreError, match=r"a\.sqlite: the stored run of .* is damaged"):
            stored(path, scenarios, 1, Registry())


def test_a_store_whose_damage_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE a (b)")
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_master SET name = CAST(x'ff' AS TEXT), sql = 'CREATE'")
    with pytest.raises(StoreError, match=r"a\.sqlite: not a zonediff store: it holds damaged text"):
        stored(path, load([WHERE]), 1, Registry())


def test_a_stored_run_that_is_no_text_is_told(tmp_path: Path) -> None:
    path, scenarios = tmp_path / "a.sqlite", load([WHERE])
    stored(path, scenarios, 1, Registry())
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE outcomes SET body = CAST(x'ff' AS TEXT)")
    with pytest.raises(StoreError, match=r"a\.sqlite: not a zonediff store: it holds damaged text"):
        stored(path, scenarios, 1, Registry())


def test_walks_are_not_walked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry()
    policies = registry.model("upstream").policy, registry.model("v4.13").policy
    arena = STANDARD["one-dimm"]
    pool = InProcess(registry)
    expected = walks.walk(policies, arena, walks=30, seed=3, level="results")
    assert expected
    with open_store(tmp_path / "a.sqlite") as store:

        def walked(seed: int) -> list[Witness]:
            return walks.walk(
                policies, arena, walks=30, seed=seed, level="results", pool=pool, store=store
            )

        assert walked(3) == expected
        monkeypatch.setattr(walk_batch, "find_walk", lambda *arguments: pytest.fail("walks again"))
        assert walked(3) == expected
        with pytest.raises(pytest.fail.Exception, match="walks again"):
            walked(4)


def test_the_fingerprint_is_of_what_workers_agree_on(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint()
    monkeypatch.setattr("platform.python_version_tuple", lambda: ("3", "99", "0"))
    assert fingerprint() != before


def test_the_fingerprint_is_of_the_packages_that_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(), fingerprint(packages=PACKAGES)
    version = metadata.version
    for name, same in (("hypothesis", True), ("simpy", False)):
        monkeypatch.setattr(metadata, "version", lambda of, name=name: of == name or version(of))
        contract._version.cache_clear()
        assert (fingerprint() == before[0]) is same
        assert fingerprint(packages=PACKAGES) != before[1]
    contract._version.cache_clear()


def test_the_fingerprint_is_of_these_variants() -> None:
    registry = Registry()
    first, second = (registry.model(name).policy for name in ("upstream", "v4.13"))
    actual = [fingerprint(), fingerprint(first), fingerprint(second), fingerprint(first, second)]
    assert len({*actual}) == len(actual)


_MINE = """
from zonediff.variants.upstream import Upstream

class Mine(Upstream):
    "Mine."

    name = "{name}"

    def knob_at_boot(self, machine):
        return "{knob}"
"""


def _variant_file(path: Path, name: str, knob: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(_MINE.format(name=name, knob=knob))
    return path


def test_the_fingerprint_tells_files_of_the_same_name_apart(tmp_path: Path) -> None:
    first = _variant_file(tmp_path / "a" / "v.py", "one", "online")
    second = _variant_file(tmp_path / "b" / "v.py", "two", "online")
    before = fingerprint(Registry([first, second]).model("one").policy)
    _variant_file(first, "one", "offline")
    assert fingerprint(Registry([first, second]).model("one").policy) != before


def test_the_fingerprint_is_of_the_file_that_was_loaded(tmp_path: Path) -> None:
    file = _variant_file(tmp_path / "v.py", "one", "online")
    registry = Registry([file])
    before = fingerprint(registry.model("one").policy)
    _variant_file(file, "one", "offline")
    assert fingerprint(registry.model("one").policy) == before


def test_the_fingerprint_is_of_what_a_file_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    helper, file = tmp_path / "zonediff_test_helper.py", tmp_path / "v.py"
    helper.write_text("ANSWER = 1")
    _variant_file(file, "one", "online")
    file.write_text(f"{file.read_text()}\n        import {helper.stem}\n")
    first = Registry([file]).model("one").policy
    before = fingerprint(first)
    assert fingerprint(first) == before
    helper.write_text("ANSWER = 2")
    with pytest.raises(dependencies.ModuleChanged):
        fingerprint(first)
    monkeypatch.setattr(dependencies, "_first_read", {})  # another process
    assert fingerprint(first) != before


def test_the_fingerprint_is_of_the_whole_package_of_an_installed_variant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "zonediff_test_package"
    package.mkdir()
    (package / "tables.py").write_text("")
    _variant_file(package / "variants.py", "one", "online")
    monkeypatch.syspath_prepend(tmp_path)
    policy = importlib.import_module(f"{package.name}.variants").Mine()
    before = fingerprint(policy)
    assert fingerprint(policy) == before
    (package / "tables.py").write_text("SIZE = 128")
    monkeypatch.setattr(dependencies, "_first_read", {})
    assert fingerprint(policy) != before
