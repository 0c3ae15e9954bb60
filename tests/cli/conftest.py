"""A small corpus, a variant of one's own, and the command to try them with."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zonediff.cli.main import cli

Zonediff = Callable[..., Result]
Process = Callable[..., "subprocess.CompletedProcess[str]"]

FIRST = """\
title: Movable from the first block on
why: a plain udev rule does this
machine: {nodes: [1G], dimms: [{id: dimm1, size: 1G}]}
steps:
  - online: {blocks: dimm1, value: online_movable, order: first-to-last}
goals:
  - {want: every block movable, blocks: dimm1, state: online, zone: Movable}
"""

KNOB = """\
title: The knob set to ${state}
why: user space relies on it
with: {state: [online, offline]}
machine: {nodes: [1G]}
steps:
  - write: {file: auto_online_blocks, value: "${state}"}
goals:
  - {want: the write succeeds, steps: ok}
"""

VARIANT = '''
"""A variant from outside."""

from zonediff.engine.memory import Zone
from zonediff.engine.rules import Decision, Rule
from zonediff.variants.upstream import Upstream

ALWAYS = Rule("mine.always", "zone_for_memory", "block {first} goes to Movable", "mm/mine.c")


class Mine(Upstream):
    """All new memory starts in Movable."""

    name = "mine"
    origin = "a test"

    def zone_of_new_memory(self, kernel, node, first, source):
        return Decision(Zone.MOVABLE, ALWAYS.because(first=first))


class Broken(Upstream):
    """Fails to say where new memory starts."""

    name = "broken"
    origin = "a test"

    def zone_of_new_memory(self, kernel, node, first, source):
        raise LookupError("no idea")


class Stopped(Upstream):
    """Ctrl-C is pressed while it runs."""

    name = "stopped"
    origin = "a test"

    def zone_of_new_memory(self, kernel, node, first, source):
        raise KeyboardInterrupt
'''


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    (folder / "ordering").mkdir(parents=True)
    (folder / "ordering" / "first.yaml").write_text(FIRST)
    (folder / "knob.yaml").write_text(KNOB)
    return folder


@pytest.fixture
def variant_file(tmp_path: Path) -> Path:
    file = tmp_path / "mine.py"
    file.write_text(VARIANT)
    return file


@pytest.fixture
def zonediff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zonediff:
    """The command in this process, in a folder of its own, without the second for recordings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("zonediff.compare.assemble.recorded_evidence", lambda names, registry: {})

    def call(*args: object) -> Result:
        return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="zonediff")

    return call


@pytest.fixture
def process(tmp_path: Path) -> Process:
    """The command in a process of its own, as a shell starts it."""

    def call(*args: object, **options: object) -> subprocess.CompletedProcess[str]:
        code = "from zonediff.cli.main import main; main()"
        return subprocess.run(  # type: ignore[call-overload, no-any-return]
            [sys.executable, "-c", code, *map(str, args)],
            **{"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 60, **options},
        )

    return call
