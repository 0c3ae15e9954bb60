"""`run --seeds` and `explore --random` with a store: whatever ends them, they go on from there.

And end as if nothing was: with the output, and the outcomes in the store, of an undisturbed run.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.cluster import Cluster, wait_for
from tests.trap import Trap, end

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

COMMANDS = {
    "run": (
        *("run", "pressure/help-by-chance", "pressure/udev-in-a-hurry", "pressure/slow-listener"),
        *("--variants", "waits", "--seeds", "8"),
    ),
    "explore": ("explore", "waits", "v4.13", "--level", "results", "--random", "60"),
}


UNDISTURBED: dict[tuple[str, ...], tuple[tuple[int, str], dict[str, bytes]]] = {}
"""Exit code, output and outcomes of commands that nobody disturbs."""


class Runs(Trap):
    """A command in whose midst one worker gets stuck."""

    def __init__(self, folder: Path, command: tuple[str, ...]) -> None:
        super().__init__(folder)
        self.command = command
        if command not in UNDISTURBED:
            store = folder / "whole.sqlite"
            UNDISTURBED[command] = end(self.run(store))[:2], outcomes(store)
        self.expected, self.whole = UNDISTURBED[command]
        self.set()

    def run(self, store: Path, *options: str) -> subprocess.Popen[str]:
        return self.start(*self.command, "--store", store, *options)


@pytest.fixture(params=COMMANDS)
def trap(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Runs]:
    found = Runs(tmp_path, COMMANDS[request.param])
    yield found
    found.close()


def outcomes(store: Path) -> dict[str, bytes]:
    """Every outcome in a store, by what it is one of."""
    with closing(sqlite3.connect(store)) as database:
        found = list(database.execute("SELECT what, body FROM outcomes"))
    assert len(dict(found)) == len(found)
    return dict(found)


def test_a_killed_client_goes_on_where_it_stopped(
    trap: Runs, cluster: Cluster, tmp_path: Path
) -> None:
    store = tmp_path / "store.sqlite"
    client = trap.run(store, "--scheduler", cluster.address)
    stuck = trap.caught()
    client.kill()
    client.communicate()
    os.kill(stuck, signal.SIGKILL)  # it would wait for ever, for a client that is gone
    kept = outcomes(store)
    assert len(kept) < len(trap.whole)
    assert end(trap.run(store, "--scheduler", cluster.address))[:2] == trap.expected
    assert kept.items() <= outcomes(store).items()
    assert outcomes(store) == trap.whole


def test_a_killed_scheduler_is_told_and_gone_on_from(trap: Runs, tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"
    doomed = Cluster(tmp_path)
    try:
        client = trap.run(store, "--scheduler", doomed.address)
        trap.caught()
        doomed.scheduler.kill()
        lost = f"Error: {doomed.address}: the connection to the scheduler was lost; "
        assert end(client) == (4, "", f"{lost}{store} has what was done\n")
    finally:
        doomed.close()
    kept = outcomes(store)
    assert len(kept) < len(trap.whole)
    assert end(trap.run(store, "--jobs", "2"))[:2] == trap.expected
    assert kept.items() <= outcomes(store).items()
    assert outcomes(store) == trap.whole


def test_two_clients_at_once_share_the_work(trap: Runs, cluster: Cluster, tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"
    clients = [trap.run(store, "--scheduler", cluster.address) for _ in range(2)]
    os.kill(trap.caught(), signal.SIGKILL)
    with ThreadPoolExecutor(2) as pool:
        ends = [found[:2] for found in pool.map(end, clients)]
    assert ends == [trap.expected] * 2
    assert outcomes(store) == trap.whole


def test_what_a_killed_client_had_under_way_another_does(
    trap: Runs, cluster: Cluster, tmp_path: Path
) -> None:
    store = tmp_path / "store.sqlite"
    first = trap.run(store, "--scheduler", cluster.address)
    stuck = trap.caught()
    second = trap.run(store)
    wait_for(f"Waiting for what others are doing for {store}", second.stderr)
    first.kill()
    os.kill(stuck, signal.SIGKILL)
    assert end(second)[:2] == trap.expected
    assert outcomes(store) == trap.whole
