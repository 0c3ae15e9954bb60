"""A small sweep, as a file and as a plan."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from zonediff.compare.sweep.frontier import frontiers
from zonediff.compare.sweep.plan import Sweep, load
from zonediff.result.frontiers import Frontier
from zonediff.variants.registry import Registry
from zonediff.work.store import open_store

TEXT = """\
title: A few machines
base: [128M, 192M]
added: {first: 1G, last: 8G, step: 1G}
variants: [upstream, igor-movable]
paths: [acpi, chunks]
onliners: [kernel, udev, nobody]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "few.yaml"
    path.write_text(TEXT)
    return path


@pytest.fixture
def sweep(file: Path) -> Sweep:
    return load(file, Registry())


def stored(store: Path, sweep: Sweep, registry: Registry, **options: Any) -> list[Frontier]:
    """The frontiers of a sweep that is kept in a file."""
    with open_store(store) as opened:
        return frontiers(sweep, registry, store=opened, **options)


Rows = Callable[[Path], list[tuple[object, ...]]]


@pytest.fixture
def rows() -> Rows:
    """Every point in a store, with all that is known of it."""
    return _rows


def _rows(store: Path) -> list[tuple[object, ...]]:
    if not store.exists():
        return []
    with closing(sqlite3.connect(store)) as database:
        if not list(database.execute("SELECT * FROM sqlite_master WHERE name = 'points'")):
            return []
        joined = "SELECT * FROM points JOIN rows ON row = key ORDER BY row, added"
        return list(database.execute(joined))
