"""Which processes are at work on a store: each holds a lock, which ends with it however it ends.

A client is a number, and the lock of number 2 is that of the file `STORE-client2`. The kernel
takes a lock back when its process is gone, so nobody is waited for who is dead.
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
def client(store: Path) -> Iterator[int]:
    """A number, from 1 on, that no other client of the store has meanwhile. Raises OSError."""
    number, lock = next(
        (number, lock)
        for number in count(1)
        if (lock := _lock(_file(store, number), fcntl.LOCK_NB)) is not None
    )
    try:
        yield number
    finally:
        _give_up(_file(store, number), lock)
        with suppress(OSError):  # what is another user's may have to stay
            for other in _numbers(store):
                is_alive(store, other)


def is_alive(store: Path, number: int) -> bool:
    """Whether a client of this number is at work; nothing is left of one that is not."""
    file = _file(store, number)
    lock = _lock(file, fcntl.LOCK_NB)
    if lock is not None:
        _give_up(file, lock)
    return lock is None


@contextmanager
def alone(store: Path) -> Iterator[None]:
    """Let one process at a time do something to a store. Raises OSError."""
    file = _beside(store, "lock")
    lock = _lock(file)
    assert lock is not None
    try:
        yield
    finally:
        _give_up(file, lock)


def _file(store: Path, number: int) -> Path:
    return _beside(store, f"client{number}")


def _numbers(store: Path) -> list[int]:
    """Of all clients that have a file, also of dead ones."""
    file = store.resolve()
    pattern = re.compile(rf"{re.escape(file.name)}-client(\d+)")
    found = (pattern.fullmatch(path.name) for path in file.parent.iterdir())
    return [int(match[1]) for match in found if match]


def _beside(store: Path, what: str) -> Path:
    file = store.resolve()
    return file.with_name(f"{file.name}-{what}")


def _lock(path: Path, wait: int = 0) -> int | None:
    """A descriptor of the file at a place, which is locked as long as it is open.

    wait: LOCK_NB to be given None when another has it.
    """
    while True:
        lock = _open(path)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | wait)
        except BlockingIOError:
            os.close(lock)
            return None
        if _is_at(path, lock):
            return lock
        os.close(lock)  # whoever had it before has removed it meanwhile


def _open(path: Path) -> int:
    """For reading, which is enough: it may be what another user's process has left behind."""
    with suppress(FileNotFoundError):
        return os.open(path, os.O_RDONLY)
    return os.open(path, os.O_RDONLY | os.O_CREAT, 0o666)


def _is_at(path: Path, descriptor: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    return False


def _give_up(path: Path, lock: int) -> None:
    """Remove the file while it is locked, so that no two processes have a lock each."""
    with suppress(OSError):  # another user's file may have to stay
        path.unlink()
    os.close(lock)
