"""A thousand malformed inputs of each kind: each has a documented answer, in time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.harness import fuzz
from tests.fuzz.kinds import kinds

KINDS = kinds(Path())


@pytest.mark.parametrize("first", range(0, 1000, 250))
@pytest.mark.parametrize("name", KINDS)
def test_malformed_inputs(
    name: str, first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tally = fuzz(kinds(tmp_path)[name], 250, 0, tmp_path, first=first)
    assert tally.failures == {}
