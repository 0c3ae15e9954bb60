"""Result files and stores of strangers: refused with one message, or rendered in every form."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from zonediff.cli.main import cli
from zonediff.engine import bounds
from zonediff.result import files
from zonediff.result.files import ResultFileError, dumps, loads
from zonediff.result.packing import unpack

SCENARIO = "reproducer/online-movable-first-block"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("result") / "r.json"
    command = ("run", SCENARIO, "--variants", "igor-movable", "--explore", "-o", str(file))
    assert CliRunner().invoke(cli, command).exit_code in (0, 1)
    return file.read_text()


def message(text: str, change: Callable[[Any], object]) -> str:
    body = json.loads(text)
    change(body)
    with pytest.raises(ResultFileError) as raised:
        loads(json.dumps(body), "r")
    said = str(raised.value)
    assert said.startswith("r: not a valid result: ")
    return said.removeprefix("r: not a valid result: ")


def put(*way: str | int) -> Callable[[Any, object], None]:
    def change(body: Any, value: object) -> None:
        for part in way[:-1]:
            body = body[part]
        body[way[-1]] = value

    return change


BLOCKS = ("runs", 0, "trace", "boot", "blocks")


@pytest.mark.parametrize(
    ("change", "value", "says"),
    [
        (put(*BLOCKS), [[0, 2**63, None]], "with block numbers up to"),
        (put(*BLOCKS), [[0, bounds.BLOCK_NUMBER + 1, None]], "with block numbers up to"),
        (put(*BLOCKS), [[True, 2, None]], "with block numbers up to"),
        (put(*BLOCKS), [[0, 5, None], [5, 6, None]], "ranges of blocks that ascend"),
        (put("runs", 0, "goals", 0, "met"), [], "expected true or false"),
        (put("scenarios", 0, "title"), "\ud800", "U+D800, half of a character"),
        (put("runs", 0, "trace", "boot", "zones", "0/DMA"), [0, 2**64, 0], "at most 64 bits"),
        (put("seed"), 10**30, "at most 64 bits"),
        (put("scenarios", 0, "machine"), {"nodes": ["1G"]}, "has no 'dimms'"),
        (put("scenarios", 0, "machine", "nodes"), ["9" * 30], "a size of at most 52 bits"),
        (put("scenarios", 0, "machine", "nodes"), [], "a machine has 1 to 63 nodes"),
        (put("explorations", 0, "states"), [1], "does not count states of two variants"),
        (put("explorations", 0, "arena"), "a\x1b[31mb", "characters that cannot be printed"),
        (put("runs", 0, "goals"), [], "does not judge the goals of its scenario"),
        (put("runs", 0, "trace", "devices"), {"d": [5, 2]}, "blocks do not ascend"),
    ],
)
def test_what_does_not_fit(
    good: str, change: Callable[[Any, object], None], value: object, says: str
) -> None:
    assert says in message(good, lambda body: change(body, value))


def test_a_move_of_a_portrait_leads_to_a_state(good: str) -> None:
    def change(body: Any) -> None:
        names = [info["name"] for info in body["variants"]]
        body["portraits"] = [
            {
                "arena": "a", "about": "b", "level": "sysfs", "variants": names,
                "states": [["x"]], "moves": [{"source": 0, "target": 7, "do": "y"}],
            }
        ]  # fmt: skip

    assert "leads to a state that is not there" in message(good, change)


def test_the_last_block_that_a_result_can_name(good: str) -> None:
    body = json.loads(good)
    body["runs"][0]["trace"]["boot"]["blocks"] = [[0, bounds.BLOCK_NUMBER, None]]
    loads(json.dumps(body), "r")


def test_a_result_that_unpacks_to_much_more(good: str) -> None:
    reason = {"rule": "r", "function": "f", "text": "x" * 1_000_000}

    def change(body: Any) -> None:
        body["reasons"] = [reason]
        for run in body["runs"]:
            if "trace" in run:
                run["trace"]["boot_reasons"] = [0] * 100
                for step in run["trace"]["steps"]:
                    for act in step["acts"]:
                        act["reasons"] = []
        body["judgements"], body["explorations"] = [], []

    assert message(good, change) == "it unpacks to more than 32 times its size"


def test_a_file_that_is_too_large(
    tmp_path: Path, good: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "r.json"
    file.write_text(good)
    monkeypatch.setattr(files, "RESULT_BYTES", len(good.encode()))
    assert dumps(files.load(file))
    monkeypatch.setattr(files, "RESULT_BYTES", len(good.encode()) - 1)
    with pytest.raises(ResultFileError, match="larger than"):
        files.load(file)


def test_the_variant_of_a_series_is_no_markup(tmp_path: Path, good: str) -> None:
    body = json.loads(good)
    variant = "<img src=x onerror=alert(1)> [x](y)"
    body["series"] = [{"patches": [], "variant": variant, "baseline": "upstream"}]
    file = tmp_path / "r.json"
    file.write_text(json.dumps(body))
    done = CliRunner().invoke(cli, ["report", str(file), "--format", "markdown"])
    assert done.exit_code == 0
    assert "### Patches that \\<img src=x onerror=alert(1)> \\[x\\](y) models" in done.output


def test_numbers_of_64_bits(good: str) -> None:
    for number in (bounds.RESULT_NUMBER, -bounds.RESULT_NUMBER):
        assert loads(json.dumps({**json.loads(good), "seed": number}), "r").seed == number
    said = message(good, lambda body: body.update(seed=bounds.RESULT_NUMBER + 1))
    assert "expected a number of at most 64 bits" in said


def test_references_unpack_to_a_bounded_size() -> None:
    # A reason of 2,000 characters that is referred to as often as fits, and once more.
    reason = "x" * 1998
    often = bounds.UNPACKED_TIMES * bounds.UNPACKED_FROM // len(f'"{reason}"')
    body = {"reasons": [reason], "runs": [{"trace": {"boot_reasons": [0] * often}}]}
    unpack(json.loads(json.dumps(body)), 0)
    body["runs"] = [{"trace": {"boot_reasons": [0] * (often + 1)}}]
    with pytest.raises(ValueError, match=r"^it unpacks to more than 32 times its size$"):
        unpack(body, 0)


# --- stores ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda body: {**body, "variant": "v6.1"}, "it is of "),
        (lambda body: {**body, "goals": []}, "it does not judge the goals"),
        (lambda body: {**body, "goals": [7]}, "While structuring Run"),
        (lambda body: [body], "expected an object"),
        (lambda body: None, "expected an object"),
    ],
)
def test_a_stored_run_that_is_none(
    tmp_path: Path, change: Callable[[Any], object], says: str
) -> None:
    error = stored(tmp_path, lambda packed: _pack(change(json.loads(zlib.decompress(packed)))))
    assert f"is damaged ({says}" in error


def test_a_stored_run_is_read_up_to_its_bound(tmp_path: Path) -> None:
    def padded(size: int) -> Callable[[bytes], bytes]:
        return lambda packed: zlib.compress(zlib.decompress(packed).ljust(size))

    assert run_again(tmp_path, padded(bounds.STORED_BYTES)).exit_code == 0
    assert "unpacked it is larger than" in stored(tmp_path, padded(bounds.STORED_BYTES + 1))


def test_a_stored_run_that_unpacks_to_gigabytes(tmp_path: Path) -> None:
    bomb = zlib.compress(b"[" * (bounds.STORED_BYTES + 1), 9)
    assert "unpacked it is larger than" in stored(tmp_path, lambda _: bomb)
    assert "its end is missing" in stored(tmp_path, lambda packed: packed[:-9])
    deep = zlib.compress(b"[" * 100_000)
    assert "maximum recursion depth" in stored(tmp_path, lambda _: deep)


def _pack(body: object) -> bytes:
    return zlib.compress(json.dumps(body).encode())


def stored(tmp_path: Path, change: Callable[[bytes], bytes]) -> str:
    """The error of a run whose store has changed rows."""
    done = run_again(tmp_path, change)
    assert done.exit_code == 2
    assert done.output.count("\n") == 1
    return done.output


def run_again(tmp_path: Path, change: Callable[[bytes], bytes]) -> Result:
    """Run with a store whose rows were changed."""
    store = tmp_path / "s.sqlite"
    store.unlink(missing_ok=True)
    command = ("run", SCENARIO, "--variants", "igor-movable", "--store", str(store))
    assert CliRunner().invoke(cli, command).exit_code in (0, 1)
    with closing(sqlite3.connect(store, isolation_level=None)) as database:
        for key, body in database.execute("SELECT key, body FROM outcomes").fetchall():
            database.execute("UPDATE outcomes SET body = ? WHERE key = ?", (change(body), key))
    return CliRunner().invoke(cli, command)


def test_a_stored_sweep_that_is_none(tmp_path: Path) -> None:
    grid, store = tmp_path / "g.yaml", tmp_path / "s.sqlite"
    grid.write_text(
        "title: t\nbase: [128M]\nadded: [1G, 2G]\nvariants: [upstream]\npaths: [acpi]\n"
        "onliners: [kernel]\n"
    )
    command = ("sweep", str(grid), "--store", str(store))
    assert CliRunner().invoke(cli, command).exit_code == 0
    export = ("sweep", "export", str(store), "-o", str(tmp_path / "t.csv"))
    with closing(sqlite3.connect(store, isolation_level=None)) as database:
        database.execute("DELETE FROM points WHERE added > ?", (1 << 30,))
        done = CliRunner().invoke(cli, export)
        assert (done.exit_code, "its numbers do not fit its sizes" in done.output) == (2, True)
        database.execute("UPDATE rows SET free_kib = 'x'")
        assert CliRunner().invoke(cli, command).exit_code == 2
        database.execute("UPDATE sweep SET axes = '{}'")
        done = CliRunner().invoke(cli, export)
        assert (done.exit_code, "its sweep is damaged" in done.output) == (2, True)
