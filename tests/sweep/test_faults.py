"""Sweeps on a real cluster, parts of which are killed: the store ends as if nothing was."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from tests.cluster import SECONDS, Cluster, wait_for
from tests.sweep.conftest import Rows

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

WAITS = '''
import os
import threading

from zonediff.variants.upstream import Upstream


class Waits(Upstream):
    """As upstream; but whoever is the first to add memory tells so, and waits for ever."""

    name = "waits"
    origin = "a test"

    def zone_of_new_memory(self, kernel, node, first, source):
        try:
            os.unlink({gate!r})
        except FileNotFoundError:
            return super().zone_of_new_memory(kernel, node, first, source)
        with open({told!r}, "w") as told:
            told.write(f"{{os.getpid()}} waits\\n")
        threading.Event().wait()
'''


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    found = Cluster(tmp_path_factory.mktemp("dask"))
    yield found
    found.close()


@pytest.fixture
def cluster(shared: Cluster) -> Cluster:
    """With two workers, whatever a test before did to them."""
    shared.mend(2)
    return shared


class Trap:
    """A sweep of 24 rows, half of them of a variant with which one worker gets stuck."""

    def __init__(self, folder: Path, file: Path) -> None:
        self.file = file
        file.write_text(file.read_text().replace("igor-movable", "waits"))
        self.gate, told = folder / "gate", folder / "told"
        os.mkfifo(told)
        self.told = open(os.open(told, os.O_RDWR))  # noqa: PTH123, SIM115
        self.variant = folder / "waits.py"
        self.variant.write_text(WAITS.format(gate=str(self.gate), told=str(told)))
        self.sweeps: list[subprocess.Popen[str]] = []
        self.whole = folder / "whole.sqlite"
        assert end(self.sweep(self.whole))[0] == 0
        self.gate.touch()

    def sweep(self, store: Path, *options: str) -> subprocess.Popen[str]:
        """`zonediff sweep` as a process."""
        started = subprocess.Popen(
            [
                *(sys.executable, "-c", "from zonediff.cli.main import main; main()", "sweep"),
                *(self.file, "--store", store, "--variant-file", self.variant, *options),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.sweeps.append(started)
        return started

    def caught(self) -> int:
        """The process that is stuck, as soon as one is."""
        return int(wait_for(r"(\d+) waits", self.told))


@pytest.fixture
def trap(tmp_path: Path, file: Path) -> Iterator[Trap]:
    found = Trap(tmp_path, file)
    yield found
    found.told.close()
    for process in found.sweeps:
        process.kill()
        process.communicate()


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, output, and errors beside the link to the dashboard.

    It returns when the workers are gone as well: they hold the other end of the output.
    """
    out, err = process.communicate(timeout=SECONDS)
    return process.returncode, out, re.sub(r"^Dask dashboard: http://\S+/status\n", "", err)


def test_a_killed_worker_loses_nothing(
    trap: Trap, cluster: Cluster, tmp_path: Path, rows: Rows
) -> None:
    store = tmp_path / "store.sqlite"
    sweep = trap.sweep(store, "--scheduler", cluster.address)
    os.kill(trap.caught(), signal.SIGKILL)
    code, out, err = end(sweep)
    assert (code, err) == (0, "")
    assert rows(store) == rows(trap.whole)
    assert out == end(trap.sweep(store))[1]


def test_a_killed_client_goes_on_where_it_stopped(
    trap: Trap, cluster: Cluster, tmp_path: Path, rows: Rows
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


def test_of_two_clients_at_once_one_is_refused_and_disturbs_nothing(
    trap: Trap, cluster: Cluster, tmp_path: Path, rows: Rows
) -> None:
    store = tmp_path / "store.sqlite"
    clients = [trap.sweep(store, "--scheduler", cluster.address) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        ends = {pool.submit(end, client) for client in clients}
        done, others = wait(ends, SECONDS, FIRST_COMPLETED)
        refused = f"Error: {store}: another sweep is at work on it\n"
        assert [future.result() for future in done] == [(2, "", refused)]
        os.kill(trap.caught(), signal.SIGKILL)
        assert [future.result()[0] for future in others] == [0]
    assert rows(store) == rows(trap.whole)


def test_ctrl_c_ends_a_cluster_of_its_own(trap: Trap, tmp_path: Path, rows: Rows) -> None:
    store = tmp_path / "store.sqlite"
    sweep = trap.sweep(store, "--scheduler", "local", "--jobs", "2")
    trap.caught()
    os.killpg(sweep.pid, signal.SIGINT)  # as a terminal does: to the workers as well
    assert end(sweep) == (130, "", f"Interrupted; {store} has what was done.\n")
    assert 0 < len(rows(store)) < len(rows(trap.whole))


def test_a_killed_scheduler_is_told_and_gone_on_from(
    trap: Trap, cluster: Cluster, tmp_path: Path, rows: Rows
) -> None:
    store = tmp_path / "store.sqlite"
    sweep = trap.sweep(store, "--scheduler", cluster.address)
    trap.caught()
    cluster.scheduler.kill()
    code, out, err = end(sweep)
    lost = f"Error: {cluster.address}: the connection to the scheduler was lost\n"
    assert (code, out, err) == (4, "", lost)
    kept = rows(store)
    assert 0 < len(kept) < len(rows(trap.whole))
    other = Cluster(cluster.folder, workers=1)
    try:
        assert end(trap.sweep(store, "--scheduler", other.address))[0] == 0
    finally:
        other.close()
    assert set(kept) <= set(rows(store))
    assert rows(store) == rows(trap.whole)
