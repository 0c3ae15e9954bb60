"""Scenarios and variants in a folder of their own, and the command to check them with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from zonediff.cli.main import cli


@pytest.fixture
def zonediff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*args: object) -> Result:
        return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="zonediff")

    return call
