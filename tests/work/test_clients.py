"""Clients of a store: told apart while they live, and dead as soon as their process is."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.cluster import wait_for
from zonediff.work.clients import exclusive, is_alive, register_client

OTHER = """
import sys
from pathlib import Path
from zonediff.work.clients import register_client

with register_client(Path(sys.argv[1])) as number:
    print("is", number, file=sys.stderr, flush=True)
    sys.stdin.read()
"""


def test_clients_have_numbers_of_their_own(tmp_path: Path) -> None:
    store = tmp_path / "a.sqlite"
    with (
        register_client(store) as first,
        register_client(store) as second,
        register_client(tmp_path / "b.sqlite") as other,
    ):
        assert (first, second, other) == (1, 2, 1)
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
    with register_client(store) as number:
        assert number == 1
    assert list(tmp_path.iterdir()) == []


def test_a_store_is_the_same_by_any_name(tmp_path: Path) -> None:
    store, link = tmp_path / "a.sqlite", tmp_path / "link.sqlite"
    link.symlink_to(store)
    with register_client(store), register_client(link) as number:
        assert number == 2


def test_locks_of_others_on_the_folder_are_none_of_ours(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with exclusive(tmp_path / "a.sqlite"), register_client(tmp_path / "a.sqlite") as number:
        assert number == 1
    os.close(folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to any file")
def test_what_a_dead_client_of_another_user_left_is_in_nobodys_way(tmp_path: Path) -> None:
    store, left = tmp_path / "a.sqlite", tmp_path / "a.sqlite-client1"
    left.touch()
    left.chmod(0o444)
    with register_client(store) as number:
        assert number == 1
    assert not left.exists()


def test_what_dead_clients_left_goes_with_the_next(tmp_path: Path) -> None:
    store = tmp_path / "a[1].sqlite"
    for number in (2, 5):
        (tmp_path / f"a[1].sqlite-client{number}").touch()
    others = [tmp_path / "a[1].sqlite-client2.txt", tmp_path / "a1.sqlite-client3"]
    for other in others:
        other.touch()
    with register_client(store), register_client(store) as number:
        assert number == 2
    assert sorted(tmp_path.iterdir()) == sorted(others)


def _count(store: Path, turns: int) -> None:
    number = store.with_name("number")
    for _ in range(turns):
        with exclusive(store):
            number.write_text(str(int(number.read_text()) + 1))


def test_one_at_a_time_is_alone(tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("0")
    with get_context("forkserver").Pool(4) as pool:
        pool.starmap(_count, [(tmp_path / "a.sqlite", 200)] * 4, chunksize=1)
    assert number.read_text() == "800"
    assert list(tmp_path.iterdir()) == [number]


def _own(store: Path, folder: Path, turns: int) -> None:
    for _ in range(turns):
        with register_client(store) as number:
            mine = folder / str(number)
            os.close(os.open(mine, os.O_CREAT | os.O_EXCL))
            assert is_alive(store, number)
            mine.unlink()


def test_no_two_have_one_number(tmp_path: Path) -> None:
    numbers = tmp_path / "numbers"
    numbers.mkdir()
    with get_context("forkserver").Pool(4) as pool:
        pool.starmap(_own, [(tmp_path / "a.sqlite", numbers, 200)] * 4, chunksize=1)
    assert list(tmp_path.iterdir()) == [numbers]
