"""Policies made up at random: the explorer's answer is that of brute force all the same."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.explore import brute
from tests.explore.arenas import TINY
from zonediff.engine.kernel import Kernel
from zonediff.engine.rules import Decision, Rule
from zonediff.engine.state import KernelState
from zonediff.engine.zones import OnlineType, Zone
from zonediff.explore.bisimulation import classes
from zonediff.explore.build import build
from zonediff.explore.compare import compare
from zonediff.explore.system import Numberings
from zonediff.variants.v4_14 import V4_14

MADE_UP = Rule("made-up", "made_up", "made up", "nowhere")


class MadeUp(V4_14):
    """Decides by chance, but always alike where what it looks at is alike."""

    name = "made-up"

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def zone_to_online(
        self, kernel: KernelState, block: int, online_type: OnlineType
    ) -> Decision[Zone | None]:
        memory = cast(Kernel, kernel).tables
        random = Random(f"{self.seed} {block} {online_type}")
        looked: list[object] = [self.seed % 8, block, int(online_type)]
        # What is looked at next may depend on what was seen before, as in real code.
        looks: list[Callable[[], object]] = [
            lambda: memory.span(0, Zone.MOVABLE),
            lambda: memory.span(0, Zone.NORMAL),
            lambda: memory.status[block],
            lambda: memory.present_pages(0, Zone.MOVABLE) > 0,
            lambda: memory.link.find(4, 32),
            lambda: kernel.knob,
        ]
        for look in random.sample(looks, 2):
            looked.append(look())
            if Random(str(looked)).random() < 0.5:
                break
        choice = Random(str(looked)).choice([Zone.NORMAL, Zone.NORMAL, Zone.MOVABLE, None])
        return Decision(choice, MADE_UP.because())


@settings(max_examples=8)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_made_up_policies(one: int, two: int) -> None:
    arena = TINY["two-blocks"]
    left, right = MadeUp(one), MadeUp(two)
    numberings = Numberings()
    systems = [build(policy, arena, numberings=numberings) for policy in (left, right)]
    actual = compare(*systems)
    expected = brute.first_difference(left, right, arena, "sysfs")
    shortest = min((len(witness.actions) for witness in actual.witnesses), default=None)
    assert shortest == (None if expected is None else len(expected))
    mine, theirs = classes(*systems)
    assert (mine[0] == theirs[0]) == (expected is None)
    full = build(left, arena, keep_all=True)
    assert full.states == len(brute.reachable(left, arena))
