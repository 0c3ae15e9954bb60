"""How the runs of two revisions are started and ended."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import IO, Any

import pytest

from zonediff.compare.regress.outcomes import Request, Tree, outcomes


def test_nothing_is_left_when_a_run_cannot_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees = [Tree(name, tmp_path / name / "tree") for name in ("a", "b")]
    for tree in trees:
        tree.folder.mkdir(parents=True)
    started: list[subprocess.Popen[bytes]] = []
    logs: list[IO[bytes]] = []

    def first_only(args: list[str], *, stderr: IO[bytes], **options: Any) -> Any:
        logs.append(stderr)
        if started:
            raise BlockingIOError("no more processes")
        started.append(popen(args, stderr=stderr, **options))
        return started[0]

    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", first_only)
    with pytest.raises(BlockingIOError):
        outcomes(trees, Request(corpus=Path("corpus")))
    assert [log.closed for log in logs] == [True, True]
    assert started[0].returncode is not None
