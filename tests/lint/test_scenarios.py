"""`zonediff check` on scenarios: each lint, at its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SOUND = """\
title: a DIMM is wanted movable
why: a udev rule asks for it
machine: {nodes: [1G]}
steps:
  - plug: {id: dimm1, size: 256M}
  - online: {blocks: dimm1, value: online_movable, order: first-to-last}
goals:
  - {want: no write is refused, steps: ok}
"""


@pytest.fixture
def check(zonediff: Any, tmp_path: Path) -> Any:
    """Check one scenario of this text: the exit code, and the lines before the last."""

    def call(text: str) -> tuple[int, list[str]]:
        (tmp_path / "mine.yaml").write_text(text)
        result = zonediff("check", "mine.yaml")
        return result.exit_code, result.stdout.splitlines()[:-1] or result.stderr.splitlines()

    return call


def test_a_sound_scenario(check: Any, zonediff: Any) -> None:
    assert check(SOUND) == (0, [])
    assert zonediff("check", "mine.yaml").stdout == (
        "1 scenario file on 20 variants: no mistakes.\n"
    )


def test_the_numbers_of_nodes_are_printed_where_the_kernel_has_others(check: Any) -> None:
    assert check(SOUND.replace("[1G]", "[1G, 0, 1G]")) == (
        0,
        [
            "Note: mine: in the kernel's numbers, which goals use, node 0 is 0, node 1 is 2, "
            "node 2 is 1."
        ],
    )


def test_an_unknown_goal(check: Any) -> None:
    code, lines = check(SOUND.replace("steps: ok", "stepps: ok"))
    assert code == 2
    assert lines[0].startswith("Error: mine.yaml:8:33: goals[0].stepps: unknown goal 'stepps'")


def test_a_goal_that_no_variant_fails(check: Any) -> None:
    text = SOUND + "  - {want: the DIMM appears, step: 1, result: ok}\n"
    assert check(text) == (
        1,
        [
            "mine.yaml:9:5: goals[1]: no variant ever fails 'the DIMM appears': ask for more, or "
            "add `control: true` if every kernel should meet it"
        ],
    )
    assert check(text.replace("result: ok}", "result: ok, control: true}")) == (0, [])


def test_a_step_that_no_variant_reaches(check: Any) -> None:
    # The memmap of 16G is 256M: more than there is.
    text = SOUND.replace("[1G]", "[256M]").replace("size: 256M", "size: 16G")
    code, lines = check(text)
    assert code == 1
    assert "mine.yaml:6:5: steps[1]: is never reached: every variant dies before it" in lines


def test_a_step_that_does_nothing(check: Any) -> None:
    text = SOUND.replace("goals:", "  - udev: {value: online}\n  - udev: {value: online}\ngoals:")
    code, lines = check(text)
    assert code == 1
    assert lines == [
        "mine.yaml:8:5: steps[3]: does nothing on any variant: it has no block or event to work on"
    ]


def test_a_scenario_that_tells_no_two_variants_apart(check: Any) -> None:
    text = """\
title: nothing is done
why: no reason
machine: {nodes: [1G]}
steps:
  - read: {file: block_size_bytes}
goals:
  - {want: it can be read, step: 1, result: ok%s}
"""
    code, lines = check(text % "")
    assert code == 1
    assert lines[0].startswith("mine.yaml:1:1: has the same outcome on all variants")
    assert check(text % ", control: true") == (0, [])


def test_a_family_is_judged_as_a_whole(check: Any) -> None:
    family = SOUND.replace("machine:", "with: {value: [online, online_movable]}\nmachine:")
    assert check(family.replace("value: online_movable", 'value: "${value}"')) == (0, [])


def test_a_marker_that_is_no_truth(check: Any) -> None:
    code, lines = check(SOUND.replace("steps: ok", "steps: ok, control: maybe"))
    assert code == 2
    assert "goals[0].control: expected true or false" in lines[0]


def test_the_shipped_corpus_passes(zonediff: Any) -> None:
    result = zonediff("check")
    note, summary = result.stdout.splitlines()
    assert "because dax and virtio-mem devices are modelled from v6.12 on" in note
    assert (result.exit_code, "no mistakes" in summary) == (0, True)
