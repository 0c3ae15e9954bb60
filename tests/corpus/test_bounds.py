"""The bounds of files: each is read at its limit, and refused with one message beyond it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zonediff.compare.sweep import plan
from zonediff.corpus.arithmetic import parse
from zonediff.corpus.claim_files import read_claim
from zonediff.corpus.families import members
from zonediff.corpus.loader import load
from zonediff.corpus.positions import read_document
from zonediff.corpus.problems import ScenarioError, closest
from zonediff.engine import bounds
from zonediff.engine.units import SECTION, format_size
from zonediff.variants.registry import Registry

BASE = """\
title: t
why: y
machine: {nodes: [32G], physical_bits: 46}
goals:
  - {want: w, blocks: 0, state: online}
"""


@pytest.fixture
def problems(tmp_path: Path) -> Callable[[str], list[str]]:
    def problems(text: str) -> list[str]:
        file = tmp_path / "x.yaml"
        file.write_text(text)
        try:
            load([file])
        except ScenarioError as error:
            return [line.removeprefix(f"{file}:") for line in str(error).splitlines()]
        return []

    return problems


def steps(*texts: str) -> str:
    return BASE + "steps:\n" + "".join(f"  - {text}\n" for text in texts)


def plugs(count: int) -> list[str]:
    return [f"plug: {{id: d{number}, size: 128M}}" for number in range(count)]


def write(number: int) -> str:
    return f"write: {{file: memory{number % 8}/state, value: online}}"


def test_bytes(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("a: " + "x" * (bounds.FILE_BYTES - 3))
    assert read_document(file).problems == []
    file.write_text("a: " + "x" * (bounds.FILE_BYTES - 2))
    with pytest.raises(ScenarioError, match=f"x.yaml:1:1: larger than {bounds.FILE_BYTES} bytes$"):
        read_document(file)


def test_depth(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("[" * bounds.FILE_DEPTH + "]" * bounds.FILE_DEPTH)
    assert read_document(file).problems == []
    file.write_text("[" * (bounds.FILE_DEPTH + 1) + "]" * (bounds.FILE_DEPTH + 1))
    with pytest.raises(ScenarioError, match="nested more than 16 levels deep"):
        read_document(file)


def test_values(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(f"[{'a,' * (bounds.FILE_VALUES - 1)}]")
    assert read_document(file).problems == []
    file.write_text(f"[{'a,' * bounds.FILE_VALUES}]")
    with pytest.raises(ScenarioError, match=r":1:100000: \[49999\]: more than 50000 values"):
        read_document(file)


def test_steps(problems: Callable[[str], list[str]]) -> None:
    assert problems(steps(*map(write, range(bounds.STEPS)))) == []
    assert problems(steps(*map(write, range(bounds.STEPS + 1)))) == [
        "6:1: steps: 1025 steps; expected at most 1024"
    ]


def test_goals(problems: Callable[[str], list[str]]) -> None:
    goals = [f"  - {{want: w{n}, blocks: 0, state: online}}\n" for n in range(bounds.GOALS)]
    assert problems(BASE + "".join(goals[1:])) == []
    assert problems(BASE + "".join(goals)) == ["4:1: goals: 1025 goals; expected at most 1024"]


def test_devices(problems: Callable[[str], list[str]]) -> None:
    half = bounds.DEVICES // 2
    dimms = ", ".join(f"{{id: m{number}, size: 128M}}" for number in range(half))
    text = steps(*plugs(half)).replace("physical_bits", f"dimms: [{dimms}], physical_bits")
    assert problems(text) == []
    more = text.replace("dimms: [", "dimms: [{id: more, size: 128M}, ")
    assert problems(more) == [
        f"{6 + half}:11: steps[{half - 1}].plug: adds more devices than a scenario can have: "
        "expected at most 2048"
    ]
    many = ", ".join(f"{{id: m{number}, size: 128M}}" for number in range(bounds.DEVICES + 1))
    assert problems(BASE.replace("physical_bits", f"dimms: [{many}], physical_bits")) == [
        "3:25: machine.dimms: expected at most 2048 dimms"
    ]


@pytest.mark.parametrize("platform", ["kvm", "hyperv", "xen"])
def test_acts(problems: Callable[[str], list[str]], platform: str) -> None:
    add = {"kvm": "plug", "hyperv": "hyperv_add", "xen": "xen_add"}[platform]
    half = bounds.ACTS // 2
    text = steps(
        f"{add}: {{id: dimm1, size: {format_size(half * SECTION)}}}", "online: {blocks: dimm1}"
    ).replace("physical_bits", f"platform: {platform}, physical_bits")
    assert problems(text) == []
    assert problems(f"{text}  - {write(0)}\n") == [
        "9:12: steps[2].write: the steps up to here concern 20001 memory blocks, each counted "
        "once a step; expected at most 20000"
    ]
    huge = text.replace(format_size(half * SECTION), "1P")
    assert len(problems(huge)) == 1


@pytest.mark.parametrize(
    "step", ["online: {blocks: 0-20000}", "udev: {}", "daemon: {}", "offline: {blocks: added}"]
)
def test_every_step_counts(problems: Callable[[str], list[str]], step: str) -> None:
    big = format_size((bounds.ACTS - 1) * SECTION)
    [problem] = problems(steps(f"plug: {{id: dimm1, size: {big}}}", step))
    assert "the steps up to here concern" in problem


def test_members_and_their_acts(problems: Callable[[str], list[str]]) -> None:
    family = steps("plug: {id: d, size: 128M}", "write: {file: memory0/state, value: 'x${v}'}")
    values = ", ".join(map(str, range(bounds.MEMBERS)))
    assert problems(f"{family}with: {{v: [{values}]}}\n") == []
    assert problems(f"{family}with: {{v: [{values}, more]}}\n") == [
        "9:1: with: makes more than 256 scenarios"
    ]
    size = format_size(bounds.ACTS // 2 * SECTION)
    large = f"{family}with: {{v: [1, 2]}}\n".replace("128M", size)
    assert problems(large) == [
        "9:1: with: all scenarios together concern 20002 memory blocks, each counted once a step; "
        "expected at most 20000"
    ]


def test_the_values_of_a_family(problems: Callable[[str], list[str]]) -> None:
    # Four members of 50,000 values each: as many as the bound allows.
    values = bounds.FAMILY_VALUES // 4
    body: dict[str, Any] = {"a": ["x"] * (values - 3), "b": "${v}"}
    family, mistakes = members({**body, "with": {"v": [1, 2, 3, 4]}})
    assert (len(family), mistakes) == (4, [])
    body["a"].append("x")
    family, [mistake] = members({**body, "with": {"v": [1, 2, 3, 4]}})
    assert (family, mistake.path) == ([], ("with",))
    choices = ", ".join(map(str, range(bounds.MEMBERS)))
    text = steps(*map(write, range(250)), "write: {file: memory0/state, value: 'x${v}'}")
    assert problems(f"{text}with: {{v: [{choices}]}}\n") == [
        "258:1: with: makes 256 scenarios with more than 200000 values in all"
    ]


def test_a_long_list_of_values_takes_time_in_proportion(
    problems: Callable[[str], list[str]],
) -> None:
    # 40,000 values were compared with each other one by one.
    values = ", ".join(f"v{number}" for number in range(40_000))
    assert len(problems(f"{BASE}with: {{v: [{values}]}}\n")) == 2


def test_many_unknown_long_keys(problems: Callable[[str], list[str]]) -> None:
    lines = [f"{'machin' * 2}{number}: 1\n" for number in range(10_000)]
    actual = problems(BASE + "".join(lines) + f"? {'y' * 200_000}\n: 1\n")
    assert len(actual) == bounds.PROBLEMS + 1
    assert actual[-1] == f"... and {10_001 - bounds.PROBLEMS} more"


def test_suggestions() -> None:
    word = "w" * bounds.SUGGESTION_CHARACTERS
    assert closest(word, [word]) == word
    assert closest(f"{word}w", [word]) is None
    known = [f"k{number}" for number in range(bounds.SUGGESTION_WORDS)]
    assert closest("wanted", [*known[1:], "wanted"]) == "wanted"
    assert closest("wanted", [*known, "wanted"]) is None


def test_additions_and_minutes(problems: Callable[[str], list[str]]) -> None:
    text = steps("elapse: {time: 60min, probe: {count: 1024}}")
    assert problems(text) == []
    assert problems(text.replace("1024", "1025")) == [
        "7:42: steps[0].elapse.probe.count: 1025: expected 1 to 1024"
    ]
    assert problems(text.replace("60min", "3601s")) == [
        "7:20: steps[0].elapse.time: expected more than 0 and at most 60min"
    ]


def test_arithmetic() -> None:
    parse("1" * bounds.ARITHMETIC_CHARACTERS)
    with pytest.raises(ValueError, match="more than 200 characters of arithmetic"):
        parse("1" * (bounds.ARITHMETIC_CHARACTERS + 1))


CLAIM = """\
who: w
says: s
where: {{message: m, date: 2017-03-06}}
supported_if:
  - says: x
    reachable: [{{knob: exists}}]
    machine: {{nodes: [1G]}}
    writes: {{blocks: {blocks}, values: [online, offline]}}
    states: {states}
"""


@pytest.mark.parametrize(
    ("blocks", "states", "says"),
    [
        ("0-511", "100000", None),
        ("0-512", "100000", "writes: expected at most 1024 steps to choose among"),
        ("0-511", "100001", "states: 100001: expected 1 to 100000"),
        ("0-511", "0", "states: 0: expected 1 to 100000"),
    ],
)
def test_searches(tmp_path: Path, blocks: str, states: str, says: str | None) -> None:
    file = tmp_path / "C01.yaml"
    file.write_text(CLAIM.format(blocks=blocks, states=states))
    if says is None:
        assert read_claim(file, []).id == "C01"
        return
    with pytest.raises(ScenarioError, match=says):
        read_claim(file, [])


def test_the_machine_of_a_search_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "C01.yaml"
    file.write_text(CLAIM.format(blocks="0", states="1").replace("[1G]", "[]"))
    with pytest.raises(ScenarioError, match=r"machine\.nodes: a machine has 1 to 63 nodes, not 0"):
        read_claim(file, [])


def test_sweeps(tmp_path: Path) -> None:
    def read(base: str, added: str) -> plan.Sweep:
        file = tmp_path / "x.yaml"
        file.write_text(f"title: t\nbase: {base}\nadded: {added}\n")
        return plan.load(file, Registry())

    most = f"{{first: 128M, last: {format_size(bounds.SWEEP_SIZES * SECTION)}, step: 128M}}"
    assert len(read("[1G]", most).added) == bounds.SWEEP_SIZES
    with pytest.raises(ScenarioError, match="4097 sizes: expected at most 4096"):
        read("[1G]", most.replace("first: 128M", "first: 0"))
    sizes = [str(SECTION * number) for number in range(1, bounds.SWEEP_SIZES + 2)]
    with pytest.raises(ScenarioError, match="4097 values: expected at most 4096"):
        read("[1G]", f"[{', '.join(sizes)}]")
    assert read("[1G]", "[1T]").added == (bounds.SWEEP_BYTES,)
    with pytest.raises(ScenarioError, match="expected a multiple of 128M, up to 1T"):
        read("[1G]", "[1025G]")
