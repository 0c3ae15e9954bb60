"""Clients: the processes that work on a store. Each holds a lock, which ends with the process.

A client is a number. Client 2 holds a lock on the file `STORE-client2`. The kernel releases a lock
when its process ends, however it ends, so nobody waits for a dead client.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path


@contextmanager
def register_client(store: Path) -> Iterator[int]:
    """Hold a number, from 1 on, that no other client of the store holds. Raises OSError."""
    number, lock = next(
        (number, lock)
        for number in count(1)
        if (lock := _lock(_client_file(store, number), fcntl.LOCK_NB)) is not None
    )
    try:
        yield number
    finally:
        _release(_client_file(store, number), lock)
        with suppress(OSError):  # another user's file may have to stay
            for other in _numbers(store):
                is_alive(store, other)


def is_alive(store: Path, number: int) -> bool:
    """Return whether a client with this number is at work; the file of a dead one is removed."""
    file = _client_file(store, number)
    lock = _lock(file, fcntl.LOCK_NB)
    if lock is not None:
        _release(file, lock)
    return lock is None


@contextmanager
def exclusive(store: Path) -> Iterator[None]:
    """Let one process at a time do something to a store. Raises OSError."""
    file = _beside(store, "lock")
    lock = _lock(file)
    assert lock is not None
    try:
        yield
    finally:
        _release(file, lock)


def _client_file(store: Path, number: int) -> Path:
    return _beside(store, f"client{number}")


def _numbers(store: Path) -> list[int]:
    """Return the numbers of all clients that have a file, dead ones included."""
    file = store.resolve()
    pattern = re.compile(rf"{re.escape(file.name)}-client(\d+)")
    matches = (pattern.fullmatch(path.name) for path in file.parent.iterdir())
    return [int(match[1]) for match in matches if match]


def _beside(store: Path, suffix: str) -> Path:
    file = store.resolve()
    return file.with_name(f"{file.name}-{suffix}")


def _lock(path: Path, wait: int = 0) -> int | None:
    """Lock the file of this path; return its descriptor, which holds the lock while it is open.

    wait: LOCK_NB returns None when another process holds the lock; 0 waits for it.
    """
    while True:
        lock = _open(path)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | wait)
        except BlockingIOError:
            os.close(lock)
            return None
        if _is_same_file(path, lock):
            return lock
        os.close(lock)  # the previous holder has removed the file meanwhile


def _open(path: Path) -> int:
    """Open for reading, which is enough to lock: the file may belong to another user."""
    with suppress(FileNotFoundError):
        return os.open(path, os.O_RDONLY)
    return os.open(path, os.O_RDONLY | os.O_CREAT, 0o666)


def _is_same_file(path: Path, descriptor: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    return False


def _release(path: Path, lock: int) -> None:
    """Remove the file while it is locked, so that no two processes hold a lock each."""
    with suppress(OSError):  # another user's file may have to stay
        path.unlink()
    os.close(lock)
