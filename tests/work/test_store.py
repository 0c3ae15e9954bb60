"""Stores as files: what is none is refused untouched, and nothing is there by half."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import pytest

from zonediff.work import store as module
from zonediff.work.store import APPLICATION_ID, StoreError, open_store, read_store

TABLE = "CREATE TABLE IF NOT EXISTS numbers (number INTEGER PRIMARY KEY)"


def test_what_is_written_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    for number in range(3):
        with open_store(path) as store:
            store.create([TABLE])
            with store.transaction():
                store.execute("INSERT INTO numbers VALUES (?)", [number])
    with closing(sqlite3.connect(path)) as database:
        assert list(database.execute("SELECT * FROM numbers")) == [(0,), (1,), (2,)]
        assert list(database.execute("PRAGMA application_id")) == [(APPLICATION_ID,)]
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    with open_store(tmp_path / "a.sqlite") as store:
        store.create([TABLE])
        with pytest.raises(KeyError), store.transaction():  # noqa: PT012
            store.execute("INSERT INTO numbers VALUES (1)")
            raise KeyError
        assert store.execute("SELECT * FROM numbers") == []


def test_other_files_are_no_stores(tmp_path: Path) -> None:
    text, foreign = tmp_path / "notes.txt", tmp_path / "foreign.sqlite"
    text.write_text("no database, but long enough to be taken for one\n" * 40)
    with closing(sqlite3.connect(foreign)) as database:
        database.execute("CREATE TABLE reserved (mine)")
    for file, message in (
        (text, "not a zonediff store: file is not"),
        (foreign, "not a zonediff store, but another"),
    ):
        before = file.read_bytes()
        with pytest.raises(StoreError, match=message), open_store(file):
            pass
        assert file.read_bytes() == before
    assert {*tmp_path.iterdir()} == {text, foreign}


def test_stores_of_another_version_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with open_store(path):
        pass
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    for use in (open_store, read_store):
        message = r"another version of zonediff \(its tables have version 99, not 1\)"
        with pytest.raises(StoreError, match=message), use(path):
            pass


@pytest.mark.parametrize("writable", [True, False])
def test_reading_leaves_all_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writable: bool
) -> None:
    monkeypatch.setattr(os, "access", lambda *about: writable)
    path = tmp_path / "a.sqlite"
    with open_store(path) as store:
        store.create([TABLE])
        store.execute("INSERT INTO numbers VALUES (1)")
        there = {*tmp_path.iterdir()}
        with store.transaction(), read_store(path) as reading:
            store.execute("INSERT INTO numbers VALUES (2)")
            assert reading.execute("SELECT * FROM numbers") == [(1,)]
        assert {*tmp_path.iterdir()} == there
    before = path.read_bytes()
    with read_store(path) as reading:
        assert reading.execute("SELECT * FROM numbers") == [(1,), (2,)]
    assert (path.read_bytes(), [*tmp_path.iterdir()]) == (before, [path])


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.touch()
    with open_store(path) as store:
        assert store.execute("SELECT * FROM reserved") == []


def test_what_is_no_plain_file_is_told(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe, Path(os.devnull)):
        for use in (open_store, read_store):
            message = "a store is a regular file, and this is not"
            with pytest.raises(StoreError, match=message), use(path):
                pass
    assert [*tmp_path.iterdir()] == [pipe]


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), open_store(tmp_path / "no" / "a.sqlite"):
        pass


def test_a_full_database_is_told_in_the_words_of_sqlite(tmp_path: Path) -> None:
    with open_store(tmp_path / "a.sqlite") as store:
        store.create([TABLE])
        store.execute("PRAGMA max_page_count = 5")
        with pytest.raises(StoreError, match=r"a\.sqlite: database or disk is full$"):  # noqa: SIM117
            with store.transaction():
                store.execute_many("INSERT INTO numbers VALUES (?)", ([n] for n in range(10_000)))
        assert store.execute("SELECT * FROM numbers") == []


def test_a_store_that_another_keeps_locked_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.sqlite"
    with open_store(path):
        pass
    monkeypatch.setattr(module, "PATIENCE", 0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            open_store(path) as store,
            pytest.raises(StoreError, match="another process has kept it locked"),
        ):
            store.create([TABLE])


def _open(path: Path, turn: int) -> None:
    with open_store(path.with_name(f"{turn}.sqlite")) as store:
        store.create([TABLE])
        with store.transaction():
            store.execute("INSERT INTO numbers SELECT count(*) FROM numbers")


def test_many_may_come_at_the_same_moment(tmp_path: Path) -> None:
    with get_context("forkserver").Pool(4) as pool:
        places = [(tmp_path / "a", turn) for turn in range(20) for _ in range(4)]
        pool.starmap(_open, places, chunksize=1)
    for turn in range(20):
        with closing(sqlite3.connect(tmp_path / f"{turn}.sqlite")) as database:
            assert list(database.execute("SELECT count(*) FROM numbers")) == [(4,)]
