"""Sweeps on a real cluster, parts of which are killed: the store ends as if nothing was."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cluster import Cluster, wait_for
from tests.sweep.conftest import Rows
from tests.trap import Trap, end

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")


class Sweeps(Trap):
    """A sweep of 24 rows, half of them of a variant with which one worker gets stuck."""

    def __init__(self, folder: Path, file: Path) -> None:
        super().__init__(folder)
        self.file = file
        file.write_text(file.read_text().replace("igor-movable", "waits"))
        self.whole = folder / "whole.sqlite"
        assert end(self.sweep(self.whole))[0] == 0
        self.set()

    def sweep(self, store: Path, *options: str) -> subprocess.Popen[str]:
        return self.start("sweep", self.file, "--store", store, *options)


@pytest.fixture
def trap(tmp_path: Path, file: Path) -> Iterator[Sweeps]:
    found = Sweeps(tmp_path, file)
    yield found
    found.close()


def test_a_killed_worker_loses_nothing(
    trap: Sweeps, cluster: Cluster, tmp_path: Path, rows: Rows
) -> None:
    store = tmp_path / "store.sqlite"
    sweep = trap.sweep(store, "--scheduler", cluster.address)
    os.kill(trap.caught(), signal.SIGKILL)
    code, out, err = end(sweep)
    assert (code, err) == (0, "")
    assert rows(store) == rows(trap.whole)
    assert out == end(trap.sweep(store))[1]


def test_a_worker_that_is_not_heard_of_any_more_loses_nothing(
    trap: Sweeps, tmp_path: Path, rows: Rows
) -> None:
    store = tmp_path / "store.sqlite"
    impatient = Cluster(tmp_path, env={"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "1s"})
    try:
        sweep = trap.sweep(store, "--scheduler", impatient.address)
        os.kill(trap.caught(), signal.SIGSTOP)
        assert end(sweep)[0] == 0
    finally:
        impatient.close()
    assert rows(store) == rows(trap.whole)


def test_a_killed_client_goes_on_where_it_stopped(
    trap: Sweeps, cluster: Cluster, tmp_path: Path, rows: Rows
) -> None:
    store = tmp_path / "store.sqlite"
    sweep = trap.sweep(store, "--scheduler", cluster.address)
    stuck = trap.caught()
    sweep.kill()
    sweep.communicate()
    os.kill(stuck, signal.SIGKILL)  # it would wait for ever, for a client that is gone
    kept = rows(store)
    assert 0 < len(kept) < len(rows(trap.whole))
    assert end(trap.sweep(store, "--scheduler", cluster.address))[0] == 0
    assert set(kept) <= set(rows(store))
    assert rows(store) == rows(trap.whole)


def test_two_clients_at_once_share_the_work(
    trap: Sweeps, cluster: Cluster, tmp_path: Path, rows: Rows
) -> None:
    store = tmp_path / "store.sqlite"
    clients = [trap.sweep(store, "--scheduler", cluster.address) for _ in range(2)]
    os.kill(trap.caught(), signal.SIGKILL)
    with ThreadPoolExecutor(2) as pool:
        (one, first, _), (two, second, _) = pool.map(end, clients)
    assert (one, two) == (0, 0)
    assert first == second == end(trap.sweep(store))[1]
    assert rows(store) == rows(trap.whole)


def test_what_a_killed_client_had_under_way_another_does(
    trap: Sweeps, cluster: Cluster, tmp_path: Path, rows: Rows
) -> None:
    store = tmp_path / "store.sqlite"
    first = trap.sweep(store, "--scheduler", cluster.address)
    stuck = trap.caught()
    second = trap.sweep(store)
    waits = f"Waiting for what others are doing for {store}"
    wait_for(waits, second.stderr)
    kept = rows(store)
    assert 0 < len(kept) < len(rows(trap.whole))
    first.kill()
    os.kill(stuck, signal.SIGKILL)
    assert end(second)[0] == 0
    assert set(kept) <= set(rows(store))
    assert rows(store) == rows(trap.whole)
    assert end(trap.sweep(store))[0] == 0
    assert list(tmp_path.glob("store*")) == [store], "nothing is left of the dead"


def test_ctrl_c_ends_a_cluster_of_its_own(trap: Sweeps, tmp_path: Path, rows: Rows) -> None:
    store = tmp_path / "store.sqlite"
    sweep = trap.sweep(store, "--scheduler", "local", "--jobs", "2")
    trap.caught()
    os.killpg(sweep.pid, signal.SIGINT)  # as a terminal does: to the workers as well
    assert end(sweep) == (130, "", f"Interrupted; {store} has what was done.\n")
    assert 0 < len(rows(store)) < len(rows(trap.whole))


def test_a_killed_scheduler_is_told_and_gone_on_from(
    trap: Sweeps, cluster: Cluster, tmp_path: Path, rows: Rows
) -> None:
    store = tmp_path / "store.sqlite"
    sweep = trap.sweep(store, "--scheduler", cluster.address)
    trap.caught()
    cluster.scheduler.kill()
    code, out, err = end(sweep)
    lost = f"Error: {cluster.address}: the connection to the scheduler was lost; "
    assert (code, out, err) == (4, "", f"{lost}{store} has what was done\n")
    kept = rows(store)
    assert 0 < len(kept) < len(rows(trap.whole))
    other = Cluster(cluster.folder, workers=1)
    try:
        assert end(trap.sweep(store, "--scheduler", other.address))[0] == 0
    finally:
        other.close()
    assert set(kept) <= set(rows(store))
    assert rows(store) == rows(trap.whole)
