"""Clients of a store: told apart while they live, and dead as soon as their process is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.cluster import wait_for
from zonediff.compare.kept.clients import client, is_alive

OTHER = """
import sys
from pathlib import Path
from zonediff.compare.kept.clients import client

with client(Path(sys.argv[1])) as number:
    print("is", number, file=sys.stderr, flush=True)
    sys.stdin.read()
"""


def test_clients_have_numbers_of_their_own(tmp_path: Path) -> None:
    store = tmp_path / "a.sqlite"
    with client(store) as one, client(store) as two, client(tmp_path / "b.sqlite") as other:
        assert (one, two, other) == (1, 2, 1)
        assert [is_alive(store, number) for number in (1, 2, 3)] == [True, True, False]
    assert not is_alive(store, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_client_is_dead(tmp_path: Path) -> None:
    store = tmp_path / "a.sqlite"
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, store],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as other:
        assert wait_for(r"is (\d)", other.stderr) == "1"
        assert is_alive(store, 1)
        other.kill()
    assert not is_alive(store, 1)
    with client(store) as number:
        assert number == 1
    assert list(tmp_path.iterdir()) == []


def test_a_store_is_the_same_by_any_name(tmp_path: Path) -> None:
    store, link = tmp_path / "a.sqlite", tmp_path / "link.sqlite"
    link.symlink_to(store)
    with client(store), client(link) as number:
        assert number == 2
