"""Behaviours that are small enough to look at."""

from __future__ import annotations

from tests.explore.arenas import policy
from tests.explore.test_all_pairs import Broken
from zonediff.engine.run import run
from zonediff.engine.steps import Write
from zonediff.explore.arena import STANDARD
from zonediff.explore.bisimulation import classes
from zonediff.explore.build import build
from zonediff.explore.portrait import ARENA, portraits


def test_variants_that_behave_alike_share_a_portrait() -> None:
    names = ["upstream", "michal-split/1", "igor-movable", "v4.12", "v4.14"]
    actual = portraits([policy(name) for name in names])
    assert [item.variants for item in actual] == [
        ["upstream", "michal-split/1", "v4.12"],
        ["igor-movable"],
    ]  # that of v4.14 has 36 states
    assert [len(item.states) for item in actual] == [12, 12]


def test_states_are_those_that_can_be_told_apart() -> None:
    for name in ("upstream", "v4.13"):
        (actual,) = portraits([policy(name)])
        system = build(policy(name), ARENA)
        assert len(actual.states) == len(set(classes(system)[0].tolist()))


def test_moves_are_what_the_engine_does() -> None:
    (actual,) = portraits([policy("upstream")])
    assert actual.states[0] == ["memory32 offline [Normal]", "memory33 offline [Normal Movable]"]
    at, steps = 0, []
    for block, value in ((33, "online_movable"), (32, "online_movable"), (33, "offline")):
        step = Write(f"memory{block}/state", value)
        steps.append(step)
        (at,) = [m.target for m in actual.moves if (m.source, m.do) == (at, str(step))]
        seen = run(policy("upstream"), ARENA.machine, steps).last()
        expected = [seen.block(number) for number in (32, 33)]
        assert actual.states[at] == [
            f"memory{number} {view.state} [{view.valid_zones}]"
            for number, view in zip((32, 33), expected, strict=True)
            if view is not None
        ]


def test_what_cannot_be_drawn_is_left_out() -> None:
    assert portraits([Broken()]) == []
    assert portraits([policy("upstream")], STANDARD["one-dimm"]) == []
    assert portraits([policy("upstream")], largest=11) == []
