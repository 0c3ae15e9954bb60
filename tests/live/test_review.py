"""A real kernel reviewed against itself: its guests yield the steps, and nothing differs."""

from __future__ import annotations

from pathlib import Path

from zonediff.live.host import Host
from zonediff.live.image import read_image
from zonediff.result.reviews import Stage
from zonediff.review.explore import compare_stages, derive_alphabet, with_actions
from zonediff.review.limits import Limits
from zonediff.review.machines import MACHINES
from zonediff.review.stage_image import StageImage

MEMORY = "/sys/devices/system/memory"
TRIED = (
    f"echo online_movable > {MEMORY}/memory32/state",
    f"echo offline > {MEMORY}/memory32/state",
    "unplug dimm0",
)


def test_a_kernel_does_not_differ_from_itself(host: Host, kernel: Path) -> None:
    image = read_image(kernel)
    first, second = (StageImage(Stage(name, "ready"), image) for name in ("base", "patched"))
    machine = MACHINES["dimm"]
    derived = derive_alphabet(first, second, machine, host)
    commands = derived.alphabet.commands
    assert derived.new == ()
    assert derived.alphabet.blocks == {32, 33}
    assert {*TRIED} < {*commands}
    assert f"echo online > {MEMORY}/auto_online_blocks" in commands

    few = [action for action in derived.alphabet.actions if action.command in TRIED]
    limits = Limits(steps=3, seconds=120, hidden_depth=0, guests=1)
    done = compare_stages(
        first, second, machine, host, alphabet=with_actions(derived, few), limits=limits
    )
    assert done.causes == []
    assert done.states[0] == done.states[1] >= 3
    assert done.closed
