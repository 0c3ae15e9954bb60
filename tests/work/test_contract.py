"""What workers and the command have to agree on."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from zonediff.variants.registry import Registry, VariantFile
from zonediff.work import contract
from zonediff.work.contract import (
    Mismatch,
    WorkerContract,
    describe_differences,
    run_chunk,
    versions,
)

MINE = b'''
from zonediff.variants.upstream import Upstream


class Mine(Upstream):
    """As upstream."""

    name = "mine"
    origin = "a test"
'''


def _names(registry: Registry, item: str) -> str:
    return registry.model(item).name


def test_a_variant_file_reaches_a_process_that_does_not_have_it(tmp_path: Path) -> None:
    gone = VariantFile(tmp_path / "mine.py", MINE)
    agreed = pickle.loads(pickle.dumps(WorkerContract.of_this_process((gone,))))
    assert run_chunk(agreed, _names, ["mine", "v6.1"], 60.0)[0] == ["mine", "v6.1"]


def test_a_chunk_ends_when_its_time_is_over() -> None:
    assert run_chunk(WorkerContract.of_this_process(), _names, ["v6.1", "v4.14"], 0.0)[0] == [
        "v6.1"
    ]


@pytest.mark.parametrize(
    "what", ["Python", "zonediff", "the sources of zonediff", "simpy", "the variant files"]
)
def test_a_difference_is_told(tmp_path: Path, what: str) -> None:
    file = VariantFile(tmp_path / "mine.py", MINE)
    ours = {**versions([file]), what: "other"}
    theirs = versions([file])
    message = f"{what} {theirs[what]} instead of other"
    assert describe_differences(ours, theirs) == message
    with pytest.raises(Mismatch, match=f"^a worker has {message}: install the same"):
        run_chunk(WorkerContract((file,), (), tuple(ours.items())), _names, ["mine"], 1.0)


def test_the_same_versions_do_not_differ() -> None:
    assert describe_differences(versions([]), versions([])) is None


def test_the_digest_is_of_every_source(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    original = Path.read_bytes

    def record(path: Path) -> bytes:
        read.append(path)
        return original(path)

    monkeypatch.setattr(Path, "read_bytes", record)
    contract._sources.__wrapped__()
    assert {path.parent.name for path in read} >= {"engine", "variants", "corpus", "sweep"}
    assert "agent.sh" in {path.name for path in read}
