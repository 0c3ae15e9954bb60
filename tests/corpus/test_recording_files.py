"""Recordings of strangers are checked before they are used, with their line and key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zonediff.corpus import recording
from zonediff.corpus.recording import RecordingError, read

TRACE: dict[str, Any] = json.loads(
    (recording.SHIPPED / "v4.10.jsonl").read_text(encoding="utf-8").partition("\n")[0]
)


def message(path: Path, trace: object) -> str:
    path.write_text(json.dumps(trace))
    with pytest.raises(RecordingError) as raised:
        list(read(path))
    return str(raised.value).removeprefix(f"{path}:")


def put(*way: str | int) -> Callable[[object], dict[str, Any]]:
    """Return what makes a copy of the trace with a value at this place."""

    def with_value(value: object) -> dict[str, Any]:
        trace: Any = json.loads(json.dumps(TRACE))
        place = trace
        for part in way[:-1]:
            place = place[part]
        place[way[-1]] = value
        return trace  # type: ignore[no-any-return]

    return with_value


@pytest.mark.parametrize("trace", [[], None, 7, "x", {}, [[]]])
def test_what_is_no_trace(tmp_path: Path, trace: object) -> None:
    said = message(tmp_path / "x.jsonl", trace)
    assert said in ("1: expected an object", "1: id: is missing (and 6 more)")


@pytest.mark.parametrize(
    ("change", "value", "says"),
    [
        (put("id"), 7, "id: expected one line of text"),
        (put("kernel"), "4\x1b[31m", "kernel: expected one line of text"),
        (put("variant"), "\ud800", "variant: expected one line of text"),
        (put("machine"), [], "machine: expected an object"),
        (put("machine", "nodes"), ["1000000P"], "machine.nodes[0]: 0x"),
        (put("machine", "nodes"), [None], "machine.nodes[0]: expected a size"),
        (put("machine", "nodes"), [], "machine.nodes: a machine has 1 to 63 nodes"),
        (put("machine", "dimms"), {}, "machine.dimms: expected a list"),
        (put("machine", "dimms"), [{"id": "d", "size": "7", "node": 0}], "machine.dimms[0].size"),
        (put("machine", "dimms"), [{"id": "d"}], "machine.dimms[0].size: is missing (and 1 more)"),
        (put("config"), {"MOVABLE_NODE": "x"}, "config.MOVABLE_NODE: expected true or false"),
        (put("boot"), None, "boot: expected an object"),
        (put("boot", "blocks"), [], "boot.blocks: expected an object"),
        (put("boot", "blocks"), {"x": {}}, "boot.blocks.x: expected the number of a memory block"),
        (put("boot", "blocks"), {"524288": {}}, "boot.blocks.524288: expected the number of a"),
        (put("boot", "blocks"), {"0": 7}, "boot.blocks.0: expected an object"),
        (put("boot", "blocks"), {"0": {"state": 7}}, "boot.blocks.0.state: expected one line"),
        (put("boot", "blocks"), {"0": {"node": "0"}}, "boot.blocks.0.node: expected a whole"),
        (put("boot", "blocks"), {"0": {"x": "0"}}, "boot.blocks.0.x: unknown key; expected state"),
        (put("boot", "zones"), {"0": {}}, "boot.zones.0: expected node/Zone such as 0/Movable"),
        (put("boot", "zones"), {"0/DMA": {}}, "boot.zones.0/DMA.spanned: is missing (and 1 more)"),
        (put("boot", "zones", "0/DMA", "present"), 2**64, "boot.zones.0/DMA.present: expected a"),
        (put("boot", "nodes"), {"online": 7}, "boot.nodes.online: expected one line of text"),
        (put("boot", "auto_online_blocks"), [], "boot.auto_online_blocks: expected one line"),
        (put("steps"), "x", "steps: expected a list"),
        (put("steps", 0), {}, "steps[0].do: is missing (and 2 more)"),
        (put("steps", 0, "do"), {"write": {"file": 7}}, "steps[0].do.write.file: expected text"),
        (put("steps", 0, "do"), {"jump": {}}, "steps[0].do.jump: unknown step 'jump'"),
        (put("steps", 0, "do"), {"online": {"blocks": "32"}}, "steps[0].do.online: stands for"),
        (
            put("steps", 0, "do"),
            {"write": {"file": "memory1x/state", "value": "x"}},
            "steps[0].do.write.file: expected a path below",
        ),
        (put("steps", 0, "do"), {"plug": {"id": "d", "size": "0"}}, "steps[0].do.plug.size: 0: a"),
        (put("steps", 0, "result"), 7, "steps[0].result: expected one line of text"),
        (put("steps", 0, "changed"), [], "steps[0].changed: expected an object"),
    ],
)
def test_a_value_of_another_kind(
    tmp_path: Path, change: Callable[[object], dict[str, Any]], value: object, says: str
) -> None:
    assert message(tmp_path / "x.jsonl", change(value)).startswith(f"1: {says}")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"[" * 100_000, "1: nested too deeply"),
        (b'{"a": NaN}', "1: NaN is not a number in JSON"),
        (b"9" * 5000, "1: Exceeds the limit (4300 digits) for integer string conversion"),
        (b"\xff", "1:1: not a text file: invalid start byte"),
        (b"{}\n{", "1: id: is missing"),
        (b"\n", "1:1: Expecting value"),
    ],
)
def test_text_that_is_no_json(tmp_path: Path, text: bytes, says: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(text)
    with pytest.raises(RecordingError) as raised:
        list(read(path))
    assert str(raised.value).startswith(f"{path}:{says}")


def test_bounds_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = json.dumps(TRACE) + "\n"
    path = tmp_path / "x.jsonl"
    path.write_text(line * 2)
    monkeypatch.setattr(recording, "RECORDINGS", 2)
    assert len(list(read(path))) == 2
    monkeypatch.setattr(recording, "RECORDINGS", 1)
    with pytest.raises(RecordingError, match="more than 1 recordings in one file"):
        list(read(path))
    monkeypatch.setattr(recording, "RECORDINGS", 2)
    monkeypatch.setattr(recording, "RECORDING_BYTES", len(line) * 2)
    assert len(list(read(path))) == 2
    monkeypatch.setattr(recording, "RECORDING_BYTES", len(line) * 2 - 1)
    with pytest.raises(RecordingError, match=r"x\.jsonl: larger than \d+ bytes"):
        list(read(path))
