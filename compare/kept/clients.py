"""Which processes are at work on a store: each holds a lock, which ends with it however it ends.

A client is a number, and the lock of number 2 is that of the file `STORE-client2`. The kernel
takes a lock back when its process is gone, so nobody is waited for who is dead.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path


@contextmanager
def client(store: Path) -> Iterator[int]:
    """A number, from 1 on, that no other client of the store has meanwhile. Raises OSError."""
    with alone(store):
        number, lock = next(
            (number, lock)
            for number in count(1)
            if (lock := _lock(_file(store, number), os.O_CREAT)) is not None
        )
    try:
        yield number
    finally:
        with alone(store):
            _file(store, number).unlink(missing_ok=True)
            os.close(lock)


def is_alive(store: Path, number: int) -> bool:
    """Whether a client of this number is at work."""
    try:
        lock = _lock(_file(store, number))
    except FileNotFoundError:
        return False
    if lock is not None:
        os.close(lock)
    return lock is None


@contextmanager
def alone(store: Path) -> Iterator[None]:
    """Let one process at a time do something to stores in this folder. Raises OSError."""
    folder = os.open(store.resolve().parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _file(store: Path, number: int) -> Path:
    file = store.resolve()
    return file.with_name(f"{file.name}-client{number}")


def _lock(path: Path, flags: int = 0) -> int | None:
    """A descriptor of the file, which is locked as long as it is open; None when another has it."""
    lock = os.open(path, os.O_RDWR | flags, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
