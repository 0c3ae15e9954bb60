from __future__ import annotations

from dataclasses import replace

import pytest

from tests.compare.conftest import Make
from zonediff.compare.interface import removed, used_and_removed
from zonediff.corpus.scenario import KnobGoal
from zonediff.engine.machine import Config, Machine
from zonediff.engine.policy import Interface
from zonediff.engine.steps import Blocks, Boot, Online, Probe, Read, Step, Write
from zonediff.engine.units import Bytes
from zonediff.result.judgements import Removal, removal_names
from zonediff.variants.registry import Registry

BEFORE = Interface(
    files={
        "auto_online_blocks": ("online", "offline"),
        "memoryN/state": ("online", "online_movable", "offline"),
        "probe": (),
    },
    parameters={"memhp_default_state": ("online", "offline"), "movable_node": ()},
    options={"MEMORY_HOTPLUG_DEFAULT_ONLINE": ("y", "n")},
)
AFTER = Interface(files={"memoryN/state": ("online", "offline")})

KNOB = Removal("auto_online_blocks", "the sysfs file is gone")
VALUE = Removal("memoryN/state", "the sysfs file no longer accepts 'online_movable'")
PROBE = Removal("probe", "the sysfs file is gone")
PARAMETER = Removal("memhp_default_state", "the boot parameter is gone")
BARE = Removal("movable_node", "the boot parameter is gone")
OPTION = Removal("CONFIG_MEMORY_HOTPLUG_DEFAULT_ONLINE", "the config option is gone")


def used(make: Make, *steps: Step, machine: Machine | None = None) -> list[Removal]:
    builder = make.trace_of(make.observation({}))
    for step in steps:
        builder.did(step)
    scenario = make.scenario(builder, machine=machine)
    return used_and_removed(scenario, builder.trace(), BEFORE, AFTER)


def test_everything_that_is_gone_by_name() -> None:
    assert removed(BEFORE, AFTER) == [KNOB, VALUE, PROBE, PARAMETER, BARE, OPTION]


def test_nothing_is_gone_where_nothing_changed_or_was_added() -> None:
    assert removed(BEFORE, BEFORE) == []
    assert removed(AFTER, BEFORE) == []


def test_accepting_any_value_takes_none_away() -> None:
    assert removed(AFTER, Interface(files={"memoryN/state": ()})) == []


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Write("auto_online_blocks", "online"), [KNOB]),
        (Write("auto_online_blocks", "nonsense"), [KNOB]),
        (Read("auto_online_blocks"), [KNOB]),
        (Write("memory32/state", "online_movable"), [VALUE]),
        (Write("memory32/state", "online"), []),
        (Write("memory32/state", "online_kernel"), []),
        (Write("elsewhere", "online"), []),
        (Probe(Bytes(1 << 32)), [PROBE]),
        (Boot(), []),
        (Boot("memhp_default_state=online movable_node"), [PARAMETER, BARE]),
    ],
    ids=str,
)
def test_what_a_step_runs_into(make: Make, step: Step, expected: list[Removal]) -> None:
    assert used(make, step) == expected


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (Machine(), []),
        (Machine(cmdline="quiet memhp_default_state=offline"), [PARAMETER]),
        (Machine(config=Config(MEMORY_HOTPLUG_DEFAULT_ONLINE=True)), [OPTION]),
        (Machine(config=Config(MOVABLE_NODE=False)), []),
    ],
)
def test_what_a_machine_runs_into(make: Make, machine: Machine, expected: list[Removal]) -> None:
    assert used(make, machine=machine) == expected


def test_a_value_taken_from_a_parameter(make: Make) -> None:
    after = replace(BEFORE, parameters={"memhp_default_state": ("offline",), "movable_node": ()})
    builder = make.trace_of(make.observation({}))

    def of(cmdline: str) -> list[str]:
        scenario = make.scenario(builder, machine=Machine(cmdline=cmdline))
        return [item.detail for item in used_and_removed(scenario, builder.trace(), BEFORE, after)]

    assert of("memhp_default_state=online") == ["the boot parameter no longer accepts 'online'"]
    assert of("memhp_default_state=offline") == []


def test_composite_steps_use_what_they_come_down_to(make: Make) -> None:
    builder = make.trace_of(make.observation({}))
    builder.several(
        Online(Blocks("dimm1"), "online_movable"),
        builder.act(Write("memory32/state", "online_movable")),
    )
    actual = used_and_removed(make.scenario(builder), builder.trace(), BEFORE, AFTER)
    assert actual == [VALUE]


def test_a_goal_about_the_knob_uses_it(make: Make) -> None:
    builder = make.trace_of(make.observation({}))

    def of(*goals: KnobGoal) -> list[Removal]:
        return used_and_removed(make.scenario(builder, *goals), builder.trace(), BEFORE, AFTER)

    assert of(KnobGoal("exists")) == of(KnobGoal("online", after=1)) == [KNOB]
    assert of(KnobGoal("absent")) == []


def test_steps_count_even_when_the_baseline_died_before_them(make: Make) -> None:
    builder = make.trace_of(make.observation({})).did(Write("auto_online_blocks", "online"))
    scenario = make.scenario(builder)
    dead = replace(builder.trace(), steps=(), end="panic")
    assert used_and_removed(scenario, dead, BEFORE, AFTER) == [KNOB]


def test_a_build_option_is_no_removal_of_a_release() -> None:
    """The `probe` file is made by CONFIG_ARCH_MEMORY_PROBE; v6.1 has it too."""
    registry = Registry()
    before, after = (registry.model(name).interface for name in ("upstream", "v6.1"))
    assert [item.what for item in removed(before, after)] == []


def test_a_removed_name_is_listed_once_with_its_values() -> None:
    registry = Registry()
    before, after = (registry.model(name).interface for name in ("v6.1", "upstream"))
    names = removal_names(removed(before, after))
    assert names == [
        "auto_online_blocks (online_kernel, online_movable)",
        "memhp_default_state (online_kernel, online_movable)",
    ]
    assert removal_names([PROBE, KNOB, KNOB]) == ["probe", "auto_online_blocks"]
