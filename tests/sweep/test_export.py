"""`zonediff sweep export`: a store as a table."""

from __future__ import annotations

import csv
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.sweep.conftest import stored
from zonediff.cli.main import cli
from zonediff.compare.sweep.plan import Sweep
from zonediff.variants.registry import Registry
from zonediff.work.store import open_store


def zonediff(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(item) for item in arguments], prog_name="zonediff")


@pytest.fixture
def store(sweep: Sweep, tmp_path: Path) -> Path:
    path = tmp_path / "store.sqlite"
    stored(path, sweep, Registry())
    return path


def test_csv_has_every_point(store: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    done = zonediff("sweep", "export", store, "-o", output)
    assert (done.exit_code, done.output) == (0, f"wrote {output}: 192 points\n")
    lines = output.read_text().splitlines()
    assert len(lines) == 193
    assert lines[:5] == [
        "variant,path,onliner,base,added,state,free_kib,least_kib,died_at,inferred",
        "upstream,acpi,kernel,134217728,1073741824,ok,51468,35004,,0",
        "upstream,acpi,kernel,134217728,2147483648,tight,51468,18540,,0",
        "upstream,acpi,kernel,134217728,3221225472,tight,51468,2076,,0",
        "upstream,acpi,kernel,134217728,4294967296,dies,51468,51468,1,0",
    ]


def test_parquet_has_the_same(store: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `cluster` is not installed")
    for name in ("out.csv", "out.parquet"):
        assert zonediff("sweep", "export", store, "-o", tmp_path / name).exit_code == 0
    table = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    with (tmp_path / "out.csv").open() as file:
        lines = list(csv.DictReader(file))
    for point in table:
        point["inferred"] = int(point["inferred"])
    shown = [
        {name: "" if value is None else str(value) for name, value in point.items()}
        for point in table
    ]
    assert shown == lines


def test_what_was_inferred_says_so(sweep: Sweep, file: Path, tmp_path: Path) -> None:
    store, output = tmp_path / "store.sqlite", tmp_path / "out.csv"
    file.write_text(file.read_text().replace("step: 1G", "step: 128M"))
    done = zonediff("sweep", file, "--adaptive", "--store", store)
    last = done.output.splitlines()[-1]
    assert last == (
        "444 of 696 machines stand behind this picture; inferred from those around: 252 points."
    )
    assert zonediff("sweep", "export", store, "-o", output).exit_code == 0
    with output.open() as lines:
        inferred = [line for line in csv.DictReader(lines) if line["inferred"] == "1"]
    assert len(inferred) == 252
    assert {(line["least_kib"], line["died_at"]) for line in inferred} == {("", "")}


def test_a_sweep_that_is_not_done_says_so(store: Path, sweep: Sweep, tmp_path: Path) -> None:
    with closing(sqlite3.connect(store)) as database, database:
        small = f"base = {sweep.base[0]}"
        database.execute(f"DELETE FROM points WHERE row IN (SELECT key FROM rows WHERE {small})")
        database.execute(f"DELETE FROM rows WHERE {small}")
        database.execute("UPDATE points SET row = 'old' || row")
        database.execute("UPDATE rows SET key = 'old' || key")
    done = zonediff("sweep", "export", store, "-o", tmp_path / "out.csv")
    assert done.output.splitlines() == [
        f"wrote {tmp_path / 'out.csv'}: 0 points",
        "not done yet: 192 points",
        "left out, as other code made them: 12 rows",
    ]


def test_mistakes_are_told(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = zonediff("sweep", "export", store, "-o", tmp_path / "out.xlsx")
    assert done.exit_code == 2
    assert "expected a name that ends in .csv or .parquet" in done.output
    missing = tmp_path / "none.sqlite"
    done = zonediff("sweep", "export", missing, "-o", tmp_path / "out.csv")
    assert (done.exit_code, done.output) == (2, f"Error: {missing}: no such file\n")
    text = tmp_path / "notes.txt"
    text.write_text("no database, but long enough to be taken for one\n" * 40)
    done = zonediff("sweep", "export", text, "-o", tmp_path / "out.csv")
    assert (done.exit_code, not (tmp_path / "out.csv").exists()) == (2, True)
    assert f"Error: {text}: not a zonediff store" in done.output
    empty, other = tmp_path / "empty.sqlite", tmp_path / "other.sqlite"
    empty.touch()
    with open_store(other):
        pass
    damaged = tmp_path / "damaged.sqlite"
    damaged.write_bytes(store.read_bytes())
    with closing(sqlite3.connect(damaged)) as database, database:
        database.execute("""UPDATE sweep SET axes = '{"base": 5}'""")
    for file, message in (
        (damaged, "its sweep is damaged; name another --store, or delete this one"),
        (tmp_path, "a store is a regular file, and this is not"),
        (empty, "not a zonediff store, but an empty file"),
        (other, "this store has no sweep"),
        (tmp_path / "none.sqlite", "no such file"),
    ):
        before = file.read_bytes() if file.is_file() else None
        done = zonediff("sweep", "export", file, "-o", tmp_path / "out.csv")
        assert (done.exit_code, done.output) == (2, f"Error: {file}: {message}\n")
        assert (file.read_bytes() if file.is_file() else None) == before
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = zonediff("sweep", "export", store, "-o", tmp_path / "out.parquet")
    assert done.exit_code == 2
    assert "pip install 'zonediff[cluster]', or write .csv" in done.output
