"""Work on a real cluster, parts of which are killed, frozen or interrupted.

However it ends, the same command goes on from there, and ends as if nothing was: with the output,
and the outcomes in the store, of an undisturbed one, each once.
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
from typing import Final

import pytest

from tests.cluster import Cluster, wait_for
from tests.trap import Trap, end

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

SWEEP: Final = """
title: A few points
base: [128M, 1G]
added: {first: 1G, last: 4G, step: 1G}
variants: [upstream, waits]
paths: [acpi, chunks]
onliners: [kernel, udev, nobody]
"""

COMMANDS: Final = {
    "sweep": ("sweep", "SWEEP"),
    "run": (
        *("run", "pressure/help-by-chance", "pressure/udev-in-a-hurry", "pressure/slow-listener"),
        *("--variants", "waits", "--seeds", "8"),
    ),
    "explore": ("explore", "waits", "v4.13", "--level", "results", "--random", "60"),
}

_BODIES: Final = "SELECT what, body FROM outcomes"
_POINTS: Final = (
    "SELECT format('%s %s %s %d %d', variant, path, onliner, base, added), "
    "format('%d %d %d', died_at, least_kib, free_kib) FROM points JOIN rows ON row = key"
)

JsonOutcomes = dict[str, object]

UNDISTURBED: Final[dict[str, tuple[tuple[int, str], JsonOutcomes]]] = {}
"""Exit code, output and outcomes of commands that nobody disturbs."""


class Command(Trap):
    """A command in whose midst one worker gets stuck; code, out, whole: of an undisturbed one."""

    def __init__(self, folder: Path, kind: str) -> None:
        super().__init__(folder)
        self.kind = kind
        self.file = folder / "few.yaml"
        self.file.write_text(SWEEP)
        if kind not in UNDISTURBED:
            store = folder / "whole.sqlite"
            UNDISTURBED[kind] = end(self.on(store))[:2], self.outcomes(store)
        (self.code, self.out), self.whole = UNDISTURBED[kind]
        self.set()

    def on(self, store: Path, *options: str) -> subprocess.Popen[str]:
        """The command with a store."""
        words = [str(self.file) if word == "SWEEP" else word for word in COMMANDS[self.kind]]
        return self.start(*words, "--store", store, *options)

    def outcomes(self, store: Path) -> JsonOutcomes:
        """Every outcome in a store, by what it is one of."""
        with closing(sqlite3.connect(store)) as database:
            rows = list(database.execute(_POINTS if self.kind == "sweep" else _BODIES))
        assert len(dict(rows)) == len(rows), "each once"
        return dict(rows)

    def part(self, store: Path) -> JsonOutcomes:
        """What a store has that has not all."""
        rows = self.outcomes(store)
        assert len(rows) < len(self.whole)
        assert rows.items() <= self.whole.items()
        return rows

    def ends_well(self, store: Path, *options: str) -> None:
        """Have it go on from what there is in the store."""
        assert end(self.on(store, *options))[:2] == (self.code, self.out)
        assert self.outcomes(store) == self.whole
        assert [*store.parent.glob(f"{store.name}*")] == [store], "nothing is left of the dead"


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Command]:
    process = Command(tmp_path, request.param)
    yield process
    process.close()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


def test_a_killed_worker_loses_nothing(command: Command, cluster: Cluster, store: Path) -> None:
    client = command.on(store, "--scheduler", cluster.address)
    os.kill(command.caught(), signal.SIGKILL)
    assert end(client)[:2] == (command.code, command.out)
    assert command.outcomes(store) == command.whole


@pytest.mark.parametrize("command", ["sweep"], indirect=True)
def test_a_worker_that_is_not_heard_of_any_more_loses_nothing(
    command: Command, store: Path, tmp_path: Path
) -> None:
    impatient = Cluster(tmp_path, env={"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "1s"})
    try:
        client = command.on(store, "--scheduler", impatient.address)
        os.kill(command.caught(), signal.SIGSTOP)
        assert end(client)[:2] == (command.code, command.out)
    finally:
        impatient.close()
    assert command.outcomes(store) == command.whole


def test_a_killed_client_goes_on_where_it_stopped(
    command: Command, cluster: Cluster, store: Path
) -> None:
    client = command.on(store, "--scheduler", cluster.address)
    stuck = command.caught()
    client.kill()
    client.communicate()
    os.kill(stuck, signal.SIGKILL)  # it would wait for ever, for a client that is gone
    command.part(store)
    command.ends_well(store, "--scheduler", cluster.address)


def test_a_killed_scheduler_is_told_and_gone_on_from(
    command: Command, store: Path, tmp_path: Path
) -> None:
    doomed = Cluster(tmp_path)
    try:
        client = command.on(store, "--scheduler", doomed.address)
        command.caught()
        doomed.scheduler.kill()
        lost = f"Error: {doomed.address}: the connection to the scheduler was lost; "
        assert end(client) == (4, "", f"{lost}{store} has what was done\n")
    finally:
        doomed.close()
    command.part(store)
    command.ends_well(store, "--jobs", "2")


def test_ctrl_c_ends_a_cluster_of_its_own(command: Command, store: Path) -> None:
    client = command.on(store, "--scheduler", "local", "--jobs", "2")
    command.caught()
    os.killpg(client.pid, signal.SIGINT)  # as a terminal does: to the workers as well
    code, out, err = end(client)
    assert (code, err) == (130, f"Interrupted; {store} has what was done.\n")
    assert ("INTERRUPTED" in out) is (command.kind == "run")
    command.part(store)
    command.ends_well(store)


def test_two_clients_at_once_share_the_work(
    command: Command, cluster: Cluster, store: Path
) -> None:
    clients = [command.on(store, "--scheduler", cluster.address) for _ in range(2)]
    os.kill(command.caught(), signal.SIGKILL)
    with ThreadPoolExecutor(2) as pool:
        ends = [actual[:2] for actual in pool.map(end, clients)]
    assert ends == [(command.code, command.out)] * 2
    assert command.outcomes(store) == command.whole


def test_what_a_killed_client_had_under_way_another_does(
    command: Command, cluster: Cluster, store: Path
) -> None:
    first = command.on(store, "--scheduler", cluster.address)
    stuck = command.caught()
    second = command.on(store)
    wait_for(f"Waiting for what others are doing for {store}", second.stderr)
    command.part(store)
    first.kill()
    os.kill(stuck, signal.SIGKILL)
    assert end(second)[:2] == (command.code, command.out)
    command.ends_well(store)
