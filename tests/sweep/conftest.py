"""A small sweep, as a file and as a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from zonediff.compare.sweep.plan import Sweep, load
from zonediff.variants.registry import Registry

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
