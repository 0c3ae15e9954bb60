"""What a claim file may say, and what is said about one that may not."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from zonediff.corpus.claim import (
    Alphabet,
    Case,
    Claim,
    Decided,
    Died,
    GoalMet,
    Mail,
    OfRuns,
    OfStates,
    Overlap,
    Uevent,
    Zoneinfo,
)
from zonediff.corpus.claim_files import KEYS, OUTCOMES, load_claims, named, read_claim
from zonediff.corpus.problems import ScenarioError
from zonediff.corpus.scenario import BlocksGoal, Scenario, StepGoal
from zonediff.engine.machine import Dimm, Machine
from zonediff.engine.steps import Blocks, Unplug
from zonediff.engine.units import parse_size

GUIDE = (Path(__file__).parents[2] / "docs" / "claims.md").read_text(encoding="utf-8")

Make = Callable[[str], Claim]
Mistakes = Callable[[str], list[str]]

BOTH = ("small/order[order=first-to-last]", "small/order[order=last-to-first]")


def case(claim: Make, text: str) -> Case:
    """The one case of this text."""
    body = "".join(f"    {line}\n" for line in text.strip().splitlines())
    (only_case,) = claim("supported_if:\n  - says: it is so\n" + body).supported_if
    return only_case


def test_head(claim: Make) -> None:
    actual = claim("on: [v4.1*]\nundecidable: it is a matter of taste\n")
    assert actual == Claim(
        id="C99",
        who="Ada",
        says="something",
        where=Mail("1@example.org", "2017-03-06"),
        on=("v4.1*",),
        undecidable="it is a matter of taste",
        file="C99.yaml",
    )


@pytest.mark.parametrize(
    ("text", "scenarios", "outcome"),
    [
        ("scenario: small/order\ngoal: all movable", BOTH, GoalMet("all movable")),
        ("scenario: small/order[order=last-to-first]\ngoal: 2", BOTH[1:], GoalMet(2)),
        ("scenario: [small/large, small/order]\ngoal: 1", ("small/large", *BOTH), GoalMet(1)),
        (
            "scenario: small/order\nstep: onlined\nresult: EINVAL",
            BOTH,
            StepGoal("onlined", "EINVAL"),
        ),
        (
            "scenario: small/order\nblocks: 32\nstate: offline\nafter: 1",
            BOTH,
            BlocksGoal(Blocks("32"), state="offline", after=1),
        ),
        ("scenario: small/large\ndied: panic", ("small/large",), Died("panic")),
        (
            "scenario: small/large\nrule: out_of_memory\npercent: kib / free\nclaimed: 150\n"
            "tolerance: 0.5",
            ("small/large",),
            Decided("out_of_memory", percent="kib / free", claimed=150, tolerance="0.5"),
        ),
        (
            "scenario: small/order\nrule: zone_can_shift.up\nat: onlined\nnumbers: [block=34]",
            BOTH,
            Decided("zone_can_shift.up", "onlined", ("block=34",)),
        ),
        (
            "scenario: small/order\nuevent: add memory32-34\nat: 1",
            BOTH,
            Uevent("add memory32-34", 1),
        ),
        (
            "scenario: small/order\nzoneinfo: 0/Movable\nspanned: 32768",
            BOTH,
            Zoneinfo("0/Movable", spanned=32768),
        ),
        (
            "scenario: small/order\noverlap: [0/Normal, 0/Movable]\nafter: onlined",
            BOTH,
            Overlap(("0/Normal", "0/Movable"), after="onlined"),
        ),
    ],
)
def test_case_about_runs(
    claim: Make, text: str, scenarios: tuple[str, ...], outcome: object
) -> None:
    assert case(claim, text) == Case("it is so", OfRuns(scenarios, outcome))  # type: ignore[arg-type]


def test_case_that_has_not_to_hold_and_is_not_to_be_relied_on(claim: Make) -> None:
    actual = case(
        claim,
        "scenario: small/large\ngoal: 1\nmet: false\non: [upstream]\nunreliable: a slip",
    )
    assert (actual.met, actual.on, actual.unreliable) == (False, ("upstream",), "a slip")


@pytest.mark.parametrize(("key", "met"), [("reachable", True), ("unreachable", False)])
def test_case_about_states(claim: Make, key: str, met: bool) -> None:
    actual = case(
        claim,
        f"{key}:\n"
        "  - {blocks: 32, state: online}\n"
        "  - overlap: [0/Normal, 0/Movable]\n"
        "machine: {nodes: [1G], dimms: [{id: dimm1, size: 256M}]}\n"
        "writes: {blocks: dimm1, values: [online, offline]}\n"
        "steps:\n"
        "  - unplug: {id: dimm1}\n"
        "states: 50\n",
    )
    assert actual.met is met
    assert actual.check == OfStates(
        reachable=(BlocksGoal(Blocks("32"), state="online"), Overlap(("0/Normal", "0/Movable"))),
        machine=Machine(dimms=(Dimm("dimm1", parse_size("256M")),)),
        alphabet=Alphabet(Blocks("dimm1"), ("online", "offline"), (Unplug("dimm1"),)),
        states=50,
    )


@pytest.mark.parametrize(
    ("pattern", "scenario", "means"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b[x=1]", True),
        ("a/b[x=1]", "a/b[x=1]", True),
        ("a/b[y=2]", "a/b[x=1,y=2]", True),
        ("a/b[y=2,x=1]", "a/b[x=1,y=2]", True),
        ("a/b[x=1]", "a/b[x=10]", False),
        ("a/b[x=1]", "a/b", False),
        ("a", "a/b", False),
        ("a/b", "a/bc", False),
    ],
)
def test_which_scenarios_a_pattern_names(pattern: str, scenario: str, means: bool) -> None:
    assert named(pattern, scenario) is means


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "refuted_iff: []",
            "4:1: refuted_iff: unknown key 'refuted_iff', did you mean 'refuted_if'?",
        ),
        ("", "1:1: supported_if: is missing: say what decides the claim, or under `undecidable`"),
        ("supported_if: 3", "4:15: supported_if: expected a list of cases"),
        ("supported_if: [so]", "4:16: supported_if[0]: expected a case, a mapping with `says`"),
        (
            "supported_if:\n  - {scenario: small/large, goal: 1}",
            "5:5: supported_if[0].says: is missing",
        ),
        (
            "supported_if:\n  - {says: so, goal: 1}",
            "5:5: supported_if[0].scenario: is missing: name one, or a list of them",
        ),
        (
            "supported_if:\n  - {says: so, scenario: small/larger, goal: 1}",
            "5:26: supported_if[0].scenario[0]: unknown scenario 'small/larger', did you mean "
            "'small/large'?",
        ),
        (
            "supported_if:\n  - {says: so, scenario: ['small/order[order=up]'], goal: 1}",
            "5:27: supported_if[0].scenario[0]: unknown scenario 'small/order[order=up]'",
        ),
        (
            "supported_if:\n  - {says: so, scenario: small/large, goal: it is their}",
            "5:45: supported_if[0].goal: unknown goal of small/large 'it is their', did you mean",
        ),
        (
            "supported_if:\n  - {says: so, scenario: small/large, goal: 3}",
            "5:45: supported_if[0].goal: small/large has 2 goals, counted from 1",
        ),
        (
            "supported_if:\n  - {says: so, scenario: small/large, gaol: 1}",
            "5:39: supported_if[0].gaol: unknown key 'gaol', did you mean 'goal'?",
        ),
        (
            "supported_if:\n  - {says: so, scenario: small/large, goal: 1, died: panic}",
            "5:5: supported_if[0]: expected one of blocks, step",
        ),
        (
            "supported_if:\n  - {says: so, scenario: small/large, goal: 1, state: online}",
            "5:48: supported_if[0].state: unknown key 'state'",
        ),
        (
            "supported_if:\n  - {says: so, scenario: small/large, blocks: dimm2, state: online}",
            "5:47: supported_if[0].blocks: unknown device 'dimm2'",
        ),
        (
            "supported_if:\n  - {says: so, scenario: small/order, rule: x, at: online}",
            "5:52: supported_if[0].at: unknown step of small/order[order=first-to-last] 'online', "
            "did you mean 'onlined'?",
        ),
        (
            "supported_if:\n  - {says: so, scenario: small/order, uevent: x, at: 3}",
            "5:54: supported_if[0].at: small/order[order=first-to-last] has 2 steps",
        ),
        (
            "supported_if:\n  - {says: so, scenario: small/large, rule: x, percent: kib}",
            "5:5: supported_if[0].claimed: is missing",
        ),
        (
            "supported_if:\n"
            "  - {says: so, scenario: small/large, rule: x, percent: kib /, claimed: 1}",
            "5:57: supported_if[0].percent: 'kib /' is not arithmetic",
        ),
        (
            "supported_if:\n"
            "  - {says: so, scenario: small/large, rule: x, percent: kib, claimed: half}",
            "5:71: supported_if[0].claimed: expected a number, not 'half'",
        ),
        (
            "supported_if:\n  - {says: so, scenario: small/large, rule: x, numbers: [kib]}",
            "5:58: supported_if[0].numbers[0]: expected name=value, not 'kib'",
        ),
        (
            "supported_if:\n  - {says: so, scenario: small/large, zoneinfo: Movable}",
            "5:49: supported_if[0].zoneinfo: expected node/Zone such as 0/Movable, not 'Movable'",
        ),
        (
            "supported_if:\n  - {says: so, scenario: small/large, overlap: [0/Movable]}",
            "5:48: supported_if[0].overlap: expected two zones",
        ),
        (
            "supported_if:\n"
            "  - {says: so, reachable: [], machine: {}, writes: {blocks: 1, values: []}}",
            "5:27: supported_if[0].reachable: expected a list of conditions that hold at one"
            " moment",
        ),
        (
            "supported_if:\n  - {says: so, reachable: [{knob: online}]}",
            "5:5: supported_if[0].machine: is missing",
        ),
        (
            "supported_if:\n  - {says: so, reachable: [{step: 1, result: ok}], machine: {}, "
            "writes: {blocks: 1, values: []}}",
            "5:29: supported_if[0].reachable[0].step: unknown key 'step'",
        ),
        (
            "supported_if:\n  - {says: so, reachable: [{blocks: 1, state: on}], machine: {}, "
            "writes: {blocks: 1, values: []}}",
            "5:47: supported_if[0].reachable[0].state: unknown state 'on' (known: online, offline",
        ),
        (
            "supported_if:\n  - {says: so, reachable: [{knob: online}], machine: {}, "
            "writes: {blocks: 1, values: []}, steps: [{udev: {}}]}",
            "5:99: supported_if[0].steps[0]: udev stands for several steps; a search",
        ),
    ],
)
def test_mistakes(mistakes: Mistakes, text: str, says: str) -> None:
    actual = mistakes(text)
    assert [line for line in actual if line.startswith(says)], actual


def test_every_mistake_is_told_at_once(mistakes: Mistakes) -> None:
    actual = mistakes(
        "supported_if:\n"
        "  - {says: 1, scenario: small/none, goal: 1}\n"
        "  - {says: so, scenario: small/large, died: slowly}\n"
        "besides:\n"
        "  - {says: so}\n"
    )
    assert [line.split(": ")[:2] for line in actual] == [
        ["5:12", "supported_if[0].says"],
        ["5:25", "supported_if[0].scenario[0]"],
        ["6:45", "supported_if[1].died"],
        ["8:5", "besides[0]"],
        ["8:5", "besides[0].scenario"],
    ]


def test_mistakes_in_the_head(tmp_path: Path, corpus: list[Scenario]) -> None:
    file = tmp_path / "c1.yaml"
    for text, says in (
        ("[]", "c1.yaml:1:1: expected a mapping with who, says, where"),
        ("who: Ada\nundecidable: x", "c1.yaml:1:1: says: is missing"),
        ("who: Ada", "c1.yaml:1:1: the name of a claim's file is its id, as in C01.yaml, not 'c1'"),
        ("who: [Ada]", "c1.yaml:1:6: who: expected text, not a list"),
        ("who: &a Ada", "c1.yaml:1:6: who: the anchor &a"),
    ):
        file.write_text(text)
        with pytest.raises(ScenarioError, match=re.escape(says)):
            read_claim(file, corpus)
    file = file.rename(tmp_path / "C01.yaml")
    file.write_text("who: A\nsays: b\nundecidable: x\nwhere: {message: m, date: 6 March}\n")
    with pytest.raises(ScenarioError, match=r"C01.yaml:4:27: where.date: expected YYYY-MM-DD"):
        load_claims(corpus, tmp_path)
    with pytest.raises(ScenarioError, match="no such file"):
        read_claim(tmp_path / "C02.yaml", corpus)


# --- the guide ------------------------------------------------------------------------------------

EXAMPLES = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_loads(
    tmp_path: Path, shipped: tuple[list[Scenario], object], example: str
) -> None:
    file = tmp_path / "C01.yaml"
    file.write_text(example)
    assert read_claim(file, shipped[0]).supported_if


@pytest.mark.parametrize("word", [*KEYS, *OUTCOMES])
def test_word_is_explained(word: str) -> None:
    assert re.search(rf"^\|.*`{word}`", GUIDE, re.MULTILINE)


@pytest.mark.parametrize("kind", [Decided, Zoneinfo, Overlap, Mail, Alphabet, Case])
def test_keys_are_named(kind: type) -> None:
    names = {item.name for item in dataclasses.fields(kind)} - {"check"}
    assert {name for name in names if f"`{name}`" not in GUIDE} == set()
