"""`with:` makes one scenario of each combination of values."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from zonediff.corpus.scenario import BlocksGoal, Scenario
from zonediff.engine.machine import Config
from zonediff.engine.steps import Plug, Write

Read = Callable[[str], list[Scenario]]
Mistakes = Callable[[str], list[str]]

FAMILY = """\
title: plug ${size}, knob ${knob}
why: every size and both settings
with:
  size: [256M, 1G]
  knob: [online, offline]
machine:
  nodes: [1G]
steps:
  - write: {file: auto_online_blocks, value: "${knob}"}
  - plug: {id: dimm1, size: "${size}"}
goals:
  - want: the DIMM is ${knob}
    blocks: dimm1
    state: ${knob}
"""


def test_every_combination_is_a_scenario(read: Read) -> None:
    family = read(FAMILY)
    assert [scenario.id for scenario in family] == [
        "case[size=1G,knob=offline]",
        "case[size=1G,knob=online]",
        "case[size=256M,knob=offline]",
        "case[size=256M,knob=online]",
    ]
    first = family[0]
    assert first.title == "plug 1G, knob offline"
    assert first.parameters == (("size", "1G"), ("knob", "offline"))
    assert [step.do for step in first.steps] == [
        Write("auto_online_blocks", "offline"),
        Plug("dimm1", 1 << 30),  # type: ignore[arg-type]
    ]
    assert first.goals[0].want == "the DIMM is offline"
    assert first.goals[0].check == BlocksGoal("dimm1", state="offline")  # type: ignore[arg-type]
    assert len({scenario.hash for scenario in family}) == 4


def test_a_placeholder_alone_keeps_the_kind_of_its_value(read: Read) -> None:
    text = """\
title: block ${block} with ${option}
why: numbers and truth values
with: {block: [3], option: [false]}
machine: {nodes: [1G], config: {MOVABLE_NODE: "${option}"}}
goals: [{want: it is online, blocks: "${block}", state: online}]
"""
    (scenario,) = read(text)
    assert scenario.title == "block 3 with false"
    assert scenario.machine.config == Config(MOVABLE_NODE=False)
    assert scenario.goals[0].check == BlocksGoal("3", state="online")  # type: ignore[arg-type]


def test_text_stays_text(mistakes: Mistakes) -> None:
    text = """\
title: node ${node}
why: a quoted number is no number
with: {node: ["0"]}
machine: {nodes: [1G]}
goals: [{want: it is there, blocks: 3, node: "${node}"}]
"""
    assert mistakes(text) == [
        "5:46: goals[0].node: expected a whole number, not the text '0'",
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('size: "${size}"', 'size: "${sise}"', "10:29: steps[1].plug.size: unknown parameter"
         " 'sise', did you mean 'size'? (known: size, knob)"),
        ("why: every", "why: ${", None),
        ("title: plug ${size}, ", "title: ", None),
        ("with:\n  size: [256M, 1G]\n  knob: [online, offline]\n", "",
         "1:8: title: unknown parameter 'size' (known: none)"),
        ("[256M, 1G]", "256M", "4:9: with.size: expected a list of values"),
        ("[256M, 1G]", "[]", "4:9: with.size: expected a list of values"),
        ("[256M, 1G]", "[256M, [1G]]", "4:16: with.size[1]: expected text, a number,"
         " true or false"),
        ("[256M, 1G]", "[256M, 256M]", "4:16: with.size[1]: the value '256M' is listed twice"),
        ("[256M, 1G]", "[256M, 'a b']",
         "4:16: with.size[1]: a value has no blanks, commas or square brackets"),
        ("  size: [256M, 1G]", "  size: [256M, 1G]\n  Node: [0]",
         "5:3: with.Node: a parameter's name is lower-case letters, digits and _"),
        ("  size: [256M, 1G]", "  size: [256M, 1G]\n  node: [0]",
         "5:3: with.node: is not used: write ${node} where its value belongs"),
        ("with:\n  size: [256M, 1G]\n  knob: [online, offline]\n", "with: [size]\n",
         "3:7: with: expected a mapping from names to lists of values"),
    ],
)  # fmt: skip
def test_mistakes(read: Read, mistakes: Mistakes, old: str, new: str, problem: str | None) -> None:
    assert FAMILY.count(old) == 1
    text = FAMILY.replace(old, new)
    if problem is None:
        assert len(read(text)) == 4
    else:
        assert problem in mistakes(text)


def test_a_mistake_of_all_members_is_told_once(mistakes: Mistakes) -> None:
    assert mistakes(FAMILY.replace("blocks: dimm1", "blocks: dimm2")) == [
        "13:13: goals[0].blocks: unknown device 'dimm2', did you mean 'dimm1'?"
        " (known: dimm1, added)"
    ]


def test_a_mistake_of_some_members_names_the_first(mistakes: Mistakes) -> None:
    assert mistakes(FAMILY.replace("[256M, 1G]", "[256M, 100000]")) == [
        "10:29: steps[1].plug.size: 100000: a DIMM is whole MiB, in [size=100000,knob=online]"
    ]


def test_a_family_has_its_limits(mistakes: Mistakes) -> None:
    many = ", ".join(str(number) for number in range(200))
    assert mistakes(FAMILY.replace("[256M, 1G]", f"[{many}]")) == [
        "3:1: with: makes more than 256 scenarios"
    ]
