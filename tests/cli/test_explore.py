"""`zonediff explore`, from the command line to files that `zonediff run` takes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from zonediff.compare.run import run
from zonediff.corpus.loader import load

ARENA = """\
machine: {nodes: [1G], dimms: [{id: dimm1, size: 256M}]}
plug: [{id: dimm2, size: 128M}]
alphabet: [state, unplug, plug]
"""

NODES = """\
machine:
  nodes: [1G, 0, 0]
  dimms: [{id: dimm1, size: 128M, node: 1}, {id: dimm2, size: 128M, node: 2}]
"""


def _flat(text: str) -> str:
    return " ".join(text.split())


def test_equivalent_variants_say_for_how_long(zonediff: Any) -> None:
    done = zonediff("explore", "michal-split/3", "hyperv-xen-only")
    assert done.exit_code == 0
    assert done.stdout == (
        "michal-split/3 and hyperv-xen-only on one-dimm, compared at level sysfs\n\n"
        "michal-split/3: 84 states, 1428 transitions\n"
        "hyperv-xen-only: 84 states, 1428 transitions\n\n"
        "Equivalent: michal-split/3 and hyperv-xen-only never differ, for sequences of\n"
        "any length.\n"
    )
    assert "states a second" in done.stderr


def test_an_exploration_becomes_a_report(zonediff: Any, tmp_path: Path) -> None:
    result, page = tmp_path / "result.json", tmp_path / "page.html"
    done = zonediff("explore", "upstream", "v4.13", "--machine", "two-blocks", "-o", str(result))
    assert done.exit_code == 1
    done = zonediff("report", str(result), "--format", "html", "-o", str(page))
    assert done.exit_code == 0
    text = page.read_text()
    assert "two-blocks" in text
    assert "upstream" in text
    done = zonediff("explore", "v6.1", "v6.1", "--machine", "two-blocks", "-o", str(result))
    assert done.exit_code == 0
    assert zonediff("report", str(result)).exit_code == 0


def test_a_bound_is_said_plainly(zonediff: Any) -> None:
    done = zonediff("explore", "upstream", "michal-split/1", "--depth", "2")
    assert "for sequences of up to 2 steps; longer ones were not explored" in _flat(done.stdout)


def test_a_witness_shows_steps_results_and_reasons(zonediff: Any) -> None:
    done = zonediff("explore", "upstream", "igor-movable", "--level", "results")
    assert done.exit_code == 1
    assert "Differs: 4 kinds of difference" in done.stdout
    assert (
        "1. echo online_movable > memory32/state: EINVAL on upstream, ok on igor-movable\n"
        "   echo online_movable > memory32/state  EINVAL | ok\n"
        "   upstream: zone_can_shift: block 32 ends at pfn 1081344, zone Normal ends at\n"
    ) in done.stdout
    assert done.stdout.isascii()
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_refinement_is_no_failure(zonediff: Any) -> None:
    done = zonediff("explore", "upstream", "v4.14", "--level", "results")
    assert done.exit_code == 0
    assert "Refines: " in done.stdout
    assert "every success on upstream is the same success on v4.14" in _flat(done.stdout)


def test_json_holds_the_same(zonediff: Any) -> None:
    done = zonediff("explore", "upstream", "igor-movable", "--level", "results", "--json")
    actual = json.loads(done.stdout)
    assert (actual["verdict"], actual["depth"], actual["states"]) == ("differs", None, [84, 84])
    assert actual["witnesses"][0]["steps"] == [
        {"do": "echo online_movable > memory32/state", "baseline": "EINVAL", "candidate": None}
    ]


@pytest.mark.parametrize(
    ("one", "two", "machine"),
    [
        ("upstream", "igor-movable", "one-dimm"),
        ("upstream", "v4.12", "hotplug"),
        ("upstream", "michal-split/3", "hotplug"),
        ("v4.13", "v4.14", "two-nodes"),
        ("v4.14", "v4.14-stable", "one-dimm"),
    ],
)
def test_saved_witnesses_are_scenarios_that_show_the_difference(
    zonediff: Any, tmp_path: Path, one: str, two: str, machine: str
) -> None:
    done = zonediff("explore", one, two, "--machine", machine, "--save", str(tmp_path), "--json")
    witnesses = json.loads(done.stdout)["witnesses"]
    scenarios = load([tmp_path])
    assert len(scenarios) == len(witnesses) > 0
    result = run(scenarios, [two], baseline=one)
    for judgement, witness in zip(result.judgements, witnesses, strict=True):
        died = witness["steps"] and witness["steps"][-1]["baseline"] == "BUG"
        kinds = ("fix",) if died else ("regression", "behaviour-change", "abi-removal")
        assert judgement.kind in kinds
        if witness["what"] == "result" and witness["steps"][-1]["baseline"] is None:
            assert judgement.kind == "regression"
    for outcome in result.runs:
        if outcome.variant == one and outcome.status == "ran":
            assert all(goal.met for goal in outcome.goals)


def test_a_machine_from_a_file(zonediff: Any, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(ARENA)
    done = zonediff("explore", "upstream", "michal-split/1", "--machine", str(file))
    assert done.exit_code == 0
    assert "on mine, compared at level" in done.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ARENA.replace("plug]", "plgu]"), ":3:27: alphabet[2]: unknown value 'plgu'"),
        (ARENA.replace("128M", "127K"), ":2:26: plug[0].size: "),
        (ARENA.replace("dimm2", "dimm1"), ":2:13: plug[0].id: "),
        (ARENA.replace("256M", "100K"), ":1:50: machine.dimms[0].size: "),
        ("machine: {nodes: [1G]}\n", "expected a DIMM"),
        (ARENA.replace("[1G]", "[]") + "boot_blocks: [7]\n", ":1:18: machine.nodes: a machine has"),
        (ARENA + "boot_blocks: [9]\n", ":4:15: boot_blocks[0]: boot memory is blocks 0 to 7"),
        ("- 1\n", "expected a mapping"),
        (ARENA + "symmetry: [0, 1]\n", ":4:11: symmetry: there is no node 1"),
        (ARENA + "symmetry: [0]\n", ":4:11: symmetry: expected two different nodes or more"),
        (ARENA.replace("nodes: [1G]", "nodes: [63G]"), "memory blocks of 2G"),
    ],
)
def test_mistakes_in_the_file_are_told_with_their_place(
    zonediff: Any, tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    done = zonediff("explore", "upstream", "v4.14", "--machine", str(file))
    assert done.exit_code == 2
    assert message in done.output
    assert "Traceback" not in done.output


def test_symmetry_is_said_and_changes_nothing_else(zonediff: Any, tmp_path: Path) -> None:
    file = tmp_path / "nodes.yaml"
    file.write_text(NODES)
    arguments = ("explore", "v4.13", "v4.14", "--machine", str(file))
    full = zonediff(*arguments)
    for reduced in (
        zonediff(*arguments, "--symmetry", "1,2"),
        zonediff(*arguments[:-1], str(_with_symmetry(file))),
    ):
        assert reduced.exit_code == full.exit_code == 1
        head, verdict = reduced.stdout.split("Differs: ")
        assert verdict.splitlines()[:2] == full.stdout.split("Differs: ")[1].splitlines()[:2]
        assert "v4.14: 144 states, 1440 transitions (78 states explored, reduced by" in head
    refused = zonediff("explore", "v4.14", "v6.1", "--machine", str(file), "--symmetry", "1,2")
    assert refused.exit_code == 2
    assert "on v6.1 nodes 1 and 2 are not interchangeable: after boot" in _flat(refused.output)


def _with_symmetry(file: Path) -> Path:
    symmetric = file.with_name("symmetric.yaml")
    symmetric.write_text(file.read_text() + "symmetry: [1, 2]\n")
    return symmetric


@pytest.mark.parametrize(
    "arguments",
    [
        ("upstream", "nothing"),
        ("upstream", "v4.14", "--machine", "moon"),
        ("upstream", "v4.14", "--machine", "moon.yaml"),
        ("upstream", "v4.14", "--alphabet", "state,sing"),
        ("upstream", "v4.14", "--save", "/nowhere/at/all"),
        ("upstream", "v4.14", "--aut", "/nowhere/at/all.aut"),
        ("upstream", "live:6.1"),
        ("upstream", "v4.14", "--machine", "two-nodes", "--symmetry", "1,x"),
        ("upstream", "v4.14", "--machine", "two-nodes", "--symmetry", "1,2"),
        ("upstream", "v4.14", "--machine", "two-nodes", "--symmetry", "0,1"),
        ("upstream", "v4.14", "--machine", "two-nodes", "--symmetry", "0,1", "--random", "3"),
    ],
)
def test_bad_input(zonediff: Any, arguments: tuple[str, ...]) -> None:
    done = zonediff("explore", *arguments)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_random_walks_take_a_seed(zonediff: Any) -> None:
    arguments = (
        *("explore", "upstream", "v4.13", "--machine", "eight-blocks", "--level", "results"),
        *("--random", 5),
    )
    first, second = (zonediff(*arguments, "--seed", 3) for _ in range(2))
    assert first.exit_code == 1
    assert first.stdout == second.stdout
    assert "5 random walks of up to 64 steps (seed 3) found" in _flat(first.stdout)
    assert "They prove nothing beyond that." in _flat(first.stdout)
    none = zonediff("explore", "upstream", "michal-split/1", "--random", 3)
    assert none.exit_code == 0
    assert "found no difference" in _flat(none.stdout)
    assert zonediff(*arguments, "--aut", "x.aut").exit_code == 2


def test_exports(zonediff: Any, tmp_path: Path) -> None:
    zonediff(
        *("explore", "upstream", "v4.12", "--alphabet", "state"),
        *("--aut", "x.aut", "--dot", "x.dot", "--promela", "x.pml"),
    )
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        *("x-A.aut", "x-A.dot", "x-B.aut", "x-B.dot", "x.h", "x.pml"),
    ]
    header, *edges = (tmp_path / "x-A.aut").read_text().splitlines()
    assert header.startswith("des (0, ")
    assert len(edges) == int(header.split(",")[1])
    assert (tmp_path / "x-A.dot").read_text().startswith('digraph "upstream" {\n')


def test_random_walks_without_hypothesis_say_what_to_install(
    zonediff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    done = zonediff("explore", "upstream", "v4.12", "--random", 3)
    assert done.exit_code == 2
    assert "pip install 'zonediff[random]'" in done.stderr


def test_random_walks_leave_nothing_behind(
    zonediff: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    zonediff("explore", "upstream", "v4.12", "--random", 3)
    assert not list(tmp_path.iterdir())


def test_stopping_early_is_said_plainly(zonediff: Any) -> None:
    arguments = ("explore", "upstream", "v4.14", "--max-states", "500", "--level", "results")
    done = zonediff(*arguments)
    assert "v4.14: not fully explored, as it has more than 500 states\n" in done.stdout
    assert "upstream: not all" not in done.stdout
    assert "longer ones were not explored" in _flat(done.stdout)
    assert "not all" not in zonediff(*arguments[:3], "--depth", "1").stdout


def test_one_state_is_one_state(zonediff: Any) -> None:
    done = zonediff("explore", "upstream", "igor-movable", "--max-states", "1")
    assert "\nupstream: 1 state, 0 transitions\n" in done.stdout
    assert "upstream: not fully explored, as it has more than 1 state\n" in done.stdout
    assert "upstream: 1 state, 0 transitions in " in done.stderr
    one_step = zonediff("explore", "upstream", "igor-movable", "--depth", "1").stdout
    assert "for sequences of up to 1 step; longer ones" in _flat(one_step)
