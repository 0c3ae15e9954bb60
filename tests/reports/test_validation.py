"""What `zonediff validate` prints of replays."""

from __future__ import annotations

import json

from zonediff.reports.forms.validation import replays_json, replays_text
from zonediff.result.replays import FileReplay, Replay

INPUTS = ("step 2: block 33 holds unmovable pages", "step 2: block 34 holds unmovable pages")
REPLAYS = [
    FileReplay(
        "mine.jsonl",
        "6.12.117+deb12-cloud-amd64",
        "v6.12",
        "v6.1",
        (Replay("a", 14, 14, None, (*INPUTS, "step 9: block 33 holds unmovable pages")),),
    ),
    FileReplay("more.jsonl", "6.1.0-57", "v6.1", "v6.1", (Replay("b", 3, 3),)),
]


def test_the_model_that_was_replayed_is_named_and_chance_is_counted() -> None:
    text = replays_text(REPLAYS, ["uevents"])
    header, _, first, second, *_ = text.splitlines()
    assert header.split() == ["recording", "kernel", "model", "traces", "steps", "chance", "agree"]
    assert "6.12.117+deb12-c" in first
    assert "v6.1, not v6.12" in first
    assert first.split()[-4:] == ["14/14", "2", "100.0", "%"]
    assert "6.1.0-57" in text
    assert second
    assert text.endswith("agree: 17/17 steps in 2/2 traces; 2 steps had an input of chance\n")


def test_json_names_the_model_too() -> None:
    first, second = json.loads(replays_json(REPLAYS, []))["files"]
    assert (first["variant"], first["model"], first["chance_steps"]) == ("v6.12", "v6.1", 2)
    assert (second["variant"], second["model"], second["chance_steps"]) == ("v6.1", "v6.1", 0)
