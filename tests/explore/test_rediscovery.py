"""Differences that kernel history is known to hold: told two variants and a machine, find them.

Each has a shortest sequence known to people; the one found is no longer.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, cast

import pytest

from tests.explore.arenas import TINY, dimm, machine
from tests.explore.conftest import Explore
from tests.explore.mutants import REWORK, THREE_BLOCKS, mutant
from tests.mutation.sites import negated
from zonediff.engine.kernel import Kernel
from zonediff.engine.machine import Dimm
from zonediff.engine.policy import Policy
from zonediff.engine.rules import Decision
from zonediff.engine.state import KernelState
from zonediff.engine.sysfs import PENDING_TYPE
from zonediff.engine.units import MIB, SECTION, Bytes
from zonediff.engine.zones import OnlineType, Zone
from zonediff.explore.arena import Arena
from zonediff.explore.explain import steps_of
from zonediff.explore.views import Level
from zonediff.variants import upstream as v4_10
from zonediff.variants import v4_13, v4_14
from zonediff.variants.failure import VariantFailed
from zonediff.variants.upstream import Upstream

EIGHT = Arena("eight", machine(dimm("d1", 8)), alphabet=("state",))
FOUR = Arena("four", machine(dimm("d1", 4)))
THREE = Arena("three", machine(dimm("d1", 3)), alphabet=("state", "online"))
KNOB = Arena("knob", machine(), (dimm("d1", 2),), ("state", "online", "unplug", "plug", "knob"))
MOVABLE_NODE = Arena("movable_node", machine(dimm("d1", 2), cmdline="movable_node"))
WRITES = Arena("writes", machine(dimm("d1", 2), dimm("d2", 1)), alphabet=("state",))
ABOVE = Arena("above", machine(dimm("d1", 2), dimm("d2", 2)), alphabet=("state",))
BOOT = Arena(
    "boot",
    machine(dimm("d1", 1), nodes=(512 * MIB, 512 * MIB)),
    alphabet=("state",),
    boot_blocks=(3,),
)
ELSEWHERE = Arena(
    "elsewhere",
    machine(),
    (dimm("d1", 2), Dimm("d2", Bytes(SECTION), addr=Bytes(33 * SECTION))),
    ("state", "unplug", "plug"),
)


class Known(NamedTuple):
    """A known difference: what tells it, and how many steps are known to show it."""

    arena: Arena
    left: Policy | str
    right: Policy | str
    what: str
    results: tuple[str | None, str | None]
    steps: int
    level: Level = "results"
    last: str = ""


KNOWN = {
    # 4.10: only the block at the edge to Movable can become movable.
    "order-restriction": Known(
        FOUR, "upstream", "v4.14", "result", ("EINVAL", None), 1, last="online_movable"
    ),
    "any-order-once-movable-first": Known(
        FOUR, "upstream", "igor-movable", "result", ("EINVAL", None), 1, last="online_movable"
    ),
    # 4.11 told the driver core about kernel onlining: the files agree, eject does not kill.
    "online-against-state": Known(KNOB, "upstream", "v4.12", "online", ("0", "1"), 2, "sysfs"),
    "offline-after-kernel-onlining": Known(
        KNOB, "upstream", "v4.12", "result", ("EINVAL", None), 3, last="offline"
    ),
    "bug-on-removal": Known(KNOB, "upstream", "v4.12", "result", ("BUG", None), 3, last="unplug"),
    # Above a movable zone 4.12 adds to Movable, and 4.13's zones do not depend on adding.
    "zone-of-plain-online": Known(
        ABOVE, "v4.12", "v4.13", "valid_zones", ("Normal Movable", "Normal"), 1, "sysfs", "online"
    ),
    "valid-zones-order": Known(
        MOVABLE_NODE,
        "v4.13",
        "v4.14",
        "valid_zones",
        ("Normal Movable", "Movable Normal"),
        0,
        "sysfs",
    ),
    "valid-zones-of-new-blocks": Known(
        FOUR, "v4.14", "v4.14-stable", "valid_zones", ("Normal Movable", "none"), 0, "sysfs"
    ),
    # The knob's removal: an auto-onlining user notices at the first write.
    "knob-gone": Known(KNOB, "upstream", "michal-split/3", "result", (None, "ENOENT"), 1),
    # online_movable 39; online_movable 38; offline 38; online_kernel 38
    "four-operation-loss-from-4.10": Known(
        EIGHT, "upstream", "v4.13", "result", (None, "EINVAL"), 4, last="online_kernel"
    ),
    "four-operation-loss-to-4.14": Known(
        EIGHT, "v4.13", "v4.14", "result", ("EINVAL", None), 4, last="online_kernel"
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_differences_are_found(name: str, explore: Explore) -> None:
    known = KNOWN[name]
    _, _, actual = explore(
        known.left, known.right, known.arena, known.level, depth=known.steps or 1
    )
    assert actual.verdict != "equivalent"
    lengths = [
        len(witness.actions)
        for witness in actual.witnesses
        if witness.kind.what == known.what
        and (witness.kind.left, witness.kind.right) == known.results
        and (not known.last or known.last in str(steps_of(witness, known.arena)[-1]))
    ]
    assert lengths, [tuple(witness.kind) for witness in actual.witnesses]
    assert min(lengths) <= known.steps


def test_the_four_operation_loss_is_one_that_people_found(explore: Explore) -> None:
    """The sequence of the mail is a loss, and the one found is no longer than it."""
    first, second, actual = explore("v4.13", "v4.14", EIGHT, "results", depth=4)
    steps = [str(step) for step in first.actions]
    state = [0, 0]
    results: list[list[str | None]] = [[], []]
    for value, block in (("movable", 39), ("movable", 38), ("", 38), ("kernel", 38)):
        text = f"online_{value}" if value else "offline"
        action = steps.index(f"echo {text} > memory{block}/state")
        for side, system in enumerate((first, second)):
            outcome = system.numberings.outcomes.values[system.outcome[state[side], action]]
            results[side].append(outcome.result)
            state[side] = int(system.successor[state[side], action])
    assert results == [[None, None, None, "EINVAL"], [None, None, None, None]]
    assert actual.depth == 4
    assert min(len(witness.actions) for witness in actual.witnesses) <= 4


def test_the_loss_of_v4_13_is_found_in_three_operations(explore: Explore) -> None:
    _, _, actual = explore("upstream", "v4.13", EIGHT, "results", depth=4)
    losses = [
        [str(step) for step in steps_of(witness, EIGHT)]
        for witness in actual.witnesses
        if (witness.kind.left, witness.kind.right) == (None, "EINVAL")
    ]
    assert losses == [
        [
            "echo online > memory39/state",
            "echo offline > memory39/state",
            "echo online_movable > memory39/state",
        ],
        [
            "echo online_movable > memory39/state",
            "echo offline > memory39/state",
            "echo online_kernel > memory39/state",
        ],
    ]


# --- mutants --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REWORK)
def test_each_bug_of_the_rework_is_found_with_a_shortest_trace(name: str, explore: Explore) -> None:
    change, steps = REWORK[name]
    broken = mutant(v4_13.V4_13, *change)
    _, _, actual = explore("v4.13", broken, THREE_BLOCKS, "sysfs")
    assert actual.verdict == "differs"
    assert min(len(witness.actions) for witness in actual.witnesses) == steps
    # Of any length, so no difference was missed; and no sequence with a step less shows one.
    assert actual.depth is None
    _, _, shorter = explore("v4.13", broken, THREE_BLOCKS, "sysfs", depth=steps - 1)
    assert (shorter.verdict, shorter.depth) == ("equivalent", steps - 1)


MUTANTS = {
    "not-at-end": (v4_10.Upstream, "kernel.block_pages != span.end:", "!=", "=="),
    "not-at-end-off": (v4_10.Upstream, "kernel.block_pages != span.end:", "!=", ">"),
    "not-at-start": (v4_10.Upstream, "and start != span.start:", "!=", "<"),
    "up": (v4_10.Upstream, "if zone < target and start + kernel", "<", ">"),
    "between": (v4_10.Upstream, "if kernel.was_used(node, between):", "if", "if not"),
    "above-movable": (
        v4_10.Upstream,
        "if movable and movable.start <= kernel.pages(first).start:",
        "<=",
        "<",
    ),
    "knob": (v4_10.Upstream, 'if kernel.knob == "online":', "==", "!="),
    "keep": (
        v4_10.Upstream,
        "return Decision(zone, STAYS.because(block=block, asked=online_type.label, "
        "zone=zone.label))",
        "Decision(zone,",
        "Decision(Zone.NORMAL,",
    ),
    "movable-as-kernel": (
        v4_10.Upstream,
        "return zone_can_shift(kernel, block, Zone.MOVABLE)",
        "MOVABLE",
        "NORMAL",
    ),
    "kernel-allowed": (
        v4_13.V4_13,
        "if not movable or movable.start >= pages.end:",
        ">=",
        ">",
    ),
    "movable-allowed": (
        v4_13.V4_13,
        "rule = MOVABLE_ALLOWED if end <= pages.start else MOVABLE_REFUSED",
        "<=",
        "<",
    ),
    "kernel-zone": (v4_13.V4_13, "    return Zone.NORMAL\n", "NORMAL", "DMA32"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_every_broken_token_is_found(name: str, explore: Explore) -> None:
    base, *change = MUTANTS[name]
    broken = mutant(base, *change)
    arenas = [WRITES, KNOB, BOOT, ELSEWHERE]
    actual = [explore(base(), broken, arena, "sysfs")[2] for arena in arenas]
    assert "differs" in [comparison.verdict for comparison in actual]
    assert all(len(shown.actions) <= 5 for item in actual for shown in item.witnesses[:1])


# --- every rule of a policy, broken where the mutation tests break it -----------------------------

PLACES = [
    *(WRITES, MOVABLE_NODE, KNOB, BOOT, ELSEWHERE),
    *(TINY[name] for name in ("kernelcore", "no-movable-node", "no-normal-node")),
]
WORDS = ("SHIFTS_UP", "SHIFTS_DOWN", "OUTSIDE")
"""Rules of which only the words are broken, which changes nothing that users see."""


def broken_rules() -> Iterator[tuple[str, str]]:
    for module in (v4_10, v4_13, v4_14):
        path = Path(module.__file__ or "")
        for rule, _ in negated(path, ast.parse(path.read_text()), path.stem):
            if rule not in WORDS:
                yield path.stem, rule


@pytest.mark.parametrize(("stem", "rule"), dict.fromkeys(broken_rules()))
def test_every_broken_rule_is_found(stem: str, rule: str, explore: Explore) -> None:
    bases: tuple[type[Policy], ...] = {
        "upstream": (v4_10.Upstream,),
        "v4_13": (v4_13.V4_13,),
        "v4_14": (v4_14.V4_14, v4_14.V4_14Stable),
    }[stem]
    path = Path(sys.modules[bases[0].__module__].__file__ or "")
    tree = ast.parse(path.read_text())
    dict(negated(path, tree, stem))[rule].apply()
    module = ModuleType(f"broken_{stem}")
    exec(compile(ast.fix_missing_locations(tree), str(path), "exec"), module.__dict__)
    for base, arena in product(bases, PLACES):
        try:
            actual = explore(base(), getattr(module, base.__name__)(), arena)[2]
        except VariantFailed:
            return  # a policy that returns no zone, as some do once broken, is found at once
        if actual.verdict != "equivalent":
            assert len(actual.witnesses[0].actions) <= 4
            return
    pytest.fail("nothing tells it apart")


class Forgetful(Upstream):
    """4.10 whose `online` file asks for plain onlining, whatever was written to `state` before."""

    name = "forgetful"

    def zone_to_online(
        self, kernel: KernelState, block: int, online_type: OnlineType
    ) -> Decision[Zone | None]:
        because = cast(Kernel, kernel).because
        if because and because[-1].rule is PENDING_TYPE:
            online_type = OnlineType.KEEP
        return super().zone_to_online(kernel, block, online_type)


def test_stale_online_type_after_a_failed_write(explore: Explore) -> None:
    one, _, actual = explore("upstream", Forgetful(), THREE, "sysfs")
    steps = [str(one.actions[action]) for action in actual.witnesses[0].actions]
    assert len(steps) <= 4
    # online it; ask for another type, which is refused but kept; offline it; 1 > online
    assert steps[-1].startswith("echo 1 > ")
    assert any("online_movable" in step or "online_kernel" in step for step in steps[:-1])
