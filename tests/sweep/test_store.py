"""A sweep that is killed goes on where it stopped, and ends as if nothing had happened."""

from __future__ import annotations

import random
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sweep.conftest import Rows, stored
from zonediff.compare.sweep.frontier import frontiers
from zonediff.compare.sweep.plan import Sweep
from zonediff.compare.sweep.work import SweepError
from zonediff.variants.registry import Registry
from zonediff.work.fingerprint import fingerprint
from zonediff.work.open_pool import open_pool
from zonediff.work.store import StoreError

# Alone, the process ends itself at one of its function calls, by number: that may be anywhere,
# between two statements of a transaction too, and is the same place each time. With workers, which
# are never equally quick, it ends when it has counted rows as done so often.
DRIVER = """
import os, signal, sys
from pathlib import Path
from zonediff.work.store import open_store
from zonediff.compare.sweep.frontier import frontiers
from zonediff.compare.sweep.plan import load
from zonediff.work.open_pool import open_pool
from zonediff.variants.registry import Registry

def main():
    file, store, jobs, last = sys.argv[1:]
    registry = Registry()
    sweep = load(Path(file), registry)
    calls = 0

    def count(*about):
        nonlocal calls
        calls += 1
        if calls == int(last):
            os.kill(os.getpid(), signal.SIGKILL)

    if jobs == "1":
        sys.setprofile(count)
        with open_store(Path(store)) as opened:
            frontiers(sweep, registry, store=opened)
        sys.setprofile(None)
    else:
        with open_store(Path(store)) as opened, open_pool(registry, int(jobs)) as pool:
            frontiers(sweep, registry, store=opened, pool=pool, progress=count)
    print(calls)

if __name__ == "__main__":
    main()
"""


def drive(file: Path, store: Path, jobs: int = 1, last: int = 0) -> tuple[int, str]:
    """Exit code and output of a sweep in a process of its own, killed at its call `last`.

    It returns when the workers are gone as well: they hold the other end of the output.
    """
    driver = file.with_name("driver.py")
    driver.write_text(DRIVER)
    done = subprocess.run(
        [sys.executable, driver, file, store, str(jobs), str(last)],
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(("jobs", "kills"), [(1, 10), (2, 2)])
def test_a_sweep_killed_at_random_moments(
    file: Path, sweep: Sweep, tmp_path: Path, jobs: int, kills: int, rows: Rows
) -> None:
    whole, store = tmp_path / "whole.sqlite", tmp_path / "killed.sqlite"
    calls, idle = (int(drive(file, whole, jobs)[1]) for _ in range(2))
    # Each run is killed before it does more than its share of the work.
    latest = idle + (calls - idle) // (kills + 1)
    moments = random.Random(20170306)
    seen: list[tuple[object, ...]] = []
    for _ in range(kills):
        code, _ = drive(file, store, jobs, moments.randrange(1, latest) if jobs == 1 else 2)
        assert code == -9
        kept = rows(store)
        assert set(seen) <= set(kept)
        assert jobs == 1 or len(kept) > len(seen)
        seen = kept
    counts: list[int] = []
    actual = stored(store, sweep, Registry(), progress=lambda done, all: counts.append(done))
    assert counts[0] == len(seen), "what was kept is not done again"
    assert actual == frontiers(sweep, Registry())
    assert rows(store) == rows(whole)
    assert len(rows(store)) == len(list(sweep.rows())) * len(sweep.added)


def test_processes_find_the_same_as_one(sweep: Sweep) -> None:
    with open_pool(Registry(), 2) as pool:
        assert frontiers(sweep, Registry(), pool=pool) == frontiers(sweep, Registry())


def test_a_whole_store_leaves_nothing_to_do(sweep: Sweep, tmp_path: Path) -> None:
    store = tmp_path / "a.sqlite"
    first = stored(store, sweep, Registry())
    counts: list[tuple[int, int]] = []
    again = stored(store, sweep, Registry(), progress=lambda done, all: counts.append((done, all)))
    assert again == first
    assert counts == [(192, 192)]


def test_the_store_of_another_sweep_is_refused(sweep: Sweep, tmp_path: Path) -> None:
    store = tmp_path / "a.sqlite"
    stored(store, sweep, Registry())
    stored(store, replace(sweep, title="other words"), Registry())
    with pytest.raises(StoreError, match=r"holds the outcomes of another sweep, .* in base;"):
        stored(store, replace(sweep, base=sweep.base[:1]), Registry())


@pytest.mark.parametrize("axes", ["no JSON", "[]", '{"base": 5}'])
def test_a_damaged_sweep_is_told(sweep: Sweep, tmp_path: Path, axes: str) -> None:
    store = tmp_path / "a.sqlite"
    stored(store, sweep, Registry())
    with closing(sqlite3.connect(store)) as database, database:
        database.execute("UPDATE sweep SET axes = ?", [axes])
    with pytest.raises(StoreError, match=r"a\.sqlite: its sweep is damaged; name another"):
        stored(store, sweep, Registry())


MINE = """
from zonediff.variants.upstream import Upstream

class Mine(Upstream):
    '''As upstream.'''
    name = "mine"
    origin = "a test"
"""


def test_a_changed_variant_is_done_again(sweep: Sweep, tmp_path: Path) -> None:
    file, store = tmp_path / "mine.py", tmp_path / "a.sqlite"
    file.write_text(MINE)
    registry = Registry([file])
    mine = replace(sweep, variants=("upstream", "mine"))
    before = fingerprint(registry.model("mine").policy)
    first = stored(store, mine, registry)
    file.write_text(MINE + "    def memmap_kib(self, kernel, blocks):\n        return 0\n")
    registry = Registry([file])
    assert fingerprint(registry.model("mine").policy) != before
    counts: list[int] = []
    again = stored(store, mine, registry, progress=lambda done, all: counts.append(done))
    assert counts[0] == 96, "upstream is as it was"
    assert again[: len(again) // 2] == first[: len(first) // 2]
    assert None not in again[-1].rows[0].least_kib


@pytest.mark.parametrize(("body", "said"), [("return 1 // 0", "ZeroDiv"), ("exit(0)", "SystemE")])
def test_a_variant_that_fails(sweep: Sweep, tmp_path: Path, body: str, said: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(f"{MINE}    def memmap_kib(self, kernel, blocks):\n        {body}\n")
    broken = replace(sweep, variants=("mine",))
    with pytest.raises(SweepError, match=rf"^mine with 128M, acpi, kernel: .*mine\.py:9: {said}"):
        frontiers(broken, Registry([file]))


LIMITED = """
import resource, sys
from zonediff.cli.main import main

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
main()
"""


def test_a_full_disk_is_told_and_gone_on_from(
    file: Path, sweep: Sweep, tmp_path: Path, rows: Rows
) -> None:
    whole, store = tmp_path / "whole.sqlite", tmp_path / "store.sqlite"
    expected = stored(whole, sweep, Registry())
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, "60000", "sweep", file, "--store", store],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(
        rf"Error: {store}: (database or disk is full|disk I/O error)\n", done.stderr
    )
    kept = rows(store)
    assert 0 < len(kept) < len(rows(whole))
    assert stored(store, sweep, Registry()) == expected
    assert rows(store) == rows(whole)
